"""Cookies: attributes are added, and none of the application's own is changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.direct import Call
from wsgistack import ConfigError, Cookies
from wsgistack.types import Environ, Headers, StartResponse


def protect(cookie: str, *, scheme: str = "https", **options: Any) -> str:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", cookie)])
        return [b""]

    return Call(Cookies(app, **options), **{"wsgi.url_scheme": scheme}).headers["set-cookie"]


@pytest.mark.parametrize(
    ("cookie", "protected"),
    [
        ("a=b", "a=b; SameSite=Lax; Secure; HttpOnly"),
        ("a=b; Path=/x; Max-Age=5", "a=b; Path=/x; Max-Age=5; SameSite=Lax; Secure; HttpOnly"),
        ("a=b;secure;HTTPONLY; samesite=strict", "a=b; secure; HTTPONLY; samesite=strict"),
        ("a=b; Secure; HttpOnly; SameSite=Lax", "a=b; Secure; HttpOnly; SameSite=Lax"),
        ('a="x=y"; Max-Age=5', 'a="x=y"; Max-Age=5; SameSite=Lax; Secure; HttpOnly'),
        ("csrftoken=x", "csrftoken=x; SameSite=Lax; Secure"),
        ("XSRF-TOKEN=x", "XSRF-TOKEN=x; SameSite=Lax; Secure"),
        ("CSRFTOKEN=x", "CSRFTOKEN=x; SameSite=Lax; Secure; HttpOnly"),
        ("a=; ; ;", "a=; SameSite=Lax; Secure; HttpOnly"),
        ("", "; SameSite=Lax; Secure; HttpOnly"),
    ],
)
def test_adds_what_is_missing(cookie: str, protected: str) -> None:
    assert protect(cookie) == protected


@pytest.mark.parametrize(
    ("cookie", "protected"),
    [
        ("a=b", "a=b; SameSite=Lax; HttpOnly"),
        ("a=b; SameSite=None", "a=b; SameSite=None; Secure; HttpOnly"),
        ("__Secure-a=b", "__Secure-a=b; SameSite=Lax; Secure; HttpOnly"),
        ("__Host-a=b", "__Host-a=b; Path=/; SameSite=Lax; Secure; HttpOnly"),
        ("__Host-a=b; path=/shop; DOMAIN=a.test", "__Host-a=b; Path=/; SameSite=Lax; Secure; HttpOnly"),
        ("__host-a=b; domain=a.test", "__host-a=b; Path=/; SameSite=Lax; Secure; HttpOnly"),
        ("__SECURE-a=b", "__SECURE-a=b; SameSite=Lax; Secure; HttpOnly"),
        ("a=b; Partitioned", "a=b; Partitioned; SameSite=Lax; Secure; HttpOnly"),
        ("a=b; SameSite = none ", "a=b; SameSite = none; Secure; HttpOnly"),
    ],
)
def test_names_and_cross_site_cookies_keep_their_promise_over_http(cookie: str, protected: str) -> None:
    assert protect(cookie, scheme="http") == protected


@pytest.mark.parametrize(
    ("cookie", "protected"),
    [
        ("__Http-a=b", "__Http-a=b; SameSite=Lax; Secure; HttpOnly"),
        ("__http-a=b", "__http-a=b; SameSite=Lax; Secure; HttpOnly"),
        ("__Host-Http-a=b; Domain=a.test", "__Host-Http-a=b; Path=/; SameSite=Lax; Secure; HttpOnly"),
        ("__Host-a=b", "__Host-a=b; Path=/; SameSite=Lax; Secure"),
    ],
)
def test_a_name_can_promise_that_scripts_cannot_read_the_cookie(cookie: str, protected: str) -> None:
    assert protect(cookie, scheme="http", http_only=False) == protected
    assert protect(cookie, scheme="http", readable=[cookie.partition("=")[0]]) == protected


def test_options() -> None:
    assert protect("a=b", scheme="http", secure="always") == "a=b; SameSite=Lax; Secure; HttpOnly"
    assert protect("a=b", secure="never", same_site="", http_only=False) == "a=b"
    assert protect("a=b", same_site="None", secure="never") == "a=b; SameSite=None; Secure; HttpOnly"
    assert protect("a=b", readable=["a"], same_site="Strict") == "a=b; SameSite=Strict; Secure"


def test_changes_no_other_header_and_no_list_in_place() -> None:
    with_cookies: Headers = [("SET-COOKIE", "a=b"), ("X-Other-No", "a=b"), ("Set-Cookie", "c=d; Secure")]
    without: Headers = [("Content-Type", "text/plain"), ("X-Other-No", "a=b")]
    for headers in (with_cookies, without):
        before = list(headers)

        def app(environ: Environ, start_response: StartResponse, headers: Headers = headers) -> list[bytes]:
            start_response("200 OK", headers)
            return []

        (sent,) = Call(Cookies(app)).starts
        assert headers == before
        assert (sent == ("200 OK", headers)) is (headers is without)


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00")))
def test_no_cookie_is_lost_or_doubled(cookie: str) -> None:
    once = protect(cookie)
    assert once.partition(";")[0] == cookie.partition(";")[0]
    assert protect(once) == once


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secure": "yes"}, "secure: invalid value 'yes'; expected auto, always or never"),
        ({"readable": 5}, "readable: is a number; expected a list"),
        ({"same_site": "lax"}, "same_site: invalid value 'lax'; expected Lax, Strict, None or an empty text"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        protect("", **options)
    assert str(raised.value) == message
