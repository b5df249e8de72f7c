"""Escapes for logs: whatever a text has, a line stays one line, and a field one field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.escaping import escape_quoted, escape_word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /a-b", "GET /a-b"),
        ('say "hi"', r"say \"hi\""),
        ("a\\b", r"a\\b"),
        ("a\r\nb\0", r"a\x0d\x0ab\x00"),
        ("caf\xc3\xa9", r"caf\xc3\xa9"),
        ("\u20ac", r"\u20ac"),
    ],
)
def test_escapes_like_apache(text: str, expected: str) -> None:
    assert escape_quoted(text) == expected


def test_a_word_has_no_blanks() -> None:
    assert escape_word("a b") == r"a\x20b"


@given(st.text())
def test_every_text_is_printable(text: str) -> None:
    escaped = escape_word(text)
    assert escaped.isascii()
    assert escaped.isprintable()
    assert " " not in escaped
    assert '"' not in escaped.replace(r"\"", "")
