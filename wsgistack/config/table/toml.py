"""Tables of TOML, or like it: the text of a file as a table, the line of each key, and mistakes with their places."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TypeAlias

from wsgistack.config.place import Place
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type, make_file_error, suggest

__all__ = ["KeyPath", "Table", "find_lines", "line_at", "read_toml"]

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
    "Unclosed array": "separate items with commas, and close the list",
    "Invalid statement": "a comment begins with #",
    "Cannot": _ALREADY_SET,
    "Duplicate": _ALREADY_SET,
}
_MEANT = {"application": "app", **dict.fromkeys(("middleware", "middlewares", "pipeline"), "layers")}
_NOT_A_LIST = ("filter", "filters")


def read_toml(text: str, path: Path) -> dict[str, object]:
    """The table that a text describes, without a key that is set twice."""
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
        raise make_file_error(path, f"invalid TOML: {problem}", line=line, hint=hint) from error


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


def _suggest_layers(key: str | int, value: object) -> str:
    """The hint for a list under a name that is only that of a table."""
    return "did you mean 'layers'?" if key in _NOT_A_LIST and isinstance(value, (list, tuple)) else ""


class Table:
    """A table of tables, as TOML has it."""

    def __init__(self, content: Mapping[str, object], file: str, lines: Mapping[KeyPath, int]) -> None:
        self.file = file
        self.lines = lines
        self.mistakes: Mistakes = Mistakes()
        with self.mistakes.collect():
            self.check_table(content, ())
        self.content: dict[str, object] = {key: value for key, value in content.items() if isinstance(key, str)}

    def place(self, at: KeyPath) -> Place:
        """The place of a value, or of the innermost thing around it that has a line."""
        return Place(Where(self.file, line_at(at, self.lines), ".".join(map(str, at[:-1]))), str(at[-1]))

    def places(self, at: KeyPath, names: Collection[str]) -> dict[str, Where]:
        """The places of some keys of a table."""
        return {name: self.place((*at, name)).where for name in names}

    def check_keys(self, at: KeyPath, table: Mapping[str, object], known: Collection[str]) -> None:
        """Refuse keys that a table cannot have."""
        for key, value in table.items():
            if key not in known:
                hint = _suggest_layers(key, value) or suggest(_MEANT.get(key, key), known)
                self.mistakes.append(self.place((*at, key)).mistake("unknown key", hint=hint))

    def check_table(self, value: object, at: KeyPath, expected: str = "a table") -> dict[str, object]:
        """A value as a table."""
        if not isinstance(value, Mapping):
            hint = _suggest_layers(at[-1], value) if len(at) == 1 else ""
            raise ConfigError(self.place(at).mistake(describe_type(value), expected=expected, hint=hint))
        odd = [key for key in value if not isinstance(key, str)]
        if odd:
            raise ConfigError(*(self.place((*at, repr(key))).mistake("invalid key", expected="text") for key in odd))
        return dict(value)

    def get_tables(self, key: str, example: str) -> dict[str, dict[str, object]]:
        """The tables in a table at the top.

        :param example: such a table, for messages.
        """
        found = {}
        expected = f"a table such as {example}"
        with self.mistakes.collect():
            for name, value in self.check_table(self.content.get(key, {}), (key,)).items():
                with self.mistakes.collect():
                    found[name] = self.check_table(value, (key, name), expected)
        return found

    def get_texts(self, within: Mapping[str, object], at: KeyPath) -> dict[str, str]:
        """The table under the last key of a path, with its numbers and booleans as text."""
        found: dict[str, str] = {}
        with self.mistakes.collect():
            for key, value in self.check_table(within.get(str(at[-1]), {}), at).items():
                if isinstance(value, str | int | float):
                    found[key] = str(value).lower() if isinstance(value, bool) else str(value)
                else:
                    self.mistakes.append(self.place((*at, key)).mistake(describe_type(value), expected="text"))
        return found
