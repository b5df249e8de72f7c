"""The colours of source, and the mark in it."""

import sys

import pytest

from wsgistack.middleware.catch_errors.debug.highlighting import Piece, highlight, split_pieces
from wsgistack.middleware.catch_errors.source import Line

LINES = [Line(1, "def f():"), Line(2, '    """a'), Line(3, '    b"""'), Line(4, ""), Line(5, "    return 1 # c")]


def test_pygments_finds_the_kinds_of_tokens() -> None:
    pieces = highlight(LINES)
    assert ["".join(piece.text for piece in line) for line in pieces] == [line.text for line in LINES]
    assert Piece("def", "keyword") in pieces[0]
    assert {piece.kind for piece in pieces[2] if piece.text.strip()} == {"string"}
    assert Piece("# c", "comment") in pieces[4]
    assert highlight([Line(1, ""), Line(2, "")]) == [[Piece("")], [Piece("")]]


def test_without_pygments_the_source_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygments", None)
    assert highlight(LINES) == [[Piece(line.text)] for line in LINES]


def test_splits_pieces_at_the_expression() -> None:
    pieces = [Piece("ab", "name"), Piece("cd"), Piece("ef")]
    assert [*split_pieces(pieces, None)] == pieces
    assert [*split_pieces(pieces, (1, 4))] == [
        Piece("a", "name"),
        Piece("b", "name", is_marked=True),
        Piece("cd", "", is_marked=True),
        Piece("ef"),
    ]
