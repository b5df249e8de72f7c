"""The scheme of API keys, and the layer for it."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import pytest
from webtest import TestApp

from wsgistack import ApiKeyAuth, ConfigError
from wsgistack.types import Environ, StartResponse

KEYS = {"ci": sha256(b"abc").hexdigest(), "bot": sha256("zoë".encode("latin-1")).hexdigest() + " orders:read"}


def show(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    names = ("REMOTE_USER", "HTTP_X_API_KEY", "HTTP_COOKIE", "QUERY_STRING")
    return [repr([environ.get(name) for name in names]).encode()]


def make(**options: Any) -> TestApp:
    return TestApp(ApiKeyAuth(show, **{"keys": KEYS, **options}), cookiejar=None)


ALL = {"cookie": "key", "query": "key"}
NOT_ASCII = {"keys": {"ci": sha256("zoë".encode()).hexdigest()}, **ALL}


@pytest.mark.parametrize(
    ("path", "headers", "options"),
    [
        pytest.param("/", {"X-API-Key": "abc"}, {}, id="header"),
        pytest.param("/", {"X-Key": "abc"}, {"header": "X-Key"}, id="own header"),
        pytest.param("/", {"Cookie": "a=b; key=abc; c"}, ALL, id="cookie"),
        pytest.param("/?a=b&key=abc", {}, ALL, id="query"),
        pytest.param("/?k%65y=%61bc", {}, ALL, id="query, encoded"),
        pytest.param("/?key=abc", {}, {"header": "", "query": "key"}, id="query alone"),
        pytest.param("/?a=%ff&key=abc", {}, ALL, id="query with something else that is not UTF-8"),
        pytest.param("/?schl%C3%BCssel=abc", {}, {"query": "schlüssel"}, id="query, name that is not ASCII"),
    ],
)
def test_lets_in_who_has_a_key(path: str, headers: Mapping[str, str], options: Mapping[str, Any]) -> None:
    assert make(**options).get(path, headers=headers).text.startswith("['ci', ")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/", {"X-API-Key": "zo\xc3\xab"}, id="header"),
        pytest.param("/", {"Cookie": "key=zo\xc3\xab"}, id="cookie"),
        pytest.param("/?key=zo%C3%AB", {}, id="query"),
    ],
)
def test_lets_in_who_has_a_key_that_is_not_ascii(path: str, headers: Mapping[str, str]) -> None:
    assert make(**NOT_ASCII).get(path, headers=headers).text.startswith("['ci', ")


@pytest.mark.parametrize(
    ("path", "headers", "options", "status"),
    [
        pytest.param("/", {}, {}, 401, id="none"),
        pytest.param("/", {"X-API-Key": ""}, {}, 401, id="empty"),
        pytest.param("/", {"X-API-Key": "abd"}, {}, 401, id="wrong"),
        pytest.param("/", {"X-API-Key": "abc, abc"}, {}, 401, id="two in one"),
        pytest.param("/", {"X-API-Key": KEYS["ci"]}, {}, 401, id="the digest"),
        pytest.param("/", {"X-API-Key": "x" * 100_000}, {}, 401, id="long"),
        pytest.param("/", {"X-API-Key": "\xff\x00"}, {}, 401, id="bytes"),
        pytest.param("/?key=abc", {}, {}, 401, id="query, not asked for"),
        pytest.param("/", {"Cookie": "X-API-Key=abc"}, {}, 401, id="cookie, not asked for"),
        pytest.param("/?key=abc", {"X-API-Key": "abc"}, ALL, 400, id="header and query"),
        pytest.param("/", {"Cookie": "key=abc; key=x"}, ALL, 400, id="two cookies"),
        pytest.param("/?key=abc&key=abc", {}, ALL, 400, id="two in the query"),
        pytest.param("/?key=%ff&x", {}, ALL, 401, id="query that is not UTF-8"),
        pytest.param("/?" + "&".join("a" * 2000), {}, ALL, 400, id="query with very many names"),
        pytest.param("/?KEY=abc", {}, ALL, 401, id="query, other case"),
    ],
)
def test_refuses_everybody_else(path: str, headers: Mapping[str, str], options: Mapping[str, Any], status: int) -> None:
    answer = make(**options).get(path, headers=headers, status=status)
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == 'ApiKey realm="Restricted", header="X-API-Key"'


def test_the_challenge_names_no_header_that_is_not_read() -> None:
    answer = make(header="", query="key").get("/", status=401)
    assert answer.headers["WWW-Authenticate"] == 'ApiKey realm="Restricted"'


def test_withholds_the_key_and_nothing_else() -> None:
    client = make(**ALL, withhold=True)
    alone = make(withhold=True).get("/?key=x", headers={"X-API-Key": "abc", "Cookie": "key=x"}).text
    assert alone == "['ci', None, 'key=x', 'key=x']"
    shown = [
        client.get("/", headers={"X-API-Key": "abc"}).text,
        client.get("/", headers={"Cookie": "a=b; key=abc; c=d"}).text,
        client.get("/?a=1&k%65y=abc&b=%20", headers={"Cookie": "a=b"}).text,
    ]
    assert shown == [
        "['ci', None, None, '']",
        "['ci', None, 'a=b; c=d', '']",
        "['ci', None, 'a=b', 'a=1&b=%20']",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"header": ""}, "header: has no place for the key; expected header, cookie or query"),
        ({"header": "X Key"}, "header: not a valid name of a header"),
        ({"keys": {}}, "keys: has no key; expected at least one name with a digest"),
    ],
)
def test_says_what_is_wrong(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI", "HTTP_REFERER"])
def test_withholds_the_key_in_all_forms_of_the_query(name: str) -> None:
    def repeat(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ[name].encode()]

    client = TestApp(ApiKeyAuth(repeat, keys=KEYS, query="key", withhold=True))
    shown = client.get("/?a=1&k%65y=abc", extra_environ={name: "/x?a=1&k%65y=abc&b"}).text
    assert shown == "/x?a=1&b"
    assert client.get("/?key=abc", extra_environ={name: "/x"}).text == "/x"


def test_withholds_a_key_whose_name_is_not_ascii() -> None:
    shown = make(query="schlüssel", withhold=True).get("/?a=%ff&schl%C3%BCssel=abc&b").text
    assert shown == "['ci', None, None, 'a=%ff&b']"
