"""Writes a table as TOML, which the standard library only reads."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake

__all__ = ["format_toml", "format_value"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MAX_WIDTH = 100
_INLINE = ("app", "mounts")
_NAMED_DEPTH = 2  # the depth of tables to which people give names, such as apps.shop
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPES |= {chr(code): f"\\u{code:04X}" for code in (*range(0x20), 0x7F) if chr(code) not in _ESCAPES}


def format_toml(table: Mapping[str, Any]) -> str:
    """Write a table, with headers for the tables in it.

    :raises ConfigError: TOML has no form for a value.
    """
    return "\n".join(_lines(table, ())).lstrip("\n") + "\n"


def format_value(value: Any) -> str:
    """Write a value in one line.

    :raises ConfigError: TOML has no form for it.
    """
    match value:
        case bool() | int() | float():
            return as_text(value)
        case str():
            return _quote(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            pairs = ", ".join(f"{_key(key)} = {format_value(each)}" for key, each in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list():
            return f"[{', '.join(map(format_value, value))}]"
    raise ConfigError(Mistake(f"TOML has no values of type {type(value).__name__}"))


def _lines(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    below = {key: each for key, each in table.items() if isinstance(each, Mapping) and not _fits((*at, key), each)}
    if at and (len(below) < len(table) or not table):
        yield f"\n[{'.'.join(map(_key, at))}]"
    for key, value in table.items():
        if key not in below:
            try:
                yield f"{_key(key)} = {_format_list(value) if isinstance(value, list) else format_value(value)}"
            except ConfigError as error:
                raise ConfigError(*(each._replace(key=".".join((*at, key))) for each in error.mistakes)) from error
    for key, value in below.items():
        yield from _lines(value, (*at, key))


def _fits(at: tuple[str, ...], table: Mapping[str, Any]) -> bool:
    """Whether a table is written in one line, after its key, and not under a header."""
    is_flat = not any(isinstance(each, Mapping) for each in table.values())
    is_inline = at[-1] in _INLINE and len(at) != _NAMED_DEPTH
    if not is_flat or (len(at) <= _NAMED_DEPTH and not is_inline):
        return False
    try:
        return len(format_value(table)) <= _MAX_WIDTH
    except ConfigError:  # reported where the table is written
        return True


def _format_list(value: list[Any]) -> str:
    """A list in one line; or one line for each item, if it is long or holds tables."""
    written = format_value(value)
    if len(written) > _MAX_WIDTH or any(isinstance(each, Mapping) for each in value):
        return "\n".join(["[", *(f"    {format_value(each)}," for each in value), "]"])
    return written


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quote(key)


def _quote(text: str) -> str:
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise ConfigError(Mistake("cannot be written in UTF-8"))
    return f'"{"".join(_ESCAPES.get(each, each) for each in text)}"'
