"""A table as a module in Python."""

from collections.abc import Mapping
from datetime import date, time
from math import isfinite
from typing import Any

from wsgistack.config.words import digits
from wsgistack.errors import ConfigError, Mistake

__all__ = ["literal", "python_text"]

_WIDTH = 100
_INDENT = "    "


def python_text(table: Mapping[str, Any]) -> str:
    """Write a table as the ``config`` of a module.

    :raises ConfigError: a value is of a type that has no literal.
    """
    text = f"config = {_block(dict(table), '')}\n"
    return f"import datetime\n\n{text}" if "datetime." in text else text


def literal(value: Any) -> str:
    """Write a value in one line.

    :raises ConfigError: it is of a type that has no literal.
    """
    match value:
        case str():
            return _quoted(value)
        case None | bool() | bytes() | date() | time():
            return repr(value)
        case int():
            return digits(value)
        case float():
            return repr(value) if isfinite(value) else f'float("{value}")'
        case dict():
            return f"{{{', '.join(f'{literal(key)}: {literal(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case tuple():
            return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
        case set() | frozenset():
            return f"{type(value).__name__}([{', '.join(sorted(map(literal, value)))}])"
    raise ConfigError(Mistake(f"is of type {type(value).__name__}, which Python has no literal for"))


def _block(value: Any, indent: str) -> str:
    """A value in one line, or if that is too long, each item in one of its own."""
    written = literal(value)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not items or (indent and len(indent) + len(written) <= _WIDTH):
        return written
    inner = indent + _INDENT
    names = [f"{literal(key)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    lines = [f"{inner}{name}{_block(each, inner)}," for name, each in zip(names, items, strict=True)]
    opening, closing = written[0], written[-1]
    return "\n".join([opening, *lines, f"{indent}{closing}"])


def _quoted(text: str) -> str:
    written = repr(text)
    return written if '"' in written else f'"{written[1:-1]}"'
