"""Values of options as a file can hold them: truths, numbers, texts, none, dates, lists and mappings."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from wsgistack.config.matching import alike
from wsgistack.config.protocols import PasteFactory
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import import_object, import_string_of
from wsgistack.options.annotations import label
from wsgistack.pipeline.spec import Spec

__all__ = ["import_string", "plain", "readable", "without_none"]


def plain(value: Any) -> Any:
    """A value as TOML or JSON would have it. What these have no form for stays what it is.

    :raises ConfigError: it is a callable that no import string leads to.
    """
    if isinstance(value, Enum):
        return label(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {as_text(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(map(plain, value), key=repr)
    if isinstance(value, list | tuple):
        return [*map(plain, value)]
    return import_string(value) if callable(value) else value


def without_none(value: Any) -> Any:
    """A plain value with the word none for each none in it, as TOML has no other."""
    if isinstance(value, Mapping):
        return {key: without_none(each) for key, each in value.items()}
    if isinstance(value, list):
        return [*map(without_none, value)]
    return "none" if value is None else value


def import_string(found: Any) -> str:
    """What names a callable in a file.

    :raises ConfigError: nothing does: it is a part of something else, or was made where no module holds it.
    """
    if isinstance(found, PasteFactory):
        return found.uri
    text = import_string_of(found)
    try:
        is_there = import_object(text) is found
    except ConfigError:
        is_there = False
    if not is_there:
        what = getattr(found, "__qualname__", type(found).__name__)
        raise ConfigError(Mistake(f"{what} can't be written", expected="what an import string names"))
    return text


def readable(spec: Spec, name: str, candidates: Iterable[object], *, base: Path, is_text: bool) -> object:
    """The first of some forms of an option that reads back as the value that it has.

    :param base: the folder that relative paths start from.
    :param is_text: whether it is read as from an ini file.
    :raises ConfigError: there is none.
    """
    for each in candidates:
        values, mistakes = spec.schema().check({name: each}, base=base, text=is_text)
        if not mistakes and alike(values[name], spec.options[name]):
            return each
    raise ConfigError(Mistake("has a value that can't be written so that the same is read again", key=name))
