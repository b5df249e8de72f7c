"""Turning a configured value, text or typed, into what an annotation asks for."""

import re
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from collections.abc import Set as AbstractSet
from fractions import Fraction
from functools import partial
from inspect import Parameter
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from wsgistack.errors import ConfigError, nearest
from wsgistack.imports import import_object
from wsgistack.references import Resolved, plain

__all__ = ["UnfitError", "convert", "describe"]

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_NOTHING = ("", "none")
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?) ?(?:([kKMGT])(i?))?B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_NAMES: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    NoneType: "none",
}
_MAPPINGS = (dict, Mapping, MutableMapping)
_COLLECTIONS: dict[object, Callable[[Iterable[object]], object]] = {
    tuple: tuple,
    Sequence: tuple,
    Collection: tuple,
    Iterable: tuple,
    list: list,
    MutableSequence: list,
    frozenset: frozenset,
    AbstractSet: frozenset,
    set: set,
    MutableSet: set,
}


class UnfitError(Exception):
    """A value that an annotation does not allow.

    :param expected: what it does allow.
    :param hint: the nearest right value.
    """

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(expected, hint)
        self.expected = expected
        self.hint = hint


def convert(value: object, annotation: object, *, base: Path | None, text: bool) -> object:
    """Convert a value.

    :param annotation: one of bool, int, float, str, Path, Literal, a callable, a sequence, set or mapping, a union of
        them, a Size; a value for any other annotation is taken as it is.
    :param base: the folder that relative paths start from; None leaves them as they are.
    :param text: whether a value that is text may stand for another type, as in an ini file. What came from a reference
        always may, and no error tells what it is.
    :raises UnfitError: the annotation does not allow it.
    :raises ConfigError: it is an import string that can't be imported.
    """
    if isinstance(value, Resolved):
        try:
            return convert(str(value), annotation, base=base, text=True)
        except ConfigError:
            raise UnfitError(describe(annotation), "it can't be imported") from None
    again = partial(convert, base=base, text=text)
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        return _size(value) if "bytes" in marks else again(value, inner)
    if origin in (Union, UnionType):
        return _first_fit(value, annotation, text, again)
    if origin is Literal:
        return _one_of(value, get_args(annotation))
    kind = annotation if origin is None else origin
    if kind is Callable:
        if isinstance(value, str):
            return import_object(value)
        if not callable(value):
            raise UnfitError(describe(annotation))
        return value
    if not isinstance(kind, type | None):
        return plain(value)
    if kind in _SIMPLE:
        return _SIMPLE[kind](value, text)
    if kind is Path:
        if not isinstance(value, (str, Path)) or value == "":
            raise UnfitError(describe(annotation))
        return base / value if base else Path(value)
    if kind in _MAPPINGS:
        pairs = _mapping(value, text)
        of_key, of_value = get_args(annotation) or (Any, Any)
        return {again(key, of_key): again(item, of_value) for key, item in pairs.items()}
    if kind in _COLLECTIONS:
        items = list(_items(value, text))
        of_items = get_args(annotation) or (Any,)
        if kind is not tuple or of_items[1:] in ((), (...,)):
            of_items = of_items[:1] * len(items)
        if len(of_items) != len(items):
            raise UnfitError(f"{len(of_items)} items")
        return _COLLECTIONS[kind](map(again, items, of_items))
    return plain(value)


def describe(annotation: object) -> str:
    """Say in words what an annotation allows."""
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if annotation in (Parameter.empty, Any):
        return "anything"
    if origin is Annotated:
        return "a size such as 500, 64KiB or 10 MB" if "bytes" in arguments else describe(arguments[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(describe, arguments)))
    if origin is Literal:
        return " or ".join(map(str, arguments))
    kind = origin or annotation
    if kind is Callable:
        return "module:callable"
    if not isinstance(kind, type):
        return str(annotation)
    if kind in _NAMES:
        return _NAMES[kind]
    if kind in _MAPPINGS:
        return "a mapping, one name = value on each line in an ini file"
    if kind in _COLLECTIONS:
        items = describe(arguments[0]) if arguments else "anything"
        return f"a list, each item {items}"
    return kind.__name__


def _first_fit(value: object, union: object, text: bool, again: Callable[[object, object], object]) -> object:
    members = get_args(union)
    if text:  # any text would do for a str or a Path, wherever they stand
        members = (*sorted(members, key=lambda each: each not in (NoneType, bool, int, float)),)
    hints = []
    failed: ConfigError | None = None
    for member in members:
        try:
            return again(value, member)
        except UnfitError as unfit:
            hints.append(unfit.hint)
        except ConfigError as error:
            failed = error
    if failed:
        raise failed
    raise UnfitError(describe(union), next(filter(None, hints), ""))


def _one_of(value: object, allowed: tuple[object, ...]) -> object:
    for each in allowed:
        if value == each or (isinstance(value, str) and value == str(each)):
            return each
    names = [str(each) for each in allowed]
    raise UnfitError(" or ".join(names), nearest(str(value), names) if isinstance(value, str) else "")


def _bool(value: object, text: bool) -> bool:
    if text and isinstance(value, str) and value.lower() in _TRUTHS:
        return _TRUTHS[value.lower()]
    if isinstance(value, bool):
        return value
    raise UnfitError(_NAMES[bool], nearest(value, _TRUTHS) if isinstance(value, str) else "")


def _int(value: object, text: bool) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if text and isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,4000}", value):
        return int(value)
    raise UnfitError(_NAMES[int])


def _float(value: object, text: bool) -> float:
    if (isinstance(value, (int, float)) and not isinstance(value, bool)) or (text and isinstance(value, str)):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise UnfitError(_NAMES[float])


def _str(value: object, text: bool) -> str:
    if not isinstance(value, str):
        raise UnfitError(_NAMES[str])
    return value


def _none(value: object, text: bool) -> None:
    if value is not None and not (text and isinstance(value, str) and value.lower() in _NOTHING):
        raise UnfitError(_NAMES[NoneType])


_SIMPLE: dict[object, Callable[[object, bool], object]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    NoneType: _none,
    None: _none,
}


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UnfitError("a size such as 500, 64KiB or 10 MB")
    number, prefix, binary = found.groups(default="")
    return int(Fraction(number) * (1024 if binary else 1000) ** _POWERS[prefix])


def _items(value: object, text: bool) -> Iterable[object]:
    if isinstance(value, str):
        if not text:
            raise UnfitError("a list")
        return re.split(r"[\s,]+", value.strip(" \t\r\n,")) if value.strip(" \t\r\n,") else []
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        raise UnfitError("a list")
    return value


def _mapping(value: object, text: bool) -> Mapping[object, object]:
    if isinstance(value, Mapping):
        return value
    if not text or not isinstance(value, str):
        raise UnfitError("a mapping")
    pairs: dict[object, object] = {}
    for line in filter(None, map(str.strip, value.splitlines())):
        name, equals, item = line.partition("=")
        if not equals:
            raise UnfitError("name = value on each line")
        pairs[name.strip()] = item.strip()
    return pairs
