"""Https: redirects from http, HSTS, and no loop behind a proxy."""

import logging
from typing import Any

import pytest

from tests.direct import Call
from wsgistack import ConfigError, Forwarded, Https, Pipeline, Spec
from wsgistack.types import Environ, Headers, StartResponse

HSTS = "strict-transport-security"
PRELOAD = (
    "preload: browsers would not accept the site; "
    "expected include_subdomains = true and an hsts of at least 365d with it"
)


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def call(path: str = "/", *, scheme: str = "http", options: Any = (), **keys: Any) -> Call:
    keys = {"HTTP_HOST": "example.org", **keys, "wsgi.url_scheme": scheme}
    return Call(Https(hello, **dict(options)), path, **keys)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("example.org", "https://example.org/a%20b?q"),
        ("example.org:8080", "https://example.org/a%20b?q"),
        ("EXAMPLE.org.", "https://example.org/a%20b?q"),
        ("example.org:", "https://example.org/a%20b?q"),
        ("[2001:db8::1]:8080", "https://[2001:db8::1]/a%20b?q"),
    ],
)
def test_redirects_http_to_the_same_address_over_https(host: str, location: str, method: str) -> None:
    answer = call("/a b", HTTP_HOST=host, QUERY_STRING="q", REQUEST_METHOD=method)
    assert answer.status == "308 Permanent Redirect"
    assert answer.headers["location"] == location
    assert HSTS not in answer.headers  # RFC 6797 section 7.2


def test_redirects_get_and_head_with_301_if_asked() -> None:
    statuses = {
        method: call(REQUEST_METHOD=method, options={"get_status": 301}).status[:3]
        for method in ("GET", "HEAD", "POST", "DELETE")
    }
    assert statuses == {"GET": "301", "HEAD": "301", "POST": "308", "DELETE": "308"}


def test_redirects_to_the_port_of_https() -> None:
    assert call(HTTP_HOST="a.test:8080", options={"port": 8443}).headers["location"] == "https://a.test:8443/"


@pytest.mark.parametrize("host", ["", "a:b:c", "evil.test/x", "u@example.org", "a b"])
def test_refuses_a_host_that_a_redirect_cannot_name(host: str) -> None:
    assert call(HTTP_HOST=host).status == "400 Bad Request"


def test_exempt_paths_are_answered_over_http() -> None:
    options = {"exempt": ["/.well-known/acme-challenge", "/health"]}
    for path in ("/.well-known/acme-challenge/token", "/health"):
        answer = call(path, options=options)
        assert answer.read() == b"hello"
        assert HSTS not in answer.headers
    for path in ("/healthy", "/health/../account", "//health", "/"):
        assert call(path, options=options).status == "308 Permanent Redirect"


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({}, "max-age=2592000"),
        ({"hsts": 300.9}, "max-age=300"),
        ({"include_subdomains": True}, "max-age=2592000; includeSubDomains"),
        (
            {"hsts": 31536000, "include_subdomains": True, "preload": True},
            "max-age=31536000; includeSubDomains; preload",
        ),
        ({"hsts": 0}, "max-age=0"),
        ({"hsts": "off"}, None),
    ],
)
def test_sends_hsts_over_https(options: dict[str, Any], value: str | None) -> None:
    answer = call(scheme="https", options=options)
    assert answer.read() == b"hello"
    assert answer.headers.get(HSTS) == value


@pytest.mark.parametrize(("text", "value"), [("off", None), ("0", "max-age=0"), ("5m", "max-age=300")])
def test_reads_hsts_from_a_file(text: str, value: str | None) -> None:
    app = Pipeline([Spec("https").parse({"hsts": text})]).wrap(hello)
    answer = Call(app, **{"HTTP_HOST": "example.org", "wsgi.url_scheme": "https"})
    assert answer.headers.get(HSTS) == value


LONG = "a." * 150 + "org"


@pytest.mark.parametrize("host", ["localhost", "app.localhost:8443", "127.0.0.1", "[::1]:8443", "", "a..b", LONG])
def test_sends_no_hsts_for_addresses_and_localhost(host: str) -> None:
    answer = call(scheme="https", HTTP_HOST=host)
    assert answer.read() == b"hello"
    assert HSTS not in answer.headers


def test_keeps_the_header_of_the_application_and_its_list() -> None:
    headers: Headers = [("Strict-Transport-Security", "max-age=1")]

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", headers)
        return []

    for number in (1, 2):
        answer = Call(Https(app), **{"wsgi.url_scheme": "https", "HTTP_HOST": "example.org"})
        assert answer.headers == {HSTS: "max-age=1"}, number
        headers[:] = [("strict-Transport-security", "max-age=1")]
    assert len(headers) == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"HTTP_X_FORWARDED_PROTO": "HTTPS"},
        {"HTTP_X_FORWARDED_PROTO": "https, http"},
        {"HTTP_X_FORWARDED_SSL": "on"},
        {"HTTP_FORWARDED": "for=192.0.2.1;proto=https"},
        {"HTTP_FORWARDED": 'for=192.0.2.1;proto="https"'},
        {"HTTP_X_FORWARDED_PROTOCOL": "ssl"},
        {"HTTP_X_FORWARDED_SCHEME": "https"},
        {"HTTP_X_URL_SCHEME": "https"},
        {"HTTP_FRONT_END_HTTPS": "On"},
        {"HTTP_CLOUDFRONT_FORWARDED_PROTO": "https"},
        {"HTTP_CF_VISITOR": '{"scheme":"https"}'},
    ],
)
def test_behind_a_proxy_that_nobody_trusts_it_reports_the_loop(
    sent: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    app = Https(hello)
    keys = {"HTTP_HOST": "example.org", "REMOTE_ADDR": "10.0.0.1", **sent}
    assert [Call(app, **keys).status for _ in range(3)] == ["400 Bad Request"] * 3
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.https", logging.WARNING)
    assert record.getMessage() == (
        "the peer '10.0.0.1' says that the client uses https, but no layer forwarded trusts it; "
        "put forwarded outside of https, with the address of the proxy in trusted"
    )


@pytest.mark.parametrize(
    "sent",
    [
        {"HTTP_X_FORWARDED_PROTO": "http, https"},
        {"HTTP_FORWARDED": "for=192.0.2.1;proto=http, for=10.0.0.2;proto=https"},
        {"HTTP_FORWARDED": "for=192.0.2.1;proto=http,for=10.0.0.2;Proto=HTTPS"},
    ],
)
def test_https_between_two_proxies_is_not_the_clients(sent: dict[str, str]) -> None:
    assert call(**sent).status == "308 Permanent Redirect"


def test_inside_of_forwarded_the_client_of_two_proxies_is_redirected() -> None:
    app = Forwarded(Https(hello), trusted=["10.0.0.0/8"], headers="forwarded")
    keys = {"HTTP_HOST": "example.org", "REMOTE_ADDR": "10.0.0.1"}
    answer = Call(app, HTTP_FORWARDED="for=192.0.2.1;proto=http, for=10.0.0.2;proto=https", **keys)
    assert answer.status == "308 Permanent Redirect"


def test_with_a_canonical_name_inside_all_names_have_what_the_preload_list_requires() -> None:
    names = ["example.org", "www.example.org"]
    pipeline = Pipeline(
        [
            {"use": "hosts", "allowed": names},
            {"use": "https", "hsts": 31536000, "include_subdomains": True, "preload": True},
            {"use": "hosts", "allowed": names, "canonical": "www.example.org"},
        ]
    )
    app = pipeline.wrap(hello)
    first, second, third, other = (
        Call(app, **{"HTTP_HOST": host, "wsgi.url_scheme": scheme})
        for host, scheme in (
            ("example.org", "http"),
            ("example.org", "https"),
            ("www.example.org", "https"),
            ("a.test", "http"),
        )
    )
    assert first.headers["location"] == "https://example.org/"
    assert second.headers["location"] == "https://www.example.org/"
    assert second.headers[HSTS] == third.headers[HSTS] == "max-age=31536000; includeSubDomains; preload"
    assert third.read() == b"hello"
    assert other.status == "400 Bad Request"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exempt": ["/"]}, "exempt: invalid value '/'; expected the beginning of a path other than /"),
        ({"get_status": 302}, "get_status: not a valid status; expected 308 or 301"),
        ({"hsts": -1}, "hsts: invalid value -1; expected 0 seconds or more"),
        ({"hsts": float("inf")}, "hsts: invalid value inf; expected 0 seconds or more"),
        ({"port": 0}, "port: not a valid port; expected 1 to 65535"),
        ({"preload": True, "include_subdomains": True}, PRELOAD),
        ({"preload": True, "hsts": 31536000}, PRELOAD),
        ({"preload": True, "include_subdomains": True, "hsts": "off"}, PRELOAD),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Https(hello, **options)
    assert str(raised.value) == message
