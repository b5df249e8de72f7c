"""A line of the access log: it stays short, and odd values do not lose it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.middleware.access_log.entries import Request, compile_format
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.access_log.cleaning import Cleaning
from wsgistack.middleware.access_log.fields import STRUCTURED
from wsgistack.middleware.access_log.format import FORMATS

_LONG = "\x00é" * 95_000


def _long(text: str = _LONG) -> Request:
    environ = dict.fromkeys(
        ("HTTP_REFERER", "HTTP_USER_AGENT", "REMOTE_USER", "HTTP_HOST", "wsgistack.request_id"), text
    )
    return Request(environ, [], text, text, f"/{text}", text, text)


@pytest.mark.parametrize("format", FORMATS)
def test_a_line_is_bounded(format: str) -> None:
    cleaning = Cleaning(Redaction(), None, limit=2000, line_limit=16_000)
    line = compile_format(format, cleaning)(_long())
    assert 2_000 < len(line) <= 16_000
    if format in STRUCTURED and format != "logfmt":
        assert json.loads(line)


@pytest.mark.parametrize("format", FORMATS)
@given(character=st.characters(), length=st.integers(1, 5000))
def test_a_line_is_bounded_whatever_it_has(format: str, character: str, length: int) -> None:
    cleaning = Cleaning(Redaction(), None, limit=100, line_limit=1500)
    line = compile_format(format, cleaning)(_long(character * length))
    assert len(line) <= 1500
    if format in STRUCTURED and format != "logfmt":
        assert json.loads(line)


@pytest.mark.parametrize("format", ["combined", "json"])
def test_layers_with_the_same_format_compile_it_once(format: str) -> None:
    first, second = (compile_format(format, Cleaning(Redaction(), None, limit, 16_000)) for limit in (2000, 100))
    assert first.__code__ is second.__code__
    assert len(first(_long())) > len(second(_long()))


def test_a_format_that_is_itself_too_long_is_written() -> None:
    text = "x" * 600
    assert compile_format(f"{text}%m", Cleaning(None, None, limit=20, line_limit=500))(Request()) == f"{text}G..."


class _Unprintable:
    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("format", ["%u", "json"])
def test_a_value_that_fails_does_not_lose_the_line(format: str) -> None:
    assert "<_Unprintable>" in compile_format(format)(Request({"REMOTE_USER": _Unprintable()}))


@pytest.mark.parametrize(
    ("format", "environ", "expected"),
    [
        ("%u", {"REMOTE_USER": {"name": "ann"}}, r"{'name':\x20'ann'}"),
        ("%{shop}e", {"shop": {}}, "{}"),
        ("%{c}a", {"wsgistack.peer": "192.0.2.9"}, "192.0.2.1"),
        ("%{c}a %u", {"wsgistack.peer": {"REMOTE_ADDR": "192.0.2.9"}, "REMOTE_USER": ["ann"]}, r"192.0.2.9 ['ann']"),
        ("%V", {"HTTP_HOST": _Unprintable()}, "<_unprintable>"),
    ],
)
def test_a_value_of_another_type_does_not_lose_the_line(format: str, environ: dict[str, object], expected: str) -> None:
    assert compile_format(format)(Request(environ)) == expected
