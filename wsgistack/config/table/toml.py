"""TOML: the text of a file as a table, and the line of each of its keys, which :mod:`tomllib` does not give."""

import re
import tomllib
from collections.abc import Mapping
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
  | (?P<value>"{{3}}(?:\\.|[^"\\]|"(?!""))*+(?:"{{3,5}}|\Z)|'{{3}}(?:[^']|'(?!''))*+(?:'{{3,5}}|\Z)
      |[^\s"'#,=\[\]{{}}]++|{_PART})
  | (?P<opening>[\[{{])
  | (?P<closing>[\]}}])
  | (?P<comma>,)
"""
_FLAGS = re.MULTILINE | re.DOTALL | re.VERBOSE
_IN_VALUE = re.compile(_TOKEN, _FLAGS)
_AT_TOP = re.compile(rf"^[ \t]*+\[(?P<element>\[)?[ \t]*+(?P<header>{_KEY})[ \t]*+\] | {_TOKEN}", _FLAGS)
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_DUPLICATE = re.compile(r"Cannot|Duplicate")
_HINTS = {"Invalid value": "write text in quotes", "Invalid statement": "a comment begins with #"}


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
        mistakes = [Mistake(f"invalid TOML: {problem}", where=Where(str(path), line), hint=_HINTS.get(problem, ""))]
        if _DUPLICATE.match(problem):
            mistakes = [
                Mistake(f"duplicate key; first set on line {first}", key=key, where=Where(str(path), line))
                for key, first, line in _scan(text)[1]
            ] or mistakes
        raise ConfigError(*mistakes) from error


def line_at(at: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of a value, or of the innermost table or list around it that has one; 0 without one."""
    return next((lines[at[:end]] for end in range(len(at), 0, -1) if at[:end] in lines), 0)


def find_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each table, item and key. A table without a header has the line of its first key.

    :param text: TOML. For any other text, the result is a guess.
    """
    return _scan(text)[0]


def _scan(text: str) -> tuple[dict[KeyPath, int], list[tuple[str, int, int]]]:
    """The lines of :func:`find_lines`; and each key or header that is repeated, with its first and its other line."""
    lines: dict[KeyPath, int] = {}
    repeated: list[tuple[str, int, int]] = []
    keys: set[KeyPath] = set()
    tables: set[KeyPath] = set()
    table: KeyPath = ()
    value: KeyPath = ()
    lengths: dict[KeyPath, int] = {}  # of arrays of tables, so far
    containers: list[tuple[KeyPath, bool]] = []  # arrays and inline tables that are still open, and which are arrays
    numbers: list[int] = []  # of the next item in each container
    line, start, end = 1, 0, 0

    def check(path: KeyPath, *known: set[KeyPath]) -> None:
        if any(path in each for each in known):
            repeated.append((".".join(map(str, path)), lines[path], line))

    while found := (_IN_VALUE if containers else _AT_TOP).search(text, end):
        line += text.count("\n", start, found.start())
        start, end = found.span()
        match found.lastgroup:
            case "header":
                *parents, last = _split_key(found["header"])
                table = ()
                for part in parents:
                    table = (*table, part)
                    check(table, keys)
                    lines.setdefault(table, line)
                    if table in lengths:
                        table = (*table, lengths[table] - 1)
                table = (*table, last)
                check(table, keys, tables)
                if found["element"]:
                    lines.setdefault(table, line)
                    lengths[table] = lengths.get(table, 0) + 1
                    table = (*table, lengths[table] - 1)
                tables.add(table)
                lines[table] = line
            case "key":
                *parents, last = _split_key(found["key"])
                value = containers[-1][0] if containers else table
                for part in parents:
                    value = (*value, part)
                    lines.setdefault(value, line)
                value = (*value, last)
                check(value, keys, tables)
                keys.add(value)
                lines[value] = line
            case "value" | "opening":
                if containers and containers[-1][1]:
                    value = (*containers[-1][0], numbers[-1])
                    lines[value] = line
                if found["opening"]:
                    containers.append((value, found[0] == "["))
                    numbers.append(0)
            case "closing" if containers:
                containers.pop()
                numbers.pop()
            case "comma" if containers:
                numbers[-1] += 1
    return lines, repeated


def _split_key(key: str) -> list[str]:
    try:
        value: object = tomllib.loads(f"{key} = 0")
    except ValueError:  # an escape that TOML does not have
        return [key]
    parts = []
    while isinstance(value, dict):
        [(part, value)] = value.items()
        parts.append(part)
    return parts
