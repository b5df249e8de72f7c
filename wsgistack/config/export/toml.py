"""A table as TOML."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from wsgistack.config.words import digits
from wsgistack.errors import ConfigError, Mistake

__all__ = ["inline", "toml_text"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 100
_DEPTH_OF_PARTS = 2
_INLINE = ("app", "mounts")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED |= {chr(code): f"\\u{code:04X}" for code in (*range(0x20), 0x7F) if chr(code) not in _ESCAPED}


def toml_text(table: Mapping[str, Any]) -> str:
    """Write a table, with tables in it under headers of their own.

    :raises ConfigError: a value is of a type that TOML has not.
    """
    return "\n".join(_lines(table, ())).lstrip("\n") + "\n"


def inline(value: Any) -> str:
    """Write a value in one line.

    :raises ConfigError: TOML has no such value.
    """
    match value:
        case bool():
            return str(value).lower()
        case int():
            return digits(value)
        case float():
            return str(value)
        case str():
            return _quoted(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            pairs = ", ".join(f"{_key(key)} = {inline(each)}" for key, each in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list():
            return f"[{', '.join(map(inline, value))}]"
    raise ConfigError(Mistake(f"is of type {type(value).__name__}, which TOML has not"))


def _lines(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    below = {key: each for key, each in table.items() if isinstance(each, Mapping) and not _fits((*at, key), each)}
    if at and (len(below) < len(table) or not table):
        yield f"\n[{'.'.join(map(_key, at))}]"
    for key, value in table.items():
        if key not in below:
            try:
                yield f"{_key(key)} = {_in_lines(value)}"
            except ConfigError as error:
                raise ConfigError(*(each._replace(key=".".join((*at, key))) for each in error.mistakes)) from error
    for key, value in below.items():
        yield from _lines(value, (*at, key))


def _fits(at: tuple[str, ...], table: Mapping[str, Any]) -> bool:
    """Whether a table is small enough to be written in one line, and none of those that have a header at any rate."""
    is_flat = not any(isinstance(each, Mapping) for each in table.values())
    if not is_flat or (len(at) <= _DEPTH_OF_PARTS and at[-1] not in _INLINE):
        return False
    try:
        return len(inline(table)) <= _WIDTH
    except ConfigError:  # it is told with its place where it is written
        return True


def _in_lines(value: Any) -> str:
    """A list that is long, or has tables in it, with a line for each item."""
    written = inline(value)
    if isinstance(value, list) and (len(written) > _WIDTH or any(isinstance(each, Mapping) for each in value)):
        return "\n".join(["[", *(f"    {inline(each)}," for each in value), "]"])
    return written


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise ConfigError(Mistake("is a text that is not UTF-8"))
    return f'"{"".join(_ESCAPED.get(each, each) for each in text)}"'
