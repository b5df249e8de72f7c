"""Writes a table as TOML, which the standard library only reads."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wsgistack.config.words import as_text

__all__ = ["format_toml", "format_value"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MAX_WIDTH = 100


def format_toml(table: Mapping[str, Any]) -> str:
    """Write a table of values that TOML has, with headers for the tables in it."""
    return "\n".join(_lines(table, ())).lstrip("\n") + "\n"


def format_value(value: Any) -> str:
    """Write a value in one line."""
    match value:
        case str():
            quoted = json.dumps(value, ensure_ascii=False)
            return "".join(each if each.isprintable() else _escape(each) for each in quoted)
        case Mapping():
            return f"{{ {', '.join(f'{_key(key)} = {format_value(each)}' for key, each in value.items())} }}"
        case list():
            return f"[{', '.join(map(format_value, value))}]"
        case bool() | int() | float():
            return as_text(value)
    written: str = value.isoformat()  # a date or a time
    return written


def _lines(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    tables = {key: each for key, each in table.items() if isinstance(each, Mapping)}
    if at and (len(tables) < len(table) or not table):
        yield f"\n[{'.'.join(map(_key, at))}]"
    for key, value in table.items():
        if key not in tables:
            yield f"{_key(key)} = {_format_list(value) if isinstance(value, list) else format_value(value)}"
    for key, value in tables.items():
        yield from _lines(value, (*at, key))


def _format_list(value: list[Any]) -> str:
    """A list in one line; or one line for each item, if it is long or holds tables."""
    written = format_value(value)
    if len(written) > _MAX_WIDTH or any(isinstance(each, Mapping) for each in value):
        return "\n".join(["[", *(f"    {format_value(each)}," for each in value), "]"])
    return written


def _escape(character: str) -> str:
    """Escape what TOML does not allow in text, or what would control a terminal."""
    return f"\\U{ord(character):08x}" if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else format_value(key)
