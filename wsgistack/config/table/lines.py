"""The lines of a TOML document: where each of its tables, items and keys stands, which :mod:`tomllib` does not tell."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

__all__ = ["Path", "duplicates", "line_at", "lines_of"]

Path: TypeAlias = tuple[str | int, ...]
"""The keys on the way to a value, and the numbers of items, the first of which is 0."""

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
_DEEPEST = 1000  # tomllib goes less deep


class _Place(NamedTuple):
    path: Path
    line: int
    kind: str


@dataclass
class _Container:
    """An array or an inline table that is still open."""

    path: Path
    is_array: bool
    number: int = 0


def lines_of(text: str) -> dict[Path, int]:
    """Give the line of each table, item and key. A table without a header of its own stands where its first key does.

    :param text: a document that :mod:`tomllib` accepts. Of any other one, what can be made out is given.
    """
    lines: dict[Path, int] = {}
    for path, line, kind in _places(text):
        if kind in ("key", "table"):
            lines[path] = line
        else:
            lines.setdefault(path, line)
    return lines


def line_at(at: Path, lines: Mapping[Path, int]) -> int:
    """The line of a value, or of the innermost thing around it that has one; 0 where there is none."""
    return next((lines[at[:end]] for end in range(len(at), 0, -1) if at[:end] in lines), 0)


def duplicates(text: str) -> list[tuple[Path, int, int]]:
    """Give each key and table that is defined again, with the first line and the other one.

    :param text: any document. What stands after other errors than these may be misread.
    """
    found: list[tuple[Path, int, int]] = []
    seen: dict[Path, _Place] = {}
    for place in _places(text):
        first = seen.setdefault(place.path, place)
        if first is place:
            continue
        if (first.kind, place.kind) not in _REPEATABLE:
            found.append((place.path, first.line, place.line))
        elif first.kind == "implied":
            seen[place.path] = place
    return found


def _places(text: str) -> Iterator[_Place]:
    table: Path = ()
    elements: dict[Path, int] = {}
    containers: list[_Container] = []
    value: Path = ()
    line, start, end = 1, 0, 0
    while found := (_IN_VALUE if containers else _AT_TOP).search(text, end):
        line += text.count("\n", start, found.start())
        start, end = found.span()
        inner = containers[-1] if containers else None
        match found.lastgroup:
            case "header":
                *parents, last = _parts(found["header"])
                table = ()
                for part in parents:
                    table = (*table, part)
                    yield _Place(table, line, "implied")
                    if table in elements:
                        table = (*table, elements[table])
                table = (*table, last)
                if found["element"]:
                    yield _Place(table, line, "list")
                    elements[table] = elements.get(table, -1) + 1
                    table = (*table, elements[table])
                yield _Place(table, line, "table")
            case "key":
                *parents, last = _parts(found["key"])
                value = inner.path if inner else table
                for part in parents:
                    value = (*value, part)
                    yield _Place(value, line, "dotted")
                value = (*value, last)
                yield _Place(value, line, "key")
            case "value" | "opening":
                if inner and inner.is_array:
                    value = (*inner.path, inner.number)
                    yield _Place(value, line, "item")
                if found["opening"] and len(containers) < _DEEPEST:
                    containers.append(_Container(value, found[0] == "["))
            case "closing" if inner:
                containers.pop()
            case "comma" if inner:
                inner.number += 1


def _parts(key: str) -> list[str]:
    try:
        value: object = tomllib.loads(f"{key} = 0")
    except ValueError:  # an escape that TOML does not know
        return [key]
    parts = []
    while isinstance(value, dict):
        [(part, value)] = value.items()
        parts.append(part)
    return parts
