"""Values and conditions in the words that people are shown."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import cast

from wsgistack.imports import import_string_of
from wsgistack.options.conversion import label
from wsgistack.options.secrets import REDACTED

__all__ = ["as_text", "describe_condition", "describe_use", "describe_value"]


def describe_value(value: object) -> str:
    """Describe the value of an option."""
    if isinstance(value, Enum):
        return label(value)
    if value is None or isinstance(value, bool | int):
        return as_text(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{describe_value(key)}: {describe_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple | AbstractSet):
        words = map(describe_value, value)
        return f"[{', '.join(sorted(words) if isinstance(value, AbstractSet) else words)}]"
    if callable(value) and hasattr(value, "__qualname__"):
        return import_string_of(value)
    return str(value) if isinstance(value, Path) or value == REDACTED else repr(value)


def describe_use(use: object) -> str:
    """Describe what a layer, an application or a server uses."""
    return use if isinstance(use, str) else describe_value(use)


def as_text(value: object) -> str:
    """Write a single value as an ini file does."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    try:
        return str(value)
    except ValueError:  # Python writes very long integers only in hexadecimal digits
        return hex(cast(int, value))


def describe_condition(when: object) -> list[str]:
    """Describe a normalized condition, with a line for each part that a request must match."""
    return [f"when {part}" for part in _describe_parts(when)]


def _describe_parts(when: object) -> list[str]:
    keys = when if isinstance(when, Mapping) else {"call": when}
    return [_describe_negated(value) if key == "not" else _describe_key(key, value) for key, value in keys.items()]


def _describe_negated(when: object) -> str:
    parts = _describe_parts(when)
    return f"not {parts[0]}" if len(parts) == 1 else f"not ({' and '.join(parts)})"


def _describe_key(key: str, value: object) -> str:
    if key == "call":
        return value if isinstance(value, str) else describe_value(value)
    if isinstance(value, Mapping):
        return " and ".join(f"{key} {name} = {', '.join(globs)}" for name, globs in value.items())
    return f"{key} = {', '.join(cast(tuple[str, ...], value))}"
