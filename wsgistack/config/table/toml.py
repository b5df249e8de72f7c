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
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")
_ALREADY_SET = "this key or table is already set above"
_HINTS = {
    "Invalid value": "write text in quotes",
    "Invalid statement": "a comment begins with #",
    "Cannot": _ALREADY_SET,
    "Duplicate": _ALREADY_SET,
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
        hint = "write a value, or close the list" if place and not place[1] and problem == "Invalid value" else hint
        if place and hint == _ALREADY_SET:
            before = text.replace("\r\n", "\n").split("\n")[:line]
            before[-1] = before[-1][: int(place[2] or len(before[-1]) + 1) - 1] + "]"  # a header may be cut here
            for key, first, line in _scan("\n".join(before))[1][:1]:
                duplicate = Mistake(f"duplicate key; first set on line {first}", key=key, where=Where(str(path), line))
                raise ConfigError(duplicate) from error
        raise ConfigError(Mistake(f"invalid TOML: {problem}", where=Where(str(path), line), hint=hint)) from error


def line_at(at: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of a value, or of the innermost table or list around it that has one; 0 without one."""
    return next((lines[at[:end]] for end in range(len(at), 0, -1) if at[:end] in lines), 0)


def find_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each table, item and key of valid TOML. A table without a header has that of its first key."""
    return _scan(text)[0]


def _scan(text: str) -> tuple[dict[KeyPath, int], list[tuple[str, int, int]]]:
    """The lines of :func:`find_lines`; and each key that is set again, with its first and its other line."""
    lines: dict[KeyPath, int] = {}
    repeated: list[tuple[str, int, int]] = []
    keys: set[KeyPath] = set()
    tables: set[KeyPath] = set()  # those with a header
    table: KeyPath = ()
    path: KeyPath = ()
    last_items: dict[KeyPath, int] = {}  # of arrays of tables
    containers: list[tuple[KeyPath, Iterator[int] | None]] = []  # open arrays, with numbers, and open inline tables
    line, start, end = 1, 0, 0

    def check(path: KeyPath, is_set: bool) -> None:
        if is_set:
            repeated.append((".".join(map(str, path)), lines[path], line))

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
                    check(path, path in keys or (kind == "key" and path in tables))
                    lines.setdefault(path, line)
                    if path in last_items:
                        path = (*path, last_items[path])
                path = (*path, last)
                is_item = kind == "header" and found["item"]
                if kind == "key" or is_item:
                    check(path, path in lines and not (is_item and path in last_items))
                else:
                    check(path, path in keys or path in tables or path in last_items)
                if is_item:
                    lines.setdefault(path, line)
                    last_items[path] = last_items.get(path, -1) + 1
                    path = (*path, last_items[path])
                lines[path] = line
                (tables if kind == "header" else keys).add(path)
                table = path if kind == "header" else table
            case "value" | "opening":
                if containers and (numbers := containers[-1][1]):
                    path = (*containers[-1][0], next(numbers))
                    lines[path] = line
                if kind == "opening":
                    containers.append((path, count() if found[0] == "[" else None))
            case "closing" if containers:
                containers.pop()
    return lines, repeated


def _split_key(key: str) -> list[str]:
    value: object = tomllib.loads(f"{key} = 0")
    parts = []
    while isinstance(value, dict):
        [(part, value)] = value.items()
        parts.append(part)
    return parts
