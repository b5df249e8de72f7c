"""References in configured values: to environment variables, and to files that hold a secret."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean

__all__ = ["Resolved", "has_references", "is_only_references", "make_absolute", "resolve", "unwrap_resolved"]

_REFERENCE = re.compile(r"(\$+)\{([ \t]*(?i:env|file)[ \t]*):([^}]*)(\}?)")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-.*)?", re.DOTALL)
_WITHOUT_DEFAULT = re.compile(r"(?<!\$)\$\{(?:env:[A-Za-z_][A-Za-z0-9_]*(?::-)?|file:[^}]+)\}")
_NAMES = re.compile(r"^[^=$]+=", re.MULTILINE)
_COLLECTIONS = (list, tuple, set, frozenset)
_KNOWN = "${env:NAME}, ${env:NAME:-default} or ${file:path}"


class Resolved(str):
    """Text with references filled in: it may be a secret, and it may stand for another type."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


def has_references(value: object) -> bool:
    """Whether a value contains a reference, an escaped one, or a misspelt one."""
    return any(map(_REFERENCE.search, _texts(value)))


def is_only_references(value: object, is_mapping: bool = False) -> bool:
    """Whether a value is nothing but references without defaults, so that no secret can be in it.

    :param is_mapping: whether text may be a mapping, with a name before each reference.
    """
    if isinstance(value, str):
        return not _WITHOUT_DEFAULT.sub("", _NAMES.sub("", value) if is_mapping else value).strip(" \t\r\n,")
    if isinstance(value, Mapping):
        value = [*value.values()]
    if type(value) not in _COLLECTIONS:
        return False
    return all(is_only_references(each) for each in cast("list[object]", value))


def resolve(value: object, *, base: Path | None) -> object:
    """Fill in the references in a text, or in the texts of a list or mapping.

    ``${env:NAME}`` is an environment variable, ``${env:NAME:-default}`` the default where it is unset or empty, and
    ``${file:path}`` the text of a file in UTF-8 without the newline at its end. Write two dollars for one:
    ``$${env:NAME}`` is the text ``${env:NAME}``. Any other ``${...}`` stays unchanged. The text that is filled in is
    not searched for references. Otherwise it is read as if it was written there: commas in it separate items of a list.

    :param base: the folder that relative paths start from; None for the current one.
    :returns: the same value, where each text with references is a :class:`Resolved`.
    :raises ConfigError: a variable is not set, a file can't be read, or a reference is malformed.
    """
    mistakes = Mistakes()

    def filled(found: re.Match[str]) -> str:
        dollars, kind, body, end = found.groups()
        literal = "$" * (len(dollars) // 2)
        if len(dollars) % 2 == 0:
            return literal + found[0][len(dollars) :]
        with mistakes.collect():
            return literal + _filled(kind, body, end, base)
        return ""

    made = _changed(value, _REFERENCE.search, lambda text: Resolved(_REFERENCE.sub(filled, text)))
    mistakes.raise_if_any()
    return made


def make_absolute(value: object, *, base: Path) -> object:
    """The same value with absolute paths in its references to files, so that it can be used from another folder.

    :param base: the folder that relative paths start from.
    """

    def with_path(found: re.Match[str]) -> str:
        dollars, kind, body, end = found.groups()
        path = str(base / body)
        is_reference = kind == "file" and body.strip() and end and len(dollars) % 2
        return f"{dollars}{{file:{path}}}" if is_reference and not {"}", "$"} & {*path} else found[0]

    return _changed(value, _REFERENCE.search, lambda text: _REFERENCE.sub(with_path, text))


def unwrap_resolved(value: object) -> object:
    """The same value with a plain ``str`` for each :class:`Resolved`."""
    return _changed(value, lambda text: isinstance(text, Resolved), str)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value.keys(), *value.values()])
    elif type(value) in _COLLECTIONS:
        for item in value:
            yield from _texts(item)


def _changed(value: Any, is_concerned: Callable[[str], object], change: Callable[[str], str]) -> Any:
    if not any(map(is_concerned, _texts(value))):
        return value  # not a copy, because a value from Python may be of any type
    again = partial(_changed, is_concerned=is_concerned, change=change)
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {again(key): again(item) for key, item in value.items()}
    return type(value)(map(again, value))


def _filled(kind: str, body: str, end: str, base: Path | None) -> str:
    known = kind.strip().lower()
    start = f"${{{kind}:"
    if kind != known:
        hint = f"did you mean ${{{known}:...}}? For the text itself write ${start}"
        raise ConfigError(Mistake(f"unknown reference {start}", expected=_KNOWN, hint=hint))
    if not end or "${" in body:
        problem = "contains another one" if end else "is not closed"
        raise ConfigError(Mistake(f"reference {start} {problem}", expected=_KNOWN))
    return _variable(body) if kind == "env" else _file(body, base)


def _variable(body: str) -> str:
    found = _VARIABLE.fullmatch(body)
    if not found:
        expected = "a name of letters, digits and underscores in ${env:NAME} or ${env:NAME:-default}"
        raise ConfigError(Mistake("malformed reference to an environment variable", expected=expected))
    name, default = found.groups()
    value = os.environ.get(name)
    if not value and default:
        return default.removeprefix(":-")
    if value is None:
        near = did_you_mean(name, os.environ)  # a list of all variables could show a secret
        hint = near or f"set it, or write a default: ${{env:{name}:-default}}"
        raise ConfigError(Mistake(f"environment variable {name} is not set", hint=hint))
    if any("\ud800" <= each <= "\udfff" for each in value):
        raise ConfigError(Mistake(f"environment variable {name} is not UTF-8"))
    return value


def _file(body: str, base: Path | None) -> str:
    if not body.strip():
        raise ConfigError(Mistake("reference to a file has no path", expected="${file:path}"))
    path = base / body if base else Path(body)
    try:
        return re.sub(r"\r?\n\Z", "", path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:  # a ValueError means that no file can have this name
        hint = "only ${env:...} can have a default" if ":-" in body else ""
        why = "it is not UTF-8" if isinstance(error, UnicodeError) else getattr(error, "strerror", error)
        raise ConfigError(Mistake(f"cannot read file {str(path)!r}: {why}", hint=hint)) from None
