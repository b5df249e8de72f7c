"""Values and conditions in the words that people are shown."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import Path

from wsgistack.imports import import_string_of
from wsgistack.options.conversion import label
from wsgistack.options.secrets import REDACTED

__all__ = ["describe_condition", "describe_use", "describe_value"]


def describe_value(value: object) -> str:
    """Describe the value of an option."""
    if value is None or isinstance(value, Enum | int):
        return label(value)
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


def describe_condition(when: object, key: str = "when") -> dict[str, str]:
    """Describe each part of a normalized condition, by keys such as ``when.not.path``; None has no parts."""
    if when is None:
        return {}
    if isinstance(when, Mapping):
        return {name: text for each in when for name, text in describe_condition(when[each], f"{key}.{each}").items()}
    return {key: ", ".join(when) if isinstance(when, tuple) else describe_use(when)}
