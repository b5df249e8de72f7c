"""SecurityHeaders: presets, options, a nonce that is read or not, and headers of the application."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call, answering, raising, restart
from wsgistack import ConfigError, OrderWarning, Pipeline, SecurityHeaders, load
from wsgistack.environ import CSP_NONCE
from wsgistack.types import App, Environ, Headers, StartResponse

CSP = "content-security-policy"
NONCE: Any = {"script-src": ["'self'", "'nonce'"]}
PAGES = "base-uri 'self'; frame-ancestors 'self'; object-src 'none'"
BY_DEFAULT = {
    "content-type": "text/plain",
    CSP: PAGES,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}


def headers_of(*own: tuple[str, str], status: str = "200 OK", **options: Any) -> dict[str, str]:
    return Call(SecurityHeaders(answering([b""], *own, status=status), **options)).headers


def page(*own: tuple[str, str], status: str = "200 OK") -> App:
    """An application whose page has the nonce."""

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        body = str(environ[CSP_NONCE]).encode()
        start_response(status, [("Content-Type", "text/html"), *own])
        return [body]

    return app


def test_pages() -> None:
    assert headers_of() == BY_DEFAULT


def test_api() -> None:
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert headers_of(preset="api") == {**BY_DEFAULT, CSP: policy, "x-frame-options": "DENY"}


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({"nosniff": False}, "x-content-type-options", None),
        ({"referrer_policy": "no-referrer"}, "referrer-policy", "no-referrer"),
        ({"referrer_policy": "off"}, "referrer-policy", None),
        ({"coop": "same-origin-allow-popups"}, "cross-origin-opener-policy", "same-origin-allow-popups"),
        ({"coop": "off"}, "cross-origin-opener-policy", None),
        ({"corp": "cross-origin"}, "cross-origin-resource-policy", "cross-origin"),
        ({"corp": "off"}, "cross-origin-resource-policy", None),
        ({"coep": "require-corp"}, "cross-origin-embedder-policy", "require-corp"),
        ({"coep": "credentialless"}, "cross-origin-embedder-policy", "credentialless"),
        (
            {"permissions_policy": {"camera": ["self"], "usb": []}},
            "permissions-policy",
            "camera=(self), geolocation=(), microphone=(), usb=()",
        ),
        ({"permissions_policy": "off"}, "permissions-policy", None),
        ({"reporting_endpoints": {"default": "/reports"}}, "reporting-endpoints", 'default="/reports"'),
        ({"csp_report_only": {"img-src": ["'self'"]}}, f"{CSP}-report-only", "img-src 'self'"),
        ({"csp": {"img-src": ["'self'"]}}, CSP, f"{PAGES}; img-src 'self'"),
        ({"csp": {"object-src": ["*"]}}, CSP, "base-uri 'self'; frame-ancestors 'self'; object-src *"),
    ],
)
def test_each_option_changes_its_header_alone(options: dict[str, Any], name: str, value: str | None) -> None:
    expected = {**BY_DEFAULT, name: value}
    assert headers_of(**options) == {key: text for key, text in expected.items() if text is not None}


@pytest.mark.parametrize(
    ("ancestors", "option"),
    [
        (["'self'"], "SAMEORIGIN"),
        (["'none'"], "DENY"),
        (["'self'", "https://example.org"], None),
        (["*"], None),
    ],
)
def test_older_browsers_learn_who_may_frame_a_page(ancestors: list[str], option: str | None) -> None:
    headers = headers_of(csp={"frame-ancestors": ancestors})
    assert headers.get("x-frame-options") == option
    assert f"frame-ancestors {' '.join(ancestors)};" in headers[CSP]


def test_no_policy() -> None:
    headers = headers_of(csp="off")
    assert headers == {name: BY_DEFAULT[name] for name in BY_DEFAULT if name not in (CSP, "x-frame-options")}


def test_reports_go_to_an_endpoint_also_from_older_browsers() -> None:
    table = {"img-src": ["'self'"], "report-to": ["csp"]}
    headers = headers_of(csp=table, csp_report_only=table, reporting_endpoints={"csp": "https://a.org/r"})
    assert headers["reporting-endpoints"] == 'csp="https://a.org/r"'
    assert headers[f"{CSP}-report-only"] == "report-uri https://a.org/r; img-src 'self'; report-to csp"
    assert headers[CSP] == f"report-uri https://a.org/r; {PAGES}; img-src 'self'; report-to csp"


# headers of the application


@pytest.mark.parametrize("name", [*BY_DEFAULT, "cross-origin-embedder-policy", "reporting-endpoints"])
def test_keeps_each_header_of_the_application(name: str) -> None:
    options: Any = {"coep": "require-corp", "reporting_endpoints": {"csp": "/csp"}}
    whole = headers_of(**options)
    for spelling in (name, name.title(), name.upper()):
        headers = headers_of((spelling, "own"), **options)
        without_framing = {CSP: "base-uri 'self'; object-src 'none'"} if name == "x-frame-options" else {}
        content_type = {} if name == "content-type" else {"content-type"}
        expected = {each: whole[each] for each in whole if each not in content_type}
        assert headers == {**expected, **without_framing, name: "own"}


@pytest.mark.parametrize("app", [answering, page])
def test_adds_nothing_to_a_policy_of_the_application(app: Any) -> None:
    own = [(CSP, "default-src *"), (CSP, "img-src x")]
    wrap = answering([b""], *own) if app is answering else page(*own)
    call = Call(SecurityHeaders(wrap, csp=NONCE, csp_report_only={"img-src": ["'self'"]}))
    sent = [(name, value) for name, value in call.starts[0][1] if name.lower().startswith(CSP)]
    assert sent == [*own, ("Content-Security-Policy-Report-Only", "img-src 'self'")]


def test_the_applications_frame_options_are_obeyed() -> None:
    """Browsers would obey frame-ancestors instead, so a policy must not allow what the application denies."""
    own = ("X-Frame-Options", "DENY")
    for options in ({}, {"csp": {"frame-ancestors": ["https://a.org"]}}, {"csp": NONCE}):
        headers = headers_of(own, **options)
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors" not in headers[CSP]
    headers = Call(SecurityHeaders(page(own), csp=NONCE)).headers
    assert "'nonce-" in headers[CSP]
    assert "frame-ancestors" not in headers[CSP]
    assert headers_of(own, csp="off")["x-frame-options"] == "DENY"


def test_does_not_change_the_list_of_the_application() -> None:
    own: Headers = [("Content-Type", "text/plain")]

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", own)
        return []

    for options in ({}, {"csp": NONCE}):
        layer = SecurityHeaders(app, **options)
        assert Call(layer).headers == Call(layer).headers
        assert own == [("Content-Type", "text/plain")]


def test_error_pages_have_the_headers() -> None:
    app = Pipeline(["security_headers", "catch_errors"]).wrap(raising(RuntimeError()))
    call = Call(app)
    assert call.status == "500 Internal Server Error"
    assert call.headers[CSP] == PAGES
    with pytest.warns(OrderWarning, match="error pages would not have the headers"):
        Pipeline(["catch_errors", "security_headers"]).wrap(answering([]))


# the nonce


def test_a_page_and_its_policy_have_the_same_nonce() -> None:
    layer = SecurityHeaders(page(), csp=NONCE, csp_report_only={"style-src": ["'nonce'"]})
    nonces = set()
    for _ in range(3):
        call = Call(layer)
        nonce = call.read().decode()
        assert call.headers[CSP] == f"{PAGES}; script-src 'self' 'nonce-{nonce}'"
        assert call.headers[f"{CSP}-report-only"] == f"style-src 'nonce-{nonce}'"
        nonces.add(nonce)
    assert len(nonces) == 3


def test_a_page_that_does_not_read_the_nonce_gets_a_policy_without_one() -> None:
    headers = headers_of(csp={"script-src": ["'self'", "'nonce'"], "style-src": ["'nonce'", "'unsafe-inline'"]})
    assert headers[CSP] == f"{PAGES}; script-src 'self'; style-src 'none'"


def test_without_a_nonce_in_the_policy_the_environ_has_none() -> None:
    assert CSP_NONCE not in Call(SecurityHeaders(answering([]))).environ


def test_an_error_page_can_have_a_nonce_that_the_page_did_not_read() -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        nonce = str(environ[CSP_NONCE])
        restart(start_response, "500 Internal Server Error", [("Content-Type", "text/html")])
        return [nonce.encode()]

    call = Call(SecurityHeaders(app, csp=NONCE))
    assert "'nonce-" not in call.starts[0][1][-1][1]
    assert f"'nonce-{call.read().decode()}'" in call.headers[CSP]


@pytest.mark.parametrize("reads_early", [True, False])
def test_a_page_that_is_sent_while_it_is_made(reads_early: bool, caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        if reads_early:
            str(environ[CSP_NONCE])
        start_response("200 OK", [("Content-Type", "text/html")])
        yield b"<title>"
        yield str(environ[CSP_NONCE]).encode()

    call = Call(SecurityHeaders(app, csp=NONCE))
    nonce = call.read().removeprefix(b"<title>").decode()
    assert (f"'nonce-{nonce}'" in call.headers[CSP]) is reads_early
    assert [record.name for record in caplog.records] == [] if reads_early else ["wsgistack.security_headers"]


def test_two_layers_share_the_nonce() -> None:
    inner = SecurityHeaders(page(), csp=NONCE)
    call = Call(SecurityHeaders(inner, csp="off", csp_report_only={"style-src": ["'nonce'"]}))
    nonce = call.read().decode()
    assert call.headers[CSP].endswith(f"'nonce-{nonce}'")
    assert call.headers[f"{CSP}-report-only"] == f"style-src 'nonce-{nonce}'"


def test_a_304_has_no_policy_with_another_nonce_than_the_page_that_the_browser_kept() -> None:
    # zotonic/cowmachine#49, processwire/processwire-issues#2201
    for app in (answering([], ("ETag", '"1"'), status="304 Not Modified"), page(status="304 Not Modified")):
        headers = Call(SecurityHeaders(app, csp=NONCE, csp_report_only={"img-src": ["*"]})).headers
        assert CSP not in headers
        assert headers[f"{CSP}-report-only"] == "img-src *"
    assert headers_of(status="304 Not Modified")[CSP] == PAGES


@pytest.mark.parametrize(
    "own",
    [
        ("Cache-Control", "public, max-age=60"),
        ("Cache-Control", "s-maxage=1"),
        ("ETag", '"1"'),
        ("CDN-Cache-Control", "max-age=60"),
        ("Surrogate-Control", "max-age=60"),
    ],
)
def test_warns_about_a_nonce_that_a_cache_may_send_to_others(
    own: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    layer = SecurityHeaders(page(own), csp=NONCE)
    for _ in range(3):
        call = Call(layer, "/page", SCRIPT_NAME="/shop")
        assert own in call.starts[0][1]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.security_headers", logging.WARNING)
    assert record.getMessage() == (
        "the page '/shop/page' has a CSP nonce, and shared caches may send it to other users; "
        "set Cache-Control: private or no-store for it, and neither CDN-Cache-Control nor Surrogate-Control"
    )


def test_does_not_log_a_secret_in_a_path(caplog: pytest.LogCaptureFixture) -> None:
    Call(SecurityHeaders(page(("Cache-Control", "public")), csp=NONCE), "/s3cret", SCRIPT_NAME="/reset")
    (record,) = caplog.records
    assert record.getMessage().startswith("the page '/reset/[redacted]' has a CSP nonce")


@pytest.mark.parametrize(
    "own",
    [
        ("Cache-Control", "private, max-age=60"),
        ("Cache-Control", "no-store"),
        ("Cache-Control", "no-cache"),
        ("Vary", "Cookie"),
    ],
)
def test_does_not_warn_about_other_pages(own: tuple[str, str], caplog: pytest.LogCaptureFixture) -> None:
    Call(SecurityHeaders(page(own), csp=NONCE))
    Call(SecurityHeaders(answering([b""], ("Cache-Control", "public")), csp=NONCE))  # it does not read the nonce
    Call(SecurityHeaders(page(("Cache-Control", "public")), csp=NONCE), REQUEST_METHOD="POST")
    assert caplog.records == []


# configuration


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "page"}, "preset: unknown preset 'page'; did you mean 'pages'?"),
        (
            {"referrer_policy": "same_origin"},
            "referrer_policy: invalid value 'same_origin'; did you mean 'same-origin'?",
        ),
        ({"coop": "same-site"}, "coop: invalid value 'same-site'; did you mean 'same-origin'?"),
        ({"corp": "none"}, "corp: invalid value 'none'; choose from cross-origin, off, same-origin, same-site"),
        ({"coep": "require_corp"}, "coep: invalid value 'require_corp'; did you mean 'require-corp'?"),
        ({"csp": "default-src 'self'"}, "csp: is text; expected a mapping"),
        ({"csp_report_only": "off"}, "csp_report_only: is text; expected a mapping"),
        ({"reporting_endpoints": []}, "reporting_endpoints: is a list; expected a mapping"),
        ({"permissions_policy": "camera=()"}, "permissions_policy: is text; expected a mapping"),
        ({"csp": {"scrpt-src": []}}, "csp.scrpt-src: unknown directive 'scrpt-src'; did you mean 'script-src'?"),
        (
            {"csp_report_only": {"img-src": ["self"]}},
            "csp_report_only.img-src: not a valid source 'self'; write it in single quotes: 'self'",
        ),
        (
            {"permissions_policy": {"geolocaton": []}},
            "permissions_policy.geolocaton: unknown feature 'geolocaton'; did you mean 'geolocation'?",
        ),
        ({"reporting_endpoints": {"a": "a.org"}}, "reporting_endpoints.a: not a valid URL; expected an https URL"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        SecurityHeaders(answering([]), **options)
    assert str(raised.value).startswith(message)


def test_reports_all_mistakes_at_once() -> None:
    options: Any = {"preset": "x", "csp": {"x": []}, "csp_report_only": {"y": []}, "coop": "z", "corp": "z"}
    with pytest.raises(ConfigError) as raised:
        SecurityHeaders(answering([]), **options)
    assert len(raised.value.mistakes) == 5


INI = """
[pipeline:main]
pipeline = security_headers app

[filter:security_headers]
use = egg:wsgistack#security_headers
csp =
    script-src = 'self' 'nonce' https://cdn.example.org
    frame-ancestors = 'none'
    upgrade-insecure-requests =
permissions_policy =
    geolocation = self https://maps.example.org
    camera = *
reporting_endpoints = csp = https://reports.example.org/csp
coep = off

[app:app]
use = wsgiref.simple_server:demo_app
"""
TOML = """
app = "wsgiref.simple_server:demo_app"

[[layers]]
use = "security_headers"
reporting_endpoints = { csp = "https://reports.example.org/csp" }
coep = "off"

[layers.csp]
script-src = ["'self'", "'nonce'", "https://cdn.example.org"]
frame-ancestors = ["'none'"]
upgrade-insecure-requests = []

[layers.permissions_policy]
geolocation = ["self", "https://maps.example.org"]
camera = ["*"]
"""


@pytest.mark.parametrize(("name", "text"), [("stack.ini", INI), ("stack.toml", TOML)])
def test_is_configured_in_a_file(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text)
    headers = Call(load(file)).headers
    assert headers[CSP] == (
        "base-uri 'self'; frame-ancestors 'none'; object-src 'none'; script-src 'self' https://cdn.example.org; "
        "upgrade-insecure-requests"
    )
    assert headers["permissions-policy"] == 'camera=*, geolocation=(self "https://maps.example.org"), microphone=()'
    assert headers["reporting-endpoints"] == 'csp="https://reports.example.org/csp"'
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(("name", "text", "line"), [("stack.ini", INI, 7), ("stack.toml", TOML, 10)])
def test_a_mistake_has_its_line(name: str, text: str, line: int, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text.replace("'self'", "self"))
    with pytest.raises(ConfigError) as raised:
        load(file)
    (mistake,) = raised.value.mistakes
    assert mistake.problem == "not a valid source 'self'"
    assert mistake.key == "csp.script-src" if name == "stack.toml" else mistake.key.startswith("csp")
    assert mistake.where.line == line
