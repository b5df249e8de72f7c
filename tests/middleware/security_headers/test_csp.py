"""A policy as a table: what browsers would ignore or misunderstand is refused."""

import logging
from collections.abc import Mapping, Sequence

import pytest

from wsgistack.errors import ConfigError
from wsgistack.middleware.security_headers.csp import check_policy, make_policy

ENDPOINTS = {"csp": "https://reports.example.org/csp", "other": "/reports"}


def complain(table: Mapping[str, Sequence[str]], *, is_enforced: bool = True) -> list[str]:
    try:
        check_policy(table, key="csp", endpoints=ENDPOINTS, is_enforced=is_enforced)
    except ConfigError as error:
        return [str(each) for each in error.mistakes]
    return []


@pytest.mark.parametrize(
    "source",
    [
        "'self'",
        "'unsafe-inline'",
        "'unsafe-eval'",
        "'wasm-unsafe-eval'",
        "'unsafe-hashes'",
        "'strict-dynamic'",
        "'report-sample'",
        "'report-sha256'",
        "'trusted-types-eval'",
        "'inline-speculation-rules'",
        "'nonce'",
        "'sha256-B2yPHKaXnvFWtRChIbabYmUBFZdVfKKXHbWtWidDVF8='",
        "'sha512-_-aZ09+/'",
        "https:",
        "data:",
        "custom.scheme-1:",
        "*",
        "example.org",
        "EXAMPLE.org.",
        "localhost",
        "localhost:8080",
        "127.0.0.1:*",
        "*.example.org",
        "https://*.example.org:12/path/to/file.js",
        "https://*",
        "wss://example.org",
        "my_bucket.example.org",
        "xn--tdaaaaaa.de",
        "https://example.org/a%3Bb/~c/",
    ],
)
def test_accepts_the_sources_of_the_specification(source: str) -> None:
    assert complain({"script-src": [source]}) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        # helmet refuses these as well, since its version 8
        ("self", "write it in single quotes: 'self'"),
        ("Self", "write it in single quotes: 'Self'"),
        ("none", "write it in single quotes: 'none'"),
        ("unsafe-inline", "write it in single quotes: 'unsafe-inline'"),
        ("strict-dynamic", "write it in single quotes: 'strict-dynamic'"),
        ("sha256-abcd", "write it in single quotes: 'sha256-abcd'"),
        ("nonce", "write it in single quotes: 'nonce'"),
        ("nonce-abcd", "write 'nonce', which becomes another nonce for each response"),
        ("'nonce-abcd'", "write 'nonce', which becomes another nonce for each response"),
        ("'slef'", """did you mean "'self'"?"""),
        ("'unsafe_inline'", """did you mean "'unsafe-inline'"?"""),
        ("'Self'", """did you mean "'self'"?"""),
        ("'self", """did you mean "'self'"?"""),
        ("'example.org'", "write it without quotes"),
        ("'data:'", "did you mean data:"),
        ("data", "did you mean data:"),
        ("https", "did you mean https:"),
        ("https://example.org/a?b", "write it without a query and a fragment, which browsers do not compare"),
        ("https://example.org/#b", "write it without a query and a fragment, which browsers do not compare"),
    ],
)
def test_says_what_to_write_instead_of_a_source(source: str, complaint: str) -> None:
    assert complain({"script-src": [source]}) == [f"csp.script-src: not a valid source {source!r}; {complaint}"]


@pytest.mark.parametrize(
    "source",
    [
        "a.org; script-src *",
        "a.org;",
        "a.org,b.org",
        "a.org b.org",
        "'self' https://a.org",
        "a.org\nX-Header: 1",
        "a.org\r\nX-Header: 1",
        "a.org\x00",
        "a.org\t",
        "'self'\n",
        "'nonce'\n",
        "data:\n",
        "üüüüüü.de",
        "",
    ],
)
def test_refuses_what_would_be_another_source_directive_or_header(source: str) -> None:
    for directive in ("script-src", "frame-ancestors", "img-src"):
        (complaint,) = complain({directive: [source]})
        assert complaint.startswith(f"csp.{directive}: not a valid source {source!r}; expected ")
    for directive in ("sandbox", "trusted-types", "require-trusted-types-for", "report-to", "webrtc", "report-uri"):
        assert complain({directive: [source]}) != [], directive


@pytest.mark.parametrize(
    "source", ["*.*.org", "a..org", "[::1]", "https://", "https:/a", "//a.org", "/x", "?", "'", "."]
)
def test_refuses_other_texts(source: str) -> None:
    (complaint,) = complain({"script-src": [source]})
    assert complaint.startswith(f"csp.script-src: not a valid source {source!r}")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"scrpt-src": ["'self'"]}, "csp.scrpt-src: unknown directive 'scrpt-src'; did you mean 'script-src'?"),
        ({"script_src": ["'self'"]}, "csp.script_src: unknown directive 'script_src'; did you mean 'script-src'?"),
        ({"Script-Src": ["'self'"]}, "csp.Script-Src: unknown directive 'Script-Src'; did you mean 'script-src'?"),
        (
            {"script-src; x": ["'self'"]},
            "csp.script-src; x: unknown directive 'script-src; x'; did you mean 'script-src'?",
        ),
        (
            {"x\n": []},
            "csp: unknown directive 'x\\n'; expected a directive of CSP Level 3, such as script-src",
        ),
        (
            {"plugin-types": ["x"]},
            "csp.plugin-types: browsers no longer know this directive; write object-src 'none'",
        ),
        ({"img-src": []}, "csp.img-src: missing sources; expected sources, or 'none'"),
        ({"img-src": ["'none'", "a.org"]}, "csp.img-src: 'none' is not alone; remove it, or all others"),
        (
            {"script-src": "'self' a.org"},
            "csp.script-src: is text; expected a list; write [\"'self'\", 'a.org']",
        ),
        (
            # flask-talisman 0.8.0 put the nonce into every directive
            {"img-src": ["'nonce'"]},
            "csp.img-src: a nonce has no effect here; expected it in default-src, script-src, style-src or their -elem",
        ),
        (
            {"frame-ancestors": ["'unsafe-inline'"]},
            "csp.frame-ancestors: 'unsafe-inline' has no effect here; expected 'self', 'none', hosts or schemes",
        ),
        (
            {"sandbox": ["allow-script"]},
            "csp.sandbox: not a valid value 'allow-script'; did you mean 'allow-scripts'?",
        ),
        (
            {"require-trusted-types-for": ["script"]},
            """csp.require-trusted-types-for: not a valid value 'script'; did you mean "'script'"?""",
        ),
        ({"webrtc": []}, "csp.webrtc: missing value; expected 'allow' or 'block'"),
        (
            {"trusted-types": ["a b"]},
            "csp.trusted-types: not a valid value 'a b'; expected a name, *, 'none' or 'allow-duplicates'",
        ),
        (
            {"upgrade-insecure-requests": ["1"]},
            "csp.upgrade-insecure-requests: this directive has no values; expected an empty list",
        ),
        ({"report-uri": []}, "csp.report-uri: not a valid URL; expected URLs without spaces, commas and semicolons"),
        ({"report-to": ["cps"]}, "csp.report-to: unknown endpoint 'cps'; did you mean 'csp'?"),
        ({"report-to": []}, "csp.report-to: not one name; expected one name of reporting_endpoints"),
        ({"report-to": ["csp", "other"]}, "csp.report-to: not one name; expected one name of reporting_endpoints"),
    ],
)
def test_mistakes(table: dict[str, list[str]], complaint: str) -> None:
    assert complain(table) == [complaint]


def test_reports_all_mistakes_at_once() -> None:
    assert len(complain({"scrpt-src": [], "img-src": ["self", "none"], "webrtc": ["x"]})) == 4


def test_an_endpoint_must_exist() -> None:
    with pytest.raises(ConfigError, match=r"csp\.report-to: unknown endpoint 'csp'; add it to reporting_endpoints"):
        check_policy({"report-to": ["csp"]}, key="csp", endpoints={}, is_enforced=True)


@pytest.mark.parametrize("name", ["sandbox", "upgrade-insecure-requests"])
def test_what_browsers_only_enforce_can_not_be_tried_out(name: str) -> None:
    assert complain({name: []}) == []
    expected = f"csp.{name}: browsers ignore this directive in a policy that they only report"
    assert complain({name: []}, is_enforced=False) == [expected]


def test_accepts_the_other_directives() -> None:
    table = {
        "sandbox": ["allow-scripts", "allow-forms"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["dompurify", "'allow-duplicates'"],
        "webrtc": ["'block'"],
        "report-uri": ["/csp", "https://a.org/x?y=1"],
        "report-to": ["csp"],
        "frame-ancestors": ["'self'", "https://*.example.org"],
    }
    assert complain(table) == []
    assert complain({"sandbox": [], "trusted-types": [], "upgrade-insecure-requests": []}) == []


def test_warns_about_unsafe_inline_beside_a_nonce(caplog: pytest.LogCaptureFixture) -> None:
    assert complain({"script-src": ["'nonce'", "'unsafe-inline'"], "style-src": ["'unsafe-inline'"]}) == []
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.security_headers", logging.WARNING)
    expected = "csp.script-src: browsers ignore 'unsafe-inline' beside a nonce; remove one of them"
    assert record.getMessage() == expected


@pytest.mark.parametrize(
    ("table", "filled", "bare"),
    [
        ({"img-src": ["*"], "sandbox": []}, "img-src *; sandbox", "img-src *; sandbox"),
        (
            {"script-src": ["'self'", "'nonce'"], "style-src": ["'nonce'", "a.org"], "img-src": ["*"]},
            "script-src 'self' 'nonce-N'; style-src 'nonce-N' a.org; img-src *",
            "script-src 'self'; style-src a.org; img-src *",
        ),
        # a policy without the nonce would obey what browsers ignore beside it
        (
            {"script-src": ["'nonce'", "'unsafe-inline'"], "style-src": ["'unsafe-inline'"]},
            "script-src 'nonce-N'; style-src 'unsafe-inline'",
            "script-src 'none'; style-src 'unsafe-inline'",
        ),
        (
            {"script-src": ["'strict-dynamic'", "'nonce'"]},
            "script-src 'strict-dynamic' 'nonce-N'",
            "script-src 'strict-dynamic'",
        ),
        # browsers without report-to use report-uri, the others ignore it
        (
            {"img-src": ["a.org"], "report-to": ["csp"]},
            "report-uri https://reports.example.org/csp; img-src a.org; report-to csp",
            "report-uri https://reports.example.org/csp; img-src a.org; report-to csp",
        ),
        (
            {"report-uri": ["/own"], "report-to": ["csp"]},
            "report-uri /own; report-to csp",
            "report-uri /own; report-to csp",
        ),
    ],
)
def test_makes_the_value(table: dict[str, list[str]], filled: str, bare: str) -> None:
    policy = make_policy(table, ENDPOINTS)
    assert ("N".join(policy.parts), policy.bare) == (filled, bare)
    assert policy.has_nonce == ("'nonce-" in filled)
