"""Csrf: requests that pages of other origins send are refused, by the rules of Go's CrossOriginProtection."""

import logging
from io import BytesIO
from typing import Any

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.direct import Call
from wsgistack import ConfigError, Cors, Csrf, Forwarded, MethodOverride, OrderWarning, Pipeline
from wsgistack.environ import METHOD_OVERRIDES
from wsgistack.types import App, Environ, StartResponse

HOST = "example.com"
ATTACKER, TRUSTED = "https://attacker.example", "https://trusted.example"
OK, REFUSED = "200 OK", "403 Forbidden"


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response(OK, [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode()]


def call(
    site: str | None = None,
    origin: str | None = None,
    *,
    method: str = "POST",
    host: str = HOST,
    path: str = "/",
    sent: Any = (),
    **options: Any,
) -> Call:
    headers = {"HTTP_SEC_FETCH_SITE": site, "HTTP_ORIGIN": origin, **dict(sent)}
    keys = {key: value for key, value in headers.items() if value is not None}
    return Call(Csrf(echo, **options), path, REQUEST_METHOD=method, HTTP_HOST=host, **keys)


# The cases of net/http/csrf_test.go, Go 1.25


@pytest.mark.parametrize(
    ("method", "site", "origin", "status"),
    [
        ("POST", "same-origin", None, OK),
        ("POST", "none", None, OK),
        ("POST", "cross-site", None, REFUSED),
        ("POST", "same-site", None, REFUSED),
        ("POST", None, None, OK),
        ("POST", None, "https://example.com", OK),
        ("POST", None, ATTACKER, REFUSED),
        ("POST", None, "null", REFUSED),
        ("GET", "cross-site", None, OK),
        ("HEAD", "cross-site", None, OK),
        ("OPTIONS", "cross-site", None, OK),
        ("PUT", "cross-site", None, REFUSED),
    ],
)
def test_decides_as_go_does(method: str, site: str | None, origin: str | None, status: str) -> None:
    assert call(site, origin, method=method).status == status


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        (TRUSTED, None, OK),
        (TRUSTED, "cross-site", OK),
        (TRUSTED, "same-site", OK),
        (ATTACKER, None, REFUSED),
        (ATTACKER, "cross-site", REFUSED),
        (None, "cross-site", REFUSED),
        ("http://trusted.example", "cross-site", REFUSED),
        ("https://trusted.example:8443", "cross-site", REFUSED),
        ("https://trusted.example.attacker.example", "cross-site", REFUSED),
        (f"{TRUSTED}/", "cross-site", REFUSED),
        (f"{TRUSTED}, {ATTACKER}", "cross-site", REFUSED),
    ],
)
def test_trusted_origins_may_send(origin: str | None, site: str | None, status: str) -> None:
    assert call(site, origin, trusted_origins=[TRUSTED]).status == status


def test_subdomains_are_trusted_by_a_pattern() -> None:
    options: Any = {"trusted_origins": ["https://*.example.com"]}
    assert call("same-site", "https://admin.example.com", **options).status == OK
    for origin in ("https://example.com.attacker.example", "https://badexample.com", "http://admin.example.com"):
        assert call("cross-site", origin, **options).status == REFUSED


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/bypass", OK), ("/bypass/", OK), ("/bypass/bar", OK), ("/api/", REFUSED), ("/bypassed", REFUSED)),
        ("/BYPASS", REFUSED),
        # CVE-2025-47910 of Go: a path that leads to an exempt one only after a redirect
        *(("/foo/../bypass/bar", REFUSED), ("/bypass/../api", REFUSED), ("//bypass", REFUSED)),
        *(("/bypass/%2e%2e/api", REFUSED), ("/bypass/..;/api", REFUSED), ("/bypass\\..\\api", REFUSED)),
    ],
)
def test_exempt_paths_are_not_checked(path: str, status: str) -> None:
    for site in (None, "cross-site"):
        assert call(site, ATTACKER, path=path, exempt=["/bypass/"]).status == status


# Sec-Fetch-Site and methods with other spellings


@pytest.mark.parametrize(
    "site",
    [
        *("Same-Origin", "NONE", "same-origin ", '"same-origin"', "same-origin;x", "same_origin", "?1", "x", "\x00"),
        *("same-origin, cross-site", "same-origin, same-origin", "none,none", "sàme-origin", "cross-site"),
    ],
)
def test_refuses_any_other_value_of_sec_fetch_site(site: str) -> None:
    assert call(site).status == REFUSED
    assert call(site, "https://example.com").status == REFUSED  # the origin does not repair it


def test_an_empty_sec_fetch_site_is_none() -> None:
    assert call("", "https://example.com").status == OK
    assert call("", ATTACKER).status == REFUSED
    assert call("", "").status == OK


@pytest.mark.parametrize(
    "method", ["DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "Head", "options", "GET ", "", "QUERY"]
)
def test_checks_all_other_methods(method: str) -> None:
    assert call("cross-site", ATTACKER, method=method).status == REFUSED
    assert call("same-origin", method=method).status == OK


@pytest.mark.parametrize("key", METHOD_OVERRIDES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_checks_a_request_that_names_another_method(method: str, key: str) -> None:
    sent = {key: "DELETE"}
    assert call("cross-site", ATTACKER, method=method, sent=sent).status == REFUSED
    assert call(None, ATTACKER, method=method, sent=sent).status == REFUSED
    assert call("same-origin", method=method, sent=sent).status == OK
    assert call(method=method, sent=sent).status == OK


@pytest.mark.parametrize("csrf_is_outside", [True, False])
def test_an_overridden_method_is_checked_in_either_order(csrf_is_outside: bool) -> None:
    form = b"_method=DELETE"

    def build(app: App) -> App:
        if csrf_is_outside:
            return Csrf(MethodOverride(app, field="_method"))
        return MethodOverride(Csrf(app), field="_method")

    def send(site: str) -> Call:
        keys: Any = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(form))}
        keys |= {"wsgi.input": BytesIO(form), "REQUEST_METHOD": "POST", "HTTP_SEC_FETCH_SITE": site}
        return Call(build(echo), **keys)

    assert send("same-origin").read() == b"DELETE"
    assert send("cross-site").status == REFUSED


# Origin against Host: old browsers, and plain http


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://example.com", "example.com"),
        ("http://example.com", "example.com"),  # the scheme is unknown behind a proxy, as in Go
        ("http://example.com:8080", "example.com:8080"),
        ("https://example.com", "example.com:443"),
        ("https://example.com", "example.com:"),
        ("http://example.com", "example.com:80"),
        ("https://example.com:443", "example.com"),
        ("https://EXAMPLE.com", "example.COM"),
        ("https://example.com.", "example.com."),
        ("http://192.0.2.1:8000", "192.0.2.1:8000"),
        ("http://[2001:db8::1]:8000", "[2001:db8::1]:8000"),
        ("http://[2001:db8::1]", "[2001:DB8:0:0::1]"),
        ("http://localhost:8000", "localhost:8000"),
    ],
)
def test_an_origin_with_the_host_of_the_request_may_send(origin: str, host: str) -> None:
    assert call(None, origin, host=host).status == OK


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        *(("https://example.com:8443", "example.com"), ("https://example.com", "example.com:8443")),
        *(("https://example.com", "example.com:80"), ("http://example.com", "example.com:443")),
        *(("http://example.com:443", "example.com"), ("https://example.com:0", "example.com")),
        *(("https://www.example.com", "example.com"), ("https://example.com", "www.example.com")),
        *(("https://example.com.attacker.example", "example.com"), ("https://badexample.com", "example.com")),
        # user information, paths, and texts that a reader of URLs takes for the host
        *(("https://example.com@attacker.example", "example.com"), ("https://attacker.example@example.com", HOST)),
        *(("https://user@example.com", "example.com"), ("https://user@example.com", "user@example.com")),
        *(("https://example.com/", "example.com"), ("https://example.com#", HOST), ("https://example.com?", HOST)),
        *(("https://attacker.example/example.com", HOST), ("https://attacker.example\\example.com", HOST)),
        *(("https://example.com:", HOST), ("https://example.com:80:80", HOST), ("https://example.com:99999", HOST)),
        *(("https:example.com", HOST), ("//example.com", HOST), ("example.com", HOST), ("https:///example.com", HOST)),
        *(
            ("ftp://example.com", HOST),
            ("HTTPS://example.com", HOST),
            ("chrome-extension://example.com", HOST),
            ("null://example.com", HOST),
        ),
        *(("https://example.com, https://example.com", HOST), (f"https://example.com, {ATTACKER}", HOST)),
        *(("https://example.com ", HOST), ("https://exam\tple.com", HOST), ("https://example.com\x00", HOST)),
        *(("https://exämple.com", "exämple.com"), ("https://" + "a" * 5000, "a" * 5000), ("https://", "")),
        *(("http://2001:db8::1", "2001:db8::1"), ("http://[2001:db8::1", "[2001:db8::1"), ("http://[::1]x", "[::1]")),
        *(
            ("http://[::1]:80:80", "[::1]"),
            ("http://[::zz]", "[::zz]"),
            ("http://[fe80::1%25eth0]", "[fe80::1%25eth0]"),
        ),
        *(("null", "null"), ("null", ""), ("*", "*")),
        # no browser writes an empty port
        *(("https://example.com:", HOST), ("https://example.com:", "example.com:"), ("https://[::1]:", "[::1]:")),
        # a request without Host, or with one that is not valid
        *(("https://example.com", ""), ("https://example.com", "example.com, example.com")),
        *(("https://example.com", "example.com/"), ("https://example.com", "example.com:x")),
    ],
)
def test_refuses_an_origin_with_another_host_or_that_is_not_valid(origin: str, host: str) -> None:
    assert call(None, origin, host=host).status == REFUSED


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_fails_closed_for_any_text(origin: str, site: str) -> None:
    answer = call(site, origin, trusted_origins=["https://*.example.org"])
    assert answer.status == (REFUSED if origin or site else OK)


def test_behind_a_proxy_that_changes_the_host_forwarded_must_be_outside() -> None:
    keys = {"REMOTE_ADDR": "10.0.0.1", "HTTP_HOST": "internal:8000", "HTTP_X_FORWARDED_HOST": HOST}
    keys |= {"REQUEST_METHOD": "POST", "HTTP_ORIGIN": f"https://{HOST}", "HTTP_X_FORWARDED_PROTO": "https"}
    trusted: Any = {"trusted": ["10.0.0.1"], "read": ["proto", "host"]}
    assert Call(Forwarded(Csrf(echo), **trusted), **keys).status == OK
    assert Call(Csrf(echo), **keys).status == REFUSED
    attack = {**keys, "HTTP_ORIGIN": ATTACKER, "HTTP_X_FORWARDED_HOST": HOST}
    assert Call(Forwarded(Csrf(echo), **trusted), **attack).status == REFUSED
    spoofed = {**keys, "HTTP_ORIGIN": ATTACKER, "HTTP_X_FORWARDED_HOST": "attacker.example", "REMOTE_ADDR": "192.0.2.9"}
    assert Call(Forwarded(Csrf(echo), **trusted), **spoofed).status == REFUSED


# What a refusal says


def test_a_refused_request_is_explained_in_the_clients_media_type() -> None:
    answer = call("cross-site", ATTACKER, sent={"HTTP_ACCEPT": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert b'"detail": "The page that sent this request belongs to another site."' in answer.read()
    assert b"or the browser is too old" in call(None, ATTACKER).read()


TRUST = "if its pages may send requests, add it to trusted_origins"
PROXY = "if they are one site, a proxy changes the Host header: put forwarded outside of csrf, with host in read"
FROM = "refused a request from the origin"


@pytest.mark.parametrize(
    ("site", "origin", "host", "message"),
    [
        ("cross-site", ATTACKER, HOST, f"{FROM} '{ATTACKER}', with the Sec-Fetch-Site 'cross-site'; {TRUST}"),
        ("x\n\x1b[31m", "o\r\n", HOST, rf"{FROM} 'o\r\n', with the Sec-Fetch-Site 'x\n\x1b[31m'; {TRUST}"),
        (None, ATTACKER, "internal\n:8000", rf"{FROM} '{ATTACKER}', which is not the host 'internal\n:8000'; {PROXY}"),
    ],
)
def test_refused_requests_are_logged_once_a_minute(
    site: str, origin: str, host: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Csrf(echo)
    keys = {"REQUEST_METHOD": "POST", "HTTP_ORIGIN": origin, "HTTP_HOST": host}
    keys |= {"HTTP_SEC_FETCH_SITE": site} if site else {}
    assert [Call(app, **keys).status for _ in range(3)] == [REFUSED] * 3
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("wsgistack.csrf", logging.WARNING, message)


def test_a_long_header_makes_no_long_line(caplog: pytest.LogCaptureFixture) -> None:
    for site in ("", "x" * 60000):
        call(site, "https://" + "x" * 60000, host="x" * 60000)
    assert max(len(record.getMessage()) for record in caplog.records) < 1000


# Together with other layers and frameworks


def test_an_origin_that_may_read_may_not_send_before_it_is_trusted() -> None:
    keys = {"HTTP_HOST": HOST, "HTTP_ORIGIN": TRUSTED, "HTTP_SEC_FETCH_SITE": "cross-site"}
    asked = {**keys, "REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    for options, status in (({}, REFUSED), ({"trusted_origins": [TRUSTED]}, OK)):
        app = Cors(Csrf(echo, **options), allow_origins=[TRUSTED])
        assert Call(app, **asked).status == "204 No Content"
        assert Call(app, **keys).status == OK
        answer = Call(app, **keys, REQUEST_METHOD="POST")
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, TRUSTED)


def test_a_flask_form_works_without_a_token() -> None:
    app = flask.Flask(__name__)

    @app.post("/notes")
    def post() -> str:
        return flask.request.form["name"]

    app.wsgi_app = Csrf(app.wsgi_app)  # type: ignore[assignment,method-assign]
    client = Client(app)
    for headers, status in (
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ATTACKER}, 403),
        ({"Origin": ATTACKER}, 403),
    ):
        assert client.post("/notes", data={"name": "new"}, headers=headers).status_code == status


@pytest.mark.parametrize(
    "names", [["csrf", "forwarded"], ["csrf", "cors"], ["csrf", "access_log"], ["method_override", "csrf"]]
)
def test_a_wrong_place_is_reported(names: list[str]) -> None:
    options: Any = {"forwarded": {"hops": 1}, "cors": {"allow_origins": [TRUSTED]}}
    with pytest.warns(OrderWarning, match="csrf"):
        Pipeline([{"use": name, **options.get(name, {})} for name in names]).wrap(echo)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trusted_origins": ["null"]}, "trusted_origins: not a valid origin 'null'; expected a scheme and a host"),
        ({"trusted_origins": ["*"]}, "trusted_origins: not a valid origin '*'; expected a scheme and a host"),
        *(
            ({"trusted_origins": [wrong]}, f"trusted_origins: not a valid origin {wrong!r}; expected")
            for wrong in ("example.com", "https://", f"{TRUSTED}/", f"{TRUSTED}/x", f"{TRUSTED}?x", f"{TRUSTED}#x", "")
        ),
        ({"exempt": ["/"]}, "exempt: invalid value '/'; expected the beginning of a path other than /"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Csrf(echo, **options)
    assert str(raised.value).startswith(message)
