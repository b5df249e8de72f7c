"""Origins of requests, and patterns that match them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import ConfigError
from wsgistack.http.origins import Origins, normalize_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://example.org", "https://example.org"),
        ("HTTPS://Example.ORG:443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("http://example.org:0080", "http://example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[2001:DB8:0::0001]:80", "http://[2001:db8::1]"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_origins_have_one_form(text: str, origin: str) -> None:
    assert normalize_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "*", "example.org", "//example.org", "https://", "https:///", "https://example.org/"),
        *("https://example.org/path", "https://user@example.org", "https://example.org:", "https://example.org:99999"),
        *("https://a.org https://b.org", "https://.example.org", "https://example.org.", "https://-example.org"),
        *("https://exämple.org", "https://*.example.org", f"https://{'a' * 300}", "https://example.org\n", "İ://a"),
        *("https://[::1", "https://[:::]", "https://[127.0.0.1]", "https://[1:2]", "https://[::1%25eth0]"),
    ],
)
def test_other_texts_are_no_origins(text: str) -> None:
    assert normalize_origin(text) is None


def test_patterns_match_whole_labels() -> None:
    origins = Origins(["https://example.org", "https://*.example.org", "http://*.test:8080"], key="origins")
    for origin in ("https://example.org", "https://a.example.org", "https://a.b.EXAMPLE.org:443", "http://x.test:8080"):
        assert origins.contains(origin), origin
    for origin in (
        *("http://example.org", "https://badexample.org", "https://example.org.evil.test", "https://example.org:8443"),
        *("https://a.example.org:8443", "http://a.example.org", "http://x.test", "http://test:8080", "null", ""),
        *("https://.example.org", "https://evil.test/.example.org", "https://evil.test#.example.org", "x" * 1000),
    ):
        assert not origins.contains(origin), origin


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert not Origins(["https://*.example.org"], key="origins").contains(text)


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("https://example.org/", "; write https://example.org"),
        ("https://example.org:8443/path", "; write https://example.org:8443"),
        ("example.org", "; write https://example.org"),
        ("example.org/", "; write https://example.org"),
        ("https://exämple.org", "; write the name in ASCII, as browsers send it: xn--…"),
        ("*.example.org:8443", "; write https://*.example.org:8443"),
        ("https://example.*", ""),
        ("*", ""),
        ("null", ""),
    ],
)
def test_wrong_origins_are_mistakes(entry: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Origins([entry], key="origins")
    expected = "expected a scheme and a host, such as https://example.org or https://*.example.org"
    assert str(raised.value) == f"origins: not a valid origin {entry!r}; {expected}{hint}"
