"""The target of a request as text."""

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.urls import quote_target, request_target


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        ({}, "/"),
        ({"PATH_INFO": "/a b"}, "/a%20b"),
        ({"SCRIPT_NAME": "/app", "PATH_INFO": "/caf\xc3\xa9", "QUERY_STRING": "a=1&b=%20"}, "/app/caf%C3%A9?a=1&b=%20"),
        ({"PATH_INFO": "/a?b#c%"}, "/a%3Fb%23c%25"),
        # Waitress and uWSGI pass such targets of a request line on. Behind a host, they would be another host.
        ({"PATH_INFO": "@evil.test/"}, "/@evil.test/"),
        ({"PATH_INFO": ".evil.test"}, "/.evil.test"),
        ({"PATH_INFO": ":80@evil.test"}, "/:80@evil.test"),
        ({"PATH_INFO": "http://evil.test/x"}, "/http://evil.test/x"),
        ({"PATH_INFO": "*"}, "/*"),
        ({"SCRIPT_NAME": "app"}, "/app"),
        ({"PATH_INFO": "/", "QUERY_STRING": "x=\r\nSet-Cookie: y"}, "/?x=%0D%0ASet-Cookie:%20y"),
    ],
)
def test_a_target_is_quoted(environ: dict[str, Any], target: str) -> None:
    assert quote_target(environ) == target


def test_another_path_takes_the_place_of_that_of_the_request() -> None:
    assert quote_target({"PATH_INFO": "//a", "QUERY_STRING": "q"}, "/a") == "/a?q"


@given(st.text(), st.text())
def test_a_header_can_hold_every_target(path: str, query: str) -> None:
    target = quote_target({"PATH_INFO": path, "QUERY_STRING": query})
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        pytest.param("/", "", "/", id="root"),
        pytest.param("", "", "/", id="no path"),
        pytest.param("", "q=1", "/?q=1", id="no path, but a query"),
        pytest.param("*", "", "*", id="OPTIONS *"),
        pytest.param(
            "/a/b;v=1,2:@&=+$!'()~-._*", "", "/a/b;v=1,2:@&=+$!'()~-._*", id="characters that a path may contain"
        ),
        pytest.param("/a b", "", "/a%20b", id="space"),
        pytest.param("/50%", "", "/50%25", id="percent"),
        pytest.param("/what?", "q=what?", "/what%3F?q=what?", id="question mark"),
        pytest.param("/a#b", "", "/a%23b", id="number sign"),
        pytest.param('/a"b\\c[d]', "", "/a%22b%5Cc%5Bd%5D", id="quote, backslash and brackets"),
        pytest.param("/a\r\nb\x00\x1b", "", "/a%0D%0Ab%00%1B", id="control characters"),
        pytest.param("/gr\u00c3\u00bc\u00c3\u009fe", "", "/gr%C3%BC%C3%9Fe", id="UTF-8, as WSGI holds it"),
        pytest.param("/\u20ac", "", "/%3F", id="what WSGI forbids"),
        pytest.param("//host/path", "", "//host/path", id="two slashes"),
        pytest.param("/a", "b=%20%zz", "/a?b=%20%zz", id="a query is left as it came"),
    ],
)
def test_returns_the_target(path: str, query: str, expected: str) -> None:
    assert request_target(path, query) == expected


@given(st.text(st.characters(max_codepoint=255), min_size=1))
def test_the_target_decodes_to_the_path(path: str) -> None:
    target = request_target(path, "")
    assert unquote(target, "latin-1") == path
    assert target.isascii()
    assert target.isprintable()
    assert not set(target) & set(' "?#\\')
