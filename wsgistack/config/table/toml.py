"""A configuration in TOML: the text of a file as a table."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsgistack.config.table.lines import duplicates, lines_of
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where

__all__ = ["toml_table"]

_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_HINTS = {"Invalid value": "a text stands in quotes", "Invalid statement": "a comment begins with #"}
_LONGEST = 10_000  # bits; Python writes no number of more than 4300 digits
_MAYBE_TOO_LONG = re.compile(r"0[xob]\w{2500}")
_TWICE = re.compile(r"Cannot|Duplicate")


def toml_table(text: str, path: Path) -> dict[str, object]:
    """The table that a text describes.

    :param path: the file that it comes from, for the mistakes.
    :raises ConfigError: it is no TOML, sets a key twice (then both lines are named), or holds a whole number
        that Python can read but not write, not even into a message.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # some numbers are too long for Python, and some tables too deep
        said = str(error)
        twice = [
            Mistake(
                f"set a second time, after line {first}", key=".".join(map(str, at)), where=Where(str(path), second)
            )
            for at, first, second in (duplicates(text) if _TWICE.match(said) else ())
        ]
        found = _LINE.search(said)
        problem, line, hint = _LINE.sub("", said), 0, ""
        if found and found[1]:
            line, hint = int(found[1]), _HINTS.get(problem, "")
        elif found:  # at the end
            line = text.rstrip().count("\n") + 1
        other = Mistake(f"not TOML: {problem}", where=Where(str(path), line), hint=hint)
        raise ConfigError(*(twice or [other])) from error
    if _MAYBE_TOO_LONG.search(text):
        _raise_if_too_long(table, lines_of(text), path)
    return table


def _raise_if_too_long(table: dict[str, object], lines: Mapping[tuple[str | int, ...], int], path: Path) -> None:
    mistakes = Mistakes()
    for at, line in lines.items():
        value: Any = table
        for key in at:
            value = value[key]
        if isinstance(value, int) and value.bit_length() > _LONGEST:
            where = Where(str(path), line, ".".join(map(str, at[:-1])))
            mistakes.append(
                Mistake("the number is too long", key=str(at[-1]), expected=f"at most {_LONGEST} bits", where=where)
            )
    mistakes.raise_if_any()
