"""The source of a frame: the lines around the one that runs, and where its expression begins and ends (PEP 657)."""

import linecache
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple

__all__ = ["MAX_LINE", "Line", "Span", "find_span", "read_lines"]

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
    source: list[str] = []
    with suppress(Exception):  # of a loader, or because this is no name of a file
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
    start = _count_characters(text, span.column) if number == span.line else len(text) - len(text.lstrip())
    end = _count_characters(text, span.end_column) if number == span.end_line else len(text)
    return (start, end) if start < end else None


def _count_characters(text: str, column: int) -> int:
    return len(text.encode()[:column].decode(errors="replace"))
