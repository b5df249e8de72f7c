"""TOML: the text of a file as a table, and the line of each of its keys, which :mod:`tomllib` does not give."""

import pathlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from wsgistack.errors import ConfigError, Mistake, Mistakes, Where

__all__ = ["KeyPath", "find_duplicates", "find_lines", "line_at", "read_toml"]

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
_REPEATABLE = {  # what may come after what in the same place
    ("implied", "implied"),
    ("implied", "table"),
    ("table", "implied"),
    ("dotted", "dotted"),
    ("dotted", "implied"),
    ("list", "implied"),
    ("list", "list"),
    ("item", "item"),
}
_MAX_DEPTH = 1000  # tomllib accepts less
_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_HINTS = {"Invalid value": "write text in quotes", "Invalid statement": "a comment begins with #"}
_MAX_BITS = 10_000  # Python refuses to write a number of more than 4300 digits
_MAYBE_TOO_LONG = re.compile(r"0[xob]\w{2500}")
_DUPLICATE = re.compile(r"Cannot|Duplicate")


def read_toml(text: str, path: pathlib.Path) -> dict[str, object]:
    """The table that a text describes.

    :param path: the file, for the mistakes.
    :raises ConfigError: the text is not TOML, sets a key twice, or holds an integer that Python can read but not write,
        not even into a message.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be too long for Python, and a table too deep
        reason = str(error)
        duplicates = [
            Mistake(f"duplicate key; first set on line {first}", key=_join(at), where=Where(str(path), second))
            for at, first, second in (find_duplicates(text) if _DUPLICATE.match(reason) else ())
        ]
        found = _LINE.search(reason)
        problem, line = _LINE.sub("", reason), 0
        if found:
            line = int(found[1]) if found[1] else text.rstrip().count("\n") + 1
        other = Mistake(f"invalid TOML: {problem}", where=Where(str(path), line), hint=_HINTS.get(problem, ""))
        raise ConfigError(*(duplicates or [other])) from error
    if _MAYBE_TOO_LONG.search(text):
        _raise_if_too_long(table, find_lines(text), path)
    return table


def _join(at: KeyPath) -> str:
    return ".".join(map(str, at))


def _raise_if_too_long(table: dict[str, object], lines: Mapping[KeyPath, int], path: pathlib.Path) -> None:
    mistakes = Mistakes()
    for at, line in lines.items():
        value: Any = table
        for key in at:
            value = value[key]
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            where = Where(str(path), line, _join(at[:-1]))
            mistakes.append(
                Mistake("number too long", key=str(at[-1]), expected=f"at most {_MAX_BITS} bits", where=where)
            )
    mistakes.raise_if_any()


class _Mark(NamedTuple):
    path: KeyPath
    line: int
    kind: str


@dataclass
class _Container:
    """An array or an inline table that is still open."""

    path: KeyPath
    is_array: bool
    number: int = 0


def find_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each table, item and key. A table without a header has the line of its first key.

    :param text: TOML. For any other text, the result is a guess.
    """
    lines: dict[KeyPath, int] = {}
    for path, line, kind in _iterate_marks(text):
        if kind in ("key", "table"):
            lines[path] = line
        else:
            lines.setdefault(path, line)
    return lines


def line_at(at: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of a value, or of the innermost thing around it that has one; 0 without one."""
    return next((lines[at[:end]] for end in range(len(at), 0, -1) if at[:end] in lines), 0)


def find_duplicates(text: str) -> list[tuple[KeyPath, int, int]]:
    """Find each key and table that is defined again, with its first and its other line.

    :param text: any text. After another error, the result is a guess.
    """
    found: list[tuple[KeyPath, int, int]] = []
    seen: dict[KeyPath, _Mark] = {}
    for mark in _iterate_marks(text):
        first = seen.setdefault(mark.path, mark)
        if first is mark:
            continue
        if (first.kind, mark.kind) not in _REPEATABLE:
            found.append((mark.path, first.line, mark.line))
        elif first.kind == "implied":
            seen[mark.path] = mark
    return found


def _iterate_marks(text: str) -> Iterator[_Mark]:
    table: KeyPath = ()
    elements: dict[KeyPath, int] = {}
    containers: list[_Container] = []
    value: KeyPath = ()
    line, start, end = 1, 0, 0
    while found := (_IN_VALUE if containers else _AT_TOP).search(text, end):
        line += text.count("\n", start, found.start())
        start, end = found.span()
        inner = containers[-1] if containers else None
        match found.lastgroup:
            case "header":
                *parents, last = _split_key(found["header"])
                table = ()
                for part in parents:
                    table = (*table, part)
                    yield _Mark(table, line, "implied")
                    if table in elements:
                        table = (*table, elements[table])
                table = (*table, last)
                if found["element"]:
                    yield _Mark(table, line, "list")
                    elements[table] = elements.get(table, -1) + 1
                    table = (*table, elements[table])
                yield _Mark(table, line, "table")
            case "key":
                *parents, last = _split_key(found["key"])
                value = inner.path if inner else table
                for part in parents:
                    value = (*value, part)
                    yield _Mark(value, line, "dotted")
                value = (*value, last)
                yield _Mark(value, line, "key")
            case "value" | "opening":
                if inner and inner.is_array:
                    value = (*inner.path, inner.number)
                    yield _Mark(value, line, "item")
                if found["opening"] and len(containers) < _MAX_DEPTH:
                    containers.append(_Container(value, found[0] == "["))
            case "closing" if inner:
                containers.pop()
            case "comma" if inner:
                inner.number += 1


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
