"""The headers of proxies."""

from wsgistack.http.proxies import PROXY_HEADERS


def test_each_is_a_key_of_the_environ_and_listed_once() -> None:
    assert len(set(PROXY_HEADERS)) == len(PROXY_HEADERS)
    assert all(each.startswith("HTTP_") and each == each.upper() for each in PROXY_HEADERS)
