"""Hosts: the site answers for its own names alone."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.direct import Call
from wsgistack import ConfigError, Hosts
from wsgistack.types import Environ, StartResponse

ALLOWED = ["example.org", "*.example.net", "[2001:db8::1]", "192.0.2.1"]


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def call(host: str | None, path: str = "/", canonical: str = "", **keys: Any) -> Call:
    app = Hosts(hello, allowed=ALLOWED, canonical=canonical)

    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if host is None:
            del environ["HTTP_HOST"]
        return app(environ, start_response)

    return Call(serve, path, HTTP_HOST=host or "", **keys)


A_NAME = "expected a name, such as www.example.org or www.example.org:8443"
GOOD = [
    *("example.org", "EXAMPLE.org.:8080", "a.example.net", "a.b.example.net", "[2001:DB8:0::1]:80", "192.0.2.1"),
    *("example.org:", "[2001:db8::1]:"),
]
BAD = [
    *(None, "", "example.org:80:80", "example.org..", "www.example.org", "example.net", "badexample.net", "evil.test"),
    *("example.org@evil.test", "evil.test@example.org", "example.org/x", "example.org a.test", "example.org,a.test"),
    *("[2001:db8::2]", "2001:db8::1", "192.0.2.1.evil.test", "192.0.2.01", "example.org\x00", "ex\xe4mple.org"),
    *("example.org:99999", "example.org::", "*.example.net", "x" * 10_000),
]


@pytest.mark.parametrize("host", GOOD)
def test_lets_the_names_of_the_site_through(host: str) -> None:
    assert call(host).read() == b"hello"


@pytest.mark.parametrize("host", BAD)
def test_refuses_every_other_host(host: str | None) -> None:
    for answer in (call(host), call(host, canonical="new.example.org")):
        assert answer.status == "400 Bad Request"
        assert b"hello" not in answer.read()


@pytest.mark.parametrize(
    ("canonical", "host", "location"),
    [
        ("www.example.org", "example.org", "http://www.example.org/caf%C3%A9?q=1"),
        ("www.example.org", "www.example.org:8080", ""),
        ("www.example.org", "WWW.Example.org.", ""),
        ("www.example.org", "www.example.org:", ""),
        ("www.example.org", "example.org:", "http://www.example.org/caf%C3%A9?q=1"),
        ("www.example.org:8443", "www.example.org:", "http://www.example.org:8443/caf%C3%A9?q=1"),
        ("www.example.org:8443", "www.example.org:8443", ""),
        ("www.example.org:8443", "www.example.org", "http://www.example.org:8443/caf%C3%A9?q=1"),
    ],
)
def test_the_canonical_name_may_have_a_port(canonical: str, host: str, location: str) -> None:
    app = Hosts(hello, allowed=["example.org"], canonical=canonical)
    answer = Call(app, "/caf\xc3\xa9", HTTP_HOST=host, QUERY_STRING="q=1", REQUEST_METHOD="POST")
    assert answer.status == ("308 Permanent Redirect" if location else "200 OK")
    assert answer.headers.get("location", "") == location


@pytest.mark.parametrize(("scheme", "used"), [("https", "https"), ("http", "http"), ("javascript", "http")])
def test_redirects_keep_the_scheme_if_it_is_one_of_http(scheme: str, used: str) -> None:
    app = Hosts(hello, allowed=["a.test"], canonical="b.test")
    answer = Call(app, HTTP_HOST="a.test", **{"wsgi.url_scheme": scheme})
    assert answer.headers["location"] == f"{used}://b.test/"


def test_the_canonical_name_alone_is_enough() -> None:
    app = Hosts(hello, canonical="example.org")
    assert Call(app, HTTP_HOST="example.org").read() == b"hello"
    assert Call(app, HTTP_HOST="www.example.org").status == "400 Bad Request"


def test_a_path_without_a_slash_or_with_two_stays_on_the_canonical_host() -> None:
    for path, target in (
        ("//evil.test", "//evil.test"),
        ("", "/"),
        ("/\\evil.test", "/%5Cevil.test"),
        ("@evil.test/", "/@evil.test/"),
        (".evil.test", "/.evil.test"),
        ("*", "/*"),
    ):
        answer = Call(Hosts(hello, allowed=["a.test"], canonical="b.test"), path, HTTP_HOST="a.test")
        assert answer.headers["location"] == f"http://b.test{target}"


@pytest.mark.parametrize("canonical", ["", "example.org"])
def test_exempt_paths_are_answered_for_every_host(canonical: str) -> None:
    app = Hosts(hello, allowed=["example.org"], canonical=canonical, exempt=["/health"])
    for host in ("10.0.0.1:8080", "", "evil.test"):
        assert Call(app, "/health", HTTP_HOST=host).read() == b"hello"
        assert Call(app, "/health/../", HTTP_HOST=host).status == "400 Bad Request"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "allowed: is not set; expected the names of the site, such as example.org"),
        (
            {"allowed": ["*"]},
            "allowed: not a valid host '*'; expected a name without a port, such as example.org or *.example.org",
        ),
        (
            {"canonical": "a/b"},
            f"canonical: not a valid host 'a/b'; {A_NAME}",
        ),
        (
            {"canonical": "www.example.org:443"},  # no browser sends the default port, so each redirect would repeat
            f"canonical: browsers leave out the port 443; {A_NAME}; write www.example.org",
        ),
        (
            {"canonical": "[::1]:80"},
            f"canonical: browsers leave out the port 80; {A_NAME}; write [::1]",
        ),
        (
            {"canonical": "https://www.example.org:443/"},
            f"canonical: not a valid host 'https://www.example.org:443/'; {A_NAME}; write www.example.org",
        ),
        (
            {"canonical": "www.example.org:"},
            f"canonical: not a valid host 'www.example.org:'; {A_NAME}; write www.example.org",
        ),
        (
            {"allowed": ["a.test"], "exempt": ["/"]},
            "exempt: invalid value '/'; expected the beginning of a path other than /",
        ),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Hosts(hello, **options)
    assert str(raised.value) == message
