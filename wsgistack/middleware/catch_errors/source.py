"""The source of a frame: the lines around the one that runs, and where its expression begins and ends (PEP 657)."""

import linecache
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple

__all__ = ["Line", "Piece", "Span", "find_span", "highlight", "read_lines", "split_pieces"]

BEFORE, AFTER = 6, 4
MAX_LINE = 300
"""In characters: a longer line, as of generated code, is cut."""

MAX_STATEMENT = 30
"""In lines."""


class Span(NamedTuple):
    """The place of an expression: lines from 1, columns in bytes from 0, as Python counts them; None if unknown."""

    line: int
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None


class Line(NamedTuple):
    """A line of source.

    :param mark: where the expression begins and ends in it, in characters; None if it is in other lines.
    """

    number: int
    text: str
    mark: tuple[int, int] | None = None


class Piece(NamedTuple):
    """A piece of a line, with the kind of its token and whether it belongs to the expression."""

    text: str
    kind: str = ""
    is_marked: bool = False


def find_span(traceback: TracebackType) -> Span:
    """The place of the expression that a frame was evaluating."""
    line: int | None = traceback.tb_lineno
    if traceback.tb_lasti >= 0:
        positions = traceback.tb_frame.f_code.co_positions()
        first, end_line, column, end_column = next(islice(positions, traceback.tb_lasti // 2, None), (None,) * 4)
        if first is not None and first == line:
            return Span(first, end_line, column, end_column)
    return Span(line or 0)


def read_lines(file: str, span: Span, module: Mapping[str, Any] | None = None) -> list[Line]:
    """The lines around an expression; empty if the source is missing.

    :param module: the globals of the frame, whose loader may know the source.
    """
    linecache.checkcache(file)
    source = linecache.getlines(file, dict(module) if module is not None else None)
    if not 0 < span.line <= len(source):
        return []
    end = min(span.end_line or span.line, span.line + MAX_STATEMENT)
    first = max(span.line - BEFORE, 1)
    while not source[first - 1].strip() and first < span.line:
        first += 1
    shown = source[first - 1 : end + AFTER]
    return [
        Line(first + place, text.rstrip("\r\n"), _mark(first + place, text, span)) for place, text in enumerate(shown)
    ]


def _mark(number: int, text: str, span: Span) -> tuple[int, int] | None:
    if span.column is None or span.end_column is None or not span.line <= number <= (span.end_line or span.line):
        return None
    text = text.rstrip()
    start = _characters(text, span.column) if number == span.line else len(text) - len(text.lstrip())
    end = _characters(text, span.end_column) if number == span.end_line else len(text)
    return (start, end) if start < end else None


def _characters(text: str, column: int) -> int:
    return len(text.encode()[:column].decode(errors="replace"))


def highlight(lines: Sequence[Line]) -> list[list[Piece]]:
    """The pieces of each line, by Pygments if it is installed."""
    try:
        from pygments import lex
        from pygments.lexers.python import PythonLexer
    except ImportError:
        return [[Piece(each.text)] for each in lines]
    pieces: list[list[Piece]] = [[]]
    for token, value in lex("\n".join(each.text for each in lines), PythonLexer(stripnl=False, ensurenl=False)):
        kind = next((name for name, part in _KINDS if str(token).startswith(part)), "")
        first, *more = value.split("\n")
        pieces[-1].append(Piece(first, kind))
        pieces += [[Piece(each, kind)] for each in more]
    return pieces[: len(lines)]


_KINDS = (
    ("comment", "Token.Comment"),
    ("keyword", "Token.Keyword.Constant"),
    ("keyword", "Token.Keyword"),
    ("keyword", "Token.Operator.Word"),
    ("string", "Token.Literal.String"),
    ("number", "Token.Literal.Number"),
    ("name", "Token.Name.Function"),
    ("name", "Token.Name.Class"),
    ("name", "Token.Name.Decorator"),
    ("builtin", "Token.Name.Builtin"),
    ("builtin", "Token.Name.Exception"),
)


def split_pieces(pieces: Iterable[Piece], mark: tuple[int, int] | None) -> Iterator[Piece]:
    """Split the pieces of a line where the expression begins and ends."""
    if mark is None:
        yield from pieces
        return
    place = 0
    for text, kind, _ in pieces:
        start, end = (min(max(each - place, 0), len(text)) for each in mark)
        for part, is_marked in ((text[:start], False), (text[start:end], True), (text[end:], False)):
            if part:
                yield Piece(part, kind, is_marked)
        place += len(text)
