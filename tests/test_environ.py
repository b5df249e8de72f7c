"""Reading an environ: the target of the request line, and marks on errors."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.environ import is_logged, mark_logged, request_target, watch_input
from wsgistack.types import Environ


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


def test_marks_an_error_as_logged_for_one_request_only() -> None:
    error = ValueError()
    environ: Environ = {}
    assert not is_logged(environ, error)
    mark_logged(environ, error)
    assert is_logged(environ, error)
    assert not is_logged(environ, ValueError())
    assert not is_logged({}, error)
    other: Environ = {}
    mark_logged(other, ValueError())
    assert not is_logged(other, error)


@pytest.mark.parametrize(
    "read",
    [
        lambda watched: watched.read(),
        lambda watched: watched.read(5) + watched.read(5),
        lambda watched: watched.readline() + watched.read(4),
        lambda watched: b"".join(watched.readlines()),
        lambda watched: b"".join(watched),
        lambda watched: watched.read1(100),
        lambda watched: watched.readinto(bytearray(100)),
        lambda watched: watched.readinto1(bytearray(100)),
    ],
)
@pytest.mark.parametrize(("limit", "kept"), [(100, b"one\ntwo\n"), (5, b"one\nt"), (0, b"")])
def test_keeps_what_is_read_of_an_input(read: Callable[[Any], object], limit: int, kept: bytes) -> None:
    watched = watch_input({"wsgi.input": BytesIO(b"one\ntwo\n"), "CONTENT_LENGTH": "8"})
    assert watched is not None
    watched.keep(limit)
    read(watched)
    assert watched.kept == kept


def test_keeps_what_is_read_after_a_seek() -> None:
    watched = watch_input({"wsgi.input": BytesIO(b"one\ntwo\n")})
    assert watched is not None
    watched.keep(100)
    watched.read(3)
    watched.seek(0)
    watched.read()
    assert watched.kept == b"one\ntwo\n"
