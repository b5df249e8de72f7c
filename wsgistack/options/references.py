"""References in configured values: to environment variables, and to files that hold a secret."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean

__all__ = [
    "Resolved",
    "Text",
    "find_referenced",
    "has_references",
    "is_only_references",
    "make_absolute",
    "map_leaves",
    "resolve",
    "suggest_reference",
    "unwrap_resolved",
]

_REFERENCE = re.compile(r"(\$+)\{([ \t]*[A-Za-z_][A-Za-z0-9_-]*[ \t]*):([^}]*)(\}?)")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-.*)?", re.DOTALL)
_WITHOUT_DEFAULT = re.compile(r"(?<!\$)\$\{(?:env:[A-Za-z_][A-Za-z0-9_]*(?::-)?|file:[^}]+)\}")
_NAMES = re.compile(r"^[^=$\n]+=", re.MULTILINE)
_COLLECTIONS = (list, tuple, set, frozenset)
_FIRST = 0xF0000  # the first character of a range that no text uses
_KINDS = ("env", "file")
_KNOWN = "${env:NAME}, ${env:NAME:-default} or ${file:path}"


class Text(str):
    """Text that may also be of another type, as every value of an ini file.

    :param template: the text, with a character of a private range for each reference in it.
    :param values: the texts of the references, in their order.
    """

    template: str
    values: Sequence[str]

    def __new__(cls, template: str, values: Sequence[str] = ()) -> Self:
        """Fill in the values."""
        made = super().__new__(cls, template.translate(dict(enumerate(values, _FIRST))))
        is_whole = len(template.strip()) == 1  # only a reference that is the whole text can be taken apart itself
        made.template, made.values = str(made) if is_whole else template, values
        return made

    def fill(self, part: str) -> Self:
        """Fill in the references in a part of the template, so that each stays one value."""
        return type(self)(part, self.values)


class Resolved(Text):
    """Text with references filled in, which may be a secret."""

    def __repr__(self) -> str:
        return "<secret>"


def suggest_reference(text: str) -> str:
    """The reference that is meant by ``${NAME}``, or by ``$NAME`` where there is such a variable; empty for others."""
    found = re.fullmatch(r"\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))", text.strip())
    is_meant = found and (found[1] or found[2] in os.environ)
    return f"did you mean ${{env:{found[1] or found[2]}}}?" if found and is_meant else ""


def has_references(value: object) -> bool:
    """Whether a value contains a reference, an escaped one, or a misspelt one."""
    return any(map(_has_reference, _leaves(value)))


def find_referenced(given: Mapping[str, object]) -> set[str]:
    """The names of the options whose values contain references."""
    return {name for name, value in given.items() if has_references(value)}


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
    ``$${env:NAME}`` is the text ``${env:NAME}``. Any other word before a colon, as in ``${evn:NAME}``, is a mistake.
    ``${...}`` without a colon stays unchanged. The text that is filled in is not searched for references. It stays one
    value, whatever is in it: a comma or a line break in it separates nothing, unless the reference is the whole text.

    :param base: the folder that relative paths start from; None for the current one.
    :returns: the same value, where each text with references is a :class:`Resolved`.
    """
    mistakes = Mistakes()

    def fill(text: str) -> Resolved:
        values: list[str] = []

        def mark(found: re.Match[str]) -> str:
            dollars, kind, body, end = found.groups()
            literal = "$" * (len(dollars) // 2)
            if len(dollars) % 2 == 0:
                return literal + found[0][len(dollars) :]
            with mistakes.collect():
                values.append(_fill(kind, body, end, base))
            return literal + chr(_FIRST + len(values) - 1)

        return Resolved(_REFERENCE.sub(mark, text), values)

    made = map_leaves(value, _has_reference, fill)
    mistakes.raise_if_any()
    return made


def make_absolute(value: object, *, base: Path) -> object:
    """The same value with absolute paths in its references to files, so that it can be used from another folder."""

    def with_path(found: re.Match[str]) -> str:
        dollars, kind, body, end = found.groups()
        path = str(base / body)
        is_reference = kind == "file" and body.strip() and end and len(dollars) % 2
        return f"{dollars}{{file:{path}}}" if is_reference and not {"}", "$"} & {*path} else found[0]

    return map_leaves(value, _has_reference, lambda text: _REFERENCE.sub(with_path, text))


def unwrap_resolved(value: object) -> object:
    """The same value with a plain ``str`` for each :class:`Text`, such as a :class:`Resolved`."""
    return map_leaves(value, lambda each: isinstance(each, Text), str)


def _leaves(value: Any) -> Iterator[object]:
    """Every value in a value that is not itself a collection."""
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if type(value) in _COLLECTIONS:
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _has_reference(value: object) -> bool:
    return isinstance(value, str) and _REFERENCE.search(value) is not None


def map_leaves(value: Any, is_concerned: Callable[[Any], bool], change: Callable[[Any], object]) -> Any:
    """The same value, where each one in it that is concerned is changed."""
    if not any(map(is_concerned, _leaves(value))):
        return value  # not a copy, because a value from Python may be of any type
    again = partial(map_leaves, is_concerned=is_concerned, change=change)
    if isinstance(value, Mapping):
        return {again(key): again(item) for key, item in value.items()}
    return type(value)(map(again, value)) if type(value) in _COLLECTIONS else change(value)


def _fill(kind: str, body: str, end: str, base: Path | None) -> str:
    start = f"${{{kind}:"
    if kind not in _KINDS:
        meant = _find_meant(kind.strip(), body)
        shown = start if meant else "${...:"  # another word may be a part of a secret
        hint = f"did you mean ${{{meant}...}}? For" if meant else "for"
        problem = f"unknown reference {shown}"
        raise ConfigError(Mistake(problem, expected=_KNOWN, hint=f"{hint} the text itself write ${shown}"))
    if not end or "${" in body:
        problem = "contains another one" if end else "is not closed"
        raise ConfigError(Mistake(f"reference {start} {problem}", expected=_KNOWN))
    return _variable(body) if kind == "env" else _file(body, base)


def _find_meant(word: str, body: str) -> str:
    """The beginning of the right reference for ``${evn:NAME}`` or ``${NAME:-default}``; empty for other words."""
    if body.startswith("-") and re.fullmatch("[A-Z_][A-Z0-9_]*", word):
        return f"env:{word}:-"
    return next((f"{kind}:" for kind in _KINDS if did_you_mean(word, [kind])), "")


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
    sys.audit("wsgistack.read", str(path))  # for serve --reload, which watches what is read
    try:
        return re.sub(r"\r?\n\Z", "", path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:  # a ValueError means that no file can have this name
        hint = "only ${env:...} can have a default" if ":-" in body else ""
        why = "it is not UTF-8" if isinstance(error, UnicodeError) else getattr(error, "strerror", error)
        raise ConfigError(Mistake(f"cannot read file {str(path)!r}: {why}", hint=hint)) from None
