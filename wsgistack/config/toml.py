"""A configuration in TOML: the text of a file as a table."""

import re
import tomllib
from pathlib import Path

from wsgistack.config.lines import duplicates
from wsgistack.errors import ConfigError, Mistake, Where

__all__ = ["toml_table"]

_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_HINTS = {"Invalid value": "a text stands in quotes", "Invalid statement": "a comment begins with #"}
_TWICE = re.compile(r"Cannot|Duplicate")


def toml_table(text: str, path: Path) -> dict[str, object]:
    """The table that a text describes.

    :param path: the file that it comes from, for the mistakes.
    :raises ConfigError: it is no TOML, or sets a key twice: then both lines are named.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # some numbers are too long for Python, and some tables too deep
        said = str(error)
        twice = [
            Mistake(f"set a second time, after line {first}", ".".join(map(str, at)), where=Where(str(path), second))
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
