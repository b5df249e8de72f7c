"""Values and conditions in words, as people are shown them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import cast

from wsgistack.imports import import_string_of
from wsgistack.options.annotations import label
from wsgistack.options.secrets import REDACTED

__all__ = ["as_text", "condition_in_words", "digits", "in_words", "use_in_words"]


def in_words(value: object) -> str:
    """A value of an option."""
    if isinstance(value, Enum):
        return label(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{in_words(key)}: {in_words(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple | AbstractSet):
        words = map(in_words, value)
        return f"[{', '.join(sorted(words) if isinstance(value, AbstractSet) else words)}]"
    if type(value) is int:
        return digits(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return import_string_of(value)
    return str(value) if isinstance(value, Path) or value == REDACTED else repr(value)


def use_in_words(use: object) -> str:
    """What a layer, an application or a server uses, as it is written."""
    return use if isinstance(use, str) else in_words(use)


def as_text(value: object) -> str:
    """A plain value that is no list or mapping, as text."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return digits(value) if isinstance(value, int) else str(value)


def digits(number: int) -> str:
    """A whole number, however long it is: Python writes a very long one in hexadecimal digits alone."""
    try:
        return str(number)
    except ValueError:
        return hex(number)


def condition_in_words(when: object) -> list[str]:
    """A condition in its canonical form, a line for each of what has to be true."""
    return [f"when {part}" for part in _parts(when)]


def _parts(when: object) -> list[str]:
    asked = when if isinstance(when, Mapping) else {"call": when}
    return [_negated(value) if key == "not" else _asked(key, value) for key, value in asked.items()]


def _negated(when: object) -> str:
    parts = _parts(when)
    return f"not {parts[0]}" if len(parts) == 1 else f"not ({' and '.join(parts)})"


def _asked(key: str, value: object) -> str:
    if key == "call":
        return value if isinstance(value, str) else in_words(value)
    if isinstance(value, Mapping):
        return " and ".join(f"{key} {name} = {', '.join(globs)}" for name, globs in value.items())
    return f"{key} = {', '.join(cast(tuple[str, ...], value))}"
