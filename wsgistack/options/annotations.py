"""Annotations: their parts, and a description of what they allow."""

from collections.abc import (
    Callable,
    Collection,
    Container,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import Enum
from functools import partial
from inspect import Parameter
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from wsgistack.types import Secret

__all__ = [
    "COLLECTIONS",
    "DURATION",
    "MAPPINGS",
    "SIZE",
    "UNIONS",
    "describe",
    "is_enum",
    "is_secret",
    "label",
    "parts",
    "quantity",
    "rank",
    "unwrap_alias",
]

SIZE = "a size such as 500, 64KiB or 10 MB"
DURATION = "a duration such as 1.5s, 10m or 1h30m"
_ALIASES = ("NewType", "TypeAliasType")  # as typing has them from Python 3.12 on, and typing_extensions before
UNIONS = (Union, UnionType)
MAPPINGS = (dict, Mapping, MutableMapping)
COLLECTIONS: dict[object, Callable[[Iterable[object]], object]] = {
    tuple: tuple,
    Sequence: tuple,
    Collection: tuple,
    Container: tuple,
    Iterable: tuple,
    list: list,
    MutableSequence: list,
    frozenset: frozenset,
    AbstractSet: frozenset,
    set: set,
    MutableSet: set,
}
_NAMES: dict[object, str] = {
    Parameter.empty: "anything",
    Any: "anything",
    object: "anything",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    NoneType: "none",
    None: "none",
    Callable: "module:callable",
}


def unwrap_alias(annotation: Any) -> Any:
    """The annotation behind a ``NewType`` or a ``type`` alias; any other annotation unchanged."""
    if type(get_origin(annotation) or annotation).__name__ in _ALIASES:
        with suppress(Exception):  # only a type checker may be able to read the alias
            return unwrap_alias(getattr(annotation, "__supertype__", None) or annotation.__value__)
    return annotation


def parts(annotation: object, within: tuple[object, ...] = ()) -> Iterator[object]:
    """All annotations and marks in an annotation, at any depth.

    :param within: the annotations around it, because an alias may contain itself.
    """
    meant = unwrap_alias(annotation)
    yield meant
    is_known = meant is not annotation and annotation in within
    for each in () if is_known else get_args(meant):
        yield from parts(each, (*within, annotation))


def is_secret(annotation: object) -> bool:
    """Whether a value, or a part of it, must not be shown. An annotation that was not evaluated is searched as text."""
    if isinstance(annotation, str):
        return Secret.__name__ in annotation
    return any(each is Secret or isinstance(each, Secret) for each in parts(annotation))


def quantity(annotation: object) -> str:
    """The description of the quantity that an annotation asks for; empty for others."""
    meant = unwrap_alias(annotation)
    if get_origin(meant) is not Annotated:
        return ""
    inner, *marks = get_args(meant)
    inner = unwrap_alias(inner)
    if inner is int and "bytes" in marks:
        return SIZE
    return DURATION if inner is float and "seconds" in marks else ""


def rank(annotation: object) -> int:
    """How many texts an annotation allows: 0 for a few words, 1 for none, 2 for numbers, 3 for any text."""
    meant = unwrap_alias(annotation)
    origin = get_origin(meant)
    if quantity(meant) or meant in (bool, int, float):
        return 2
    if origin is Annotated:
        return rank(get_args(meant)[0])
    if origin in UNIONS:
        return max(map(rank, get_args(meant)))
    if meant in (None, NoneType):
        return 1
    return 0 if origin is Literal or is_enum(meant) else 3


def is_enum(annotation: object) -> bool:
    """Whether an annotation is an Enum."""
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def label(value: object) -> str:
    """A value of an Enum or a Literal as it is written in a file."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def describe(annotation: object, within: tuple[object, ...] = ()) -> str:
    """Describe what an annotation allows.

    :param within: the annotations around it, because an alias may contain itself.
    """
    meant: Any = annotation if annotation in within else unwrap_alias(annotation)
    again = partial(describe, within=(*within, annotation))
    origin: Any = get_origin(meant)
    arguments = get_args(meant)
    if quantity(meant):
        return quantity(meant)
    if origin is Annotated:
        return again(arguments[0])
    if origin in UNIONS:
        return " or ".join(dict.fromkeys(map(again, arguments)))
    if origin is Literal or is_enum(meant):
        return " or ".join(map(label, arguments or meant))
    kind: Any = origin or meant
    has_name = isinstance(kind, type) or kind in (Any, None)
    if not has_name:
        return str(meant)
    if kind in MAPPINGS:
        return "a mapping, one name = value on each line in an ini file"
    if kind is tuple and arguments and arguments[-1] is not ...:
        return f"a list of exactly {len(arguments)}: {', '.join(map(again, arguments))}"
    if kind in COLLECTIONS:
        return f"a list, each item {again(arguments[0]) if arguments else 'anything'}"
    return _NAMES.get(kind) or kind.__name__
