"""URLs for redirects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.urls import quote_target


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
