"""Converting a value from a configuration to the type of an annotation."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from wsgistack.errors import ConfigError
from wsgistack.imports import import_object
from wsgistack.options.annotations import COLLECTIONS, MAPPINGS, UNIONS, describe, is_enum, quantity, rank, unwrap_alias
from wsgistack.options.references import Resolved, unwrap_resolved
from wsgistack.options.scalars import SCALARS, UnfitError, as_literal, as_member, as_quantity

__all__ = ["UnfitError", "convert", "describe"]

_BRACKETED_WORD = re.compile(r"""\[[^][{}"',\s]+\][^\s,]""")  # the beginning of a glob or an IPv6 address
_Again = Callable[[object, object], object]


def convert(value: object, annotation: object, *, base: Path | None, text: bool) -> object:
    """Convert a value.

    In a union, the narrowest member that fits converts the text: a Literal or Enum first, then None, numbers, and the
    others in the order in which they are written. The word none means None there, also in TOML, which has no null.

    :param annotation: one of bool, int, float, str, None, Path, Literal, an Enum, a Size, a Duration, a
        callable, a sequence, set or mapping, a union of them, or an alias of one of them. With any other
        annotation the value stays unchanged.
    :param base: the folder that relative paths start from; None leaves them as they are.
    :param text: whether text may be of another type, as in an ini file: items of a list separated by spaces or commas,
        a line with name = value for each item of a mapping, or a list or mapping in TOML. A :class:`Resolved` text
        always may, and no error shows it.
    :raises UnfitError: the annotation does not allow it.
    :raises ConfigError: it is an import string that can't be imported.
    """
    if isinstance(value, Resolved):
        try:
            return convert(str(value), annotation, base=base, text=True)
        except ConfigError:
            raise UnfitError(describe(annotation), "it can't be imported") from None
    annotation = unwrap_alias(annotation)
    origin = get_origin(annotation)
    again = partial(convert, base=base, text=text)
    if origin in UNIONS:
        return _first_fit(value, annotation, again)
    if origin is Literal:
        return as_literal(value, get_args(annotation), text)
    if origin is Annotated:
        asked = quantity(annotation)
        return as_quantity(value, asked) if asked else again(value, get_args(annotation)[0])
    kind: Any = origin or annotation
    is_known = isinstance(kind, type) or kind is None
    if not is_known:
        return unwrap_resolved(value)
    if kind in SCALARS:
        return SCALARS[kind](value, text)
    if kind in MAPPINGS:
        return _mapping(value, annotation, base, text)
    if kind in COLLECTIONS:
        return _collection(value, annotation, base, text)
    if is_enum(kind):
        return as_member(value, kind, text)
    if kind is Path:
        if not isinstance(value, (str, Path)) or value == "":
            raise UnfitError(describe(annotation))
        return base / value if base else Path(value)
    if kind is Callable:
        if isinstance(value, str):
            return import_object(value)
        if not callable(value):
            raise UnfitError(describe(annotation))
        return value
    return unwrap_resolved(value)


def _first_fit(value: object, union: object, again: _Again) -> object:
    unfits = []
    failed: ConfigError | None = None
    for member in sorted(get_args(union), key=rank):
        try:
            return again(value, member)
        except UnfitError as unfit:
            unfits.append(unfit)
        except ConfigError as error:
            failed = error
    if failed:
        raise failed
    inner = [unfit for unfit in unfits if unfit.is_inner]
    if len(inner) == 1:
        raise inner[0]
    raise UnfitError(describe(union), next((unfit.hint for unfit in unfits if unfit.hint), ""))


def _collection(value: object, annotation: object, base: Path | None, text: bool) -> object:
    if text and isinstance(value, str):
        value, text = _split_list(value.strip(), annotation)
    if not isinstance(value, Iterable) or isinstance(value, (str, Mapping)):
        raise UnfitError(describe(annotation))
    items = list(value)
    kind = get_origin(annotation) or annotation
    of_items = get_args(annotation) or (Any, ...)
    if kind is not tuple or of_items[-1] is ...:
        of_items = of_items[:1] * len(items)
    if len(of_items) != len(items):
        raise UnfitError(describe(annotation))
    made = list(_each(items, of_items, partial(convert, base=base, text=text)))
    try:
        return COLLECTIONS[kind](made)
    except TypeError:
        raise UnfitError(describe(annotation), "a set can't hold lists or mappings") from None


def _split_list(written: str, annotation: object) -> tuple[object, bool]:
    if written.startswith("["):
        try:
            return _read_toml(written, annotation, 'what begins with [ is read as TOML, such as ["a", "b"]'), False
        except UnfitError:
            if not _BRACKETED_WORD.match(written):
                raise
    words = written.strip(" \t\r\n,")
    return re.split(r"[\s,]+", words) if words else [], True


def _mapping(value: object, annotation: object, base: Path | None, text: bool) -> dict[object, object]:
    named = value if isinstance(value, Mapping) else ()  # a text may be a secret, and so may any part of it
    if text and isinstance(value, str):
        value, text = _split_mapping(value.strip(), annotation)
    if not isinstance(value, Mapping):
        raise UnfitError(describe(annotation))
    of_name, of_value = get_args(annotation) or (Any, Any)
    names = _each(value.keys(), [of_name] * len(value), partial(convert, base=base, text=True))  # TOML has no others
    made = list(_each(value.values(), [of_value] * len(value), partial(convert, base=base, text=text), named))
    try:
        pairs = dict(zip(names, made, strict=True))
    except TypeError:
        raise UnfitError(describe(annotation), "a name can't be a list or a mapping") from None
    if len(pairs) < len(made):
        raise UnfitError("each name once")
    return pairs


def _split_mapping(written: str, annotation: object) -> tuple[object, bool]:
    if written.startswith("{"):
        return _read_toml(written, annotation, 'what begins with { is read as TOML, such as {a = "b"}'), False
    pairs: dict[str, str] = {}
    for line in filter(None, map(str.strip, written.splitlines())):
        name, equals, item = map(str.strip, line.partition("="))
        if not (name and equals):
            raise UnfitError("name = value on each line")
        if name in pairs:
            raise UnfitError("each name once", is_inner=True)
        pairs[name] = item
    return pairs, True


def _read_toml(written: str, annotation: object, hint: str) -> object:
    import tomllib  # slow to import

    try:
        (value,) = tomllib.loads(f"value = {written}").values()
    except (ValueError, RecursionError):  # some numbers are too long for Python, and some tables too deep
        raise UnfitError(describe(annotation), hint) from None
    return value


def _each(
    items: Iterable[object], annotations: Iterable[object], again: _Again, names: Collection[object] = ()
) -> Iterator[object]:
    for number, (item, annotation) in enumerate(zip(items, annotations, strict=True), 1):
        try:
            yield again(item, annotation)
        except UnfitError as unfit:
            name = [*names][number - 1] if names else Resolved()
            place = f"in item {number}" if isinstance(name, Resolved) else f"for {name!r}"
            raise UnfitError(f"{unfit.expected} {place}", unfit.hint, is_inner=True) from None
