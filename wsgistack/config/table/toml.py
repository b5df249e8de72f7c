"""TOML: the text of a file as a table, and the line of each of its keys, which :mod:`tomllib` does not give."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TypeAlias

from wsgistack.errors import ConfigError, Mistake, Where

__all__ = ["KeyPath", "find_lines", "line_at", "read_toml"]

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a value, and the numbers of items; the first is 0."""

_PART = r"""(?:"(?:\\.|[^"\\\n])*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)"""
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+"
_TOKEN = rf"""
    (?P<key>{_KEY})[ \t]*+=
  | (?P<comment>\#[^\n]*+)
  | (?P<value>"{{3}}(?:\\.|[^"\\]|"(?!""))*+"{{3,5}}|'{{3}}(?:[^']|'(?!''))*+'{{3,5}}
      |[^\s"'#,=\[\]{{}}]++(?:[ ]\d\d:[\d:.Z+-]++)?|{_PART})
  | (?P<opening>[\[{{])
  | (?P<closing>[\]}}])
"""
_FLAGS = re.MULTILINE | re.DOTALL | re.VERBOSE
_IN_VALUE = re.compile(_TOKEN, _FLAGS)
_AT_TOP = re.compile(rf"^[ \t]*+\[(?P<item>\[)?[ \t]*+(?P<header>{_KEY})[ \t]*+\]{{1,2}} | {_TOKEN}", _FLAGS)
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_HINTS = {
    "Invalid value": "write text in quotes",
    "Invalid statement": "a comment begins with #",
    "Cannot": "this key or table is already set above",
    "Duplicate": "this key or table is already set above",
}


def read_toml(text: str, path: Path) -> dict[str, object]:
    """The table that a text describes.

    :param path: the file, for the mistakes.
    :raises ConfigError: the text is not TOML, or sets a key twice.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be too long for Python, and a table too deep
        problem, place = _PLACE.sub("", str(error)), _PLACE.search(str(error))
        line = int(place[1] or text.rstrip().count("\n") + 1) if place else 0
        hint = next((hint for start, hint in _HINTS.items() if problem.startswith(start)), "")
        raise ConfigError(Mistake(f"invalid TOML: {problem}", where=Where(str(path), line), hint=hint)) from error


def line_at(at: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of a value, or of the innermost table or list around it that has one; 0 without one."""
    return next((lines[at[:end]] for end in range(len(at), 0, -1) if at[:end] in lines), 0)


def find_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each table, item and key of valid TOML. A table without a header has that of its first key."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    path: KeyPath = ()
    last_items: dict[KeyPath, int] = {}  # of arrays of tables
    containers: list[tuple[KeyPath, Iterator[int] | None]] = []  # open arrays, with numbers, and open inline tables
    line, start, end = 1, 0, 0
    while found := (_IN_VALUE if containers else _AT_TOP).search(text, end):
        line += text.count("\n", start, found.start())
        start, end = found.span()
        kind = found.lastgroup or ""
        match kind:
            case "header" | "key":
                path = () if kind == "header" else containers[-1][0] if containers else table
                *parents, last = _split_key(found[kind])
                for part in parents:
                    path = (*path, part)
                    lines.setdefault(path, line)
                    if path in last_items:
                        path = (*path, last_items[path])
                path = (*path, last)
                if kind == "header" and found["item"]:
                    lines.setdefault(path, line)
                    last_items[path] = last_items.get(path, -1) + 1
                    path = (*path, last_items[path])
                lines[path] = line
                table = path if kind == "header" else table
            case "value" | "opening":
                if containers and (numbers := containers[-1][1]):
                    path = (*containers[-1][0], next(numbers))
                    lines[path] = line
                if kind == "opening":
                    containers.append((path, count() if found[0] == "[" else None))
            case "closing":
                containers.pop()
    return lines


def _split_key(key: str) -> list[str]:
    value: object = tomllib.loads(f"{key} = 0")
    parts = []
    while isinstance(value, dict):
        [(part, value)] = value.items()
        parts.append(part)
    return parts
