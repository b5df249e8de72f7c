"""What an annotation allows: in words, and by converting a value from a configuration to it."""

import re
import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import Enum
from functools import partial
from inspect import Parameter
from itertools import chain
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NotRequired,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    is_typeddict,
)

from wsgistack.errors import ConfigError, did_you_mean, suggest
from wsgistack.imports import import_object
from wsgistack.options.quantities import BYTES, SECONDS, read_duration, read_size, write_quantity
from wsgistack.options.references import Resolved, Text, map_leaves, suggest_reference, unwrap_resolved
from wsgistack.options.signatures import read_hints
from wsgistack.types import Duration, Secret, Size

__all__ = ["UnfitError", "convert", "describe", "is_mapping", "is_secret", "iterate_parts", "label", "write"]

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_BRACKETED_WORD = re.compile(r"""\[[^][{}"',\s]+\][^\s,]""")  # the beginning of a glob or an IPv6 address
_LINES = "a mapping (one name = value on each line)"  # as an ini file has it
_BRACES = 'write it in braces, such as { name = "value" }'
_UNIONS = (Union, UnionType)
_MAPPINGS = (dict, Mapping)
_COLLECTIONS: dict[object, Callable[[Iterable[object]], Collection[object]]] = {
    **dict.fromkeys((tuple, Sequence, Collection, Iterable), tuple),
    **dict.fromkeys((frozenset, AbstractSet), frozenset),
    list: list,
    set: set,
}


class UnfitError(Exception):
    """The annotation does not allow the value.

    :param is_inner: whether the value is of the right kind, but contains something that is not allowed.
    :param item: the number of the wrong item in a list or mapping, from 1 on; 0 without one.
    """

    def __init__(self, expected: str, hint: str = "", *, is_inner: bool = False, item: int = 0) -> None:
        super().__init__(expected, hint)
        self.expected = expected
        self.hint = hint
        self.is_inner = is_inner
        self.item = item


def is_secret(annotation: object) -> bool:
    """Whether a value, or a part of it, must not be shown. An annotation that was not evaluated is searched as text."""
    if isinstance(annotation, str):
        return Secret.__name__ in annotation
    return any(
        each is Secret or isinstance(each, Secret) or (isinstance(each, ForwardRef) and is_secret(each.__forward_arg__))
        for each in iterate_parts(annotation)
    )


def is_mapping(annotation: object) -> bool:
    """Whether a value may be a mapping."""
    return any(
        get_origin(each) in _MAPPINGS or each in _MAPPINGS or is_typeddict(each) for each in iterate_parts(annotation)
    )


def iterate_parts(annotation: object) -> Iterator[object]:
    """All annotations and marks in an annotation, at any depth."""
    meant = _unwrap_alias(annotation)
    yield meant
    inner = read_hints(meant).values() if is_typeddict(meant) else get_args(meant)
    for each in inner:
        yield from iterate_parts(each)


def _unwrap_alias(annotation: Any) -> Any:
    """The annotation behind a ``NewType``, a ``type`` alias or a mark of a TypedDict; any other one unchanged."""
    inner = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if get_origin(annotation) in (Required, NotRequired):
        (inner,) = get_args(annotation)
    return _unwrap_alias(inner) if inner else annotation


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """What kind of annotation it is, without marks, and its arguments. One that was not evaluated stays text."""
    annotation = _unwrap_alias(annotation)
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__, ()
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        quantities = (each for each in (Size, Duration) if any(Annotated[inner, mark] == each for mark in marks))
        return next(((each, ()) for each in quantities), None) or _split(inner)
    kind = get_origin(annotation) or annotation
    return kind if isinstance(kind, Hashable) else Any, get_args(annotation)


def _is_choice(kind: object) -> bool:
    return kind is Literal or (isinstance(kind, type) and issubclass(kind, Enum))


def label(value: object) -> str:
    """A value of an Enum or a Literal as it is written in a file."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def describe(annotation: object) -> str:
    """Describe what an annotation allows."""
    if words := _list_words(annotation):
        return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    kind, arguments = _split(annotation)
    if kind in _UNIONS:
        return " or ".join(dict.fromkeys(map(describe, arguments)))
    if kind in _MAPPINGS or is_typeddict(kind):
        return "a mapping"
    if kind is tuple and arguments and arguments[-1] is not ...:
        return f"a list of exactly {len(arguments)}: {', '.join(map(describe, arguments))}"
    if kind in _COLLECTIONS:
        return f"a list, each item {describe(arguments[0]) if arguments else 'anything'}"
    return _KINDS[kind][0] if kind in _KINDS else getattr(kind, "__name__", str(kind))


def _list_words(annotation: object) -> list[str]:
    """All values of an annotation that allows a few words alone; empty for any other."""
    kind, arguments = _split(annotation)
    if kind in _UNIONS:
        words = [_list_words(each) for each in arguments]
        return list(dict.fromkeys(chain(*words))) if all(words) else []
    if _is_choice(kind):
        return [label(each) for each in arguments or kind]
    return ["none"] if kind in (None, NoneType) else []


def convert(value: object, annotation: object) -> object:
    """Convert a value.

    In a union, the narrowest member that fits converts the text: a Literal or Enum first, then None, numbers, and the
    others in the order in which they are written. The word none means None there, also in TOML, which has no null.

    :param value: only a :class:`Text` may be text and still mean another type: items of a list separated by spaces or
        commas, a line with name = value for each item of a mapping, or a list or mapping in TOML. If it is longer than
        one reference, the text of each reference stays one value.
    :param annotation: one of bool, int, float, str, None, Path, Literal, an Enum, a Size, a Duration, a
        callable, a sequence, set or mapping, a TypedDict, a union of them, or an alias of one of them. With any other
        annotation the value stays unchanged.
    :raises UnfitError: the annotation does not allow it.
    """
    kind = _split(annotation)[0]
    if kind in _UNIONS:
        return _first_fit(value, annotation)
    if kind in _MAPPINGS or is_typeddict(kind):
        return _mapping(value, annotation)
    if kind in _COLLECTIONS:
        return _collection(value, annotation)
    if _is_choice(kind):
        return _choose(value, annotation)
    may_be_reference = kind in (str, Path) and isinstance(value, str) and not isinstance(value, Resolved)
    if may_be_reference and (hint := suggest_reference(cast(str, value))):
        raise UnfitError(describe(annotation), hint)
    return _KINDS[kind][1](value) if kind in _KINDS else unwrap_resolved(value)


def write(value: object, annotation: object) -> object:
    """A converted value as a file would have it: sizes and durations with a unit. It converts to the same value."""
    kind, arguments = _split(annotation)
    if kind in _UNIONS:
        return next((each for each in map(partial(write, value), arguments) if each is not value), value)
    if kind == Duration and (type(value) is float or type(value) is int):
        return write_quantity(value, SECONDS)
    if kind == Size and type(value) is int:
        return write_quantity(value, BYTES)
    if is_typeddict(kind) and isinstance(value, Mapping):
        hints = read_hints(kind)
        return {name: write(each, hints.get(name)) for name, each in value.items()}
    return value


def _breadth(annotation: object) -> int:
    """How many texts an annotation allows: a few words, none, numbers, or any text."""
    kind = _split(annotation)[0]
    if _is_choice(kind):
        return 0
    return 1 if kind in (None, NoneType) else 2 if kind in (bool, int, float, Size, Duration) else 3


def _first_fit(value: object, union: object) -> object:
    errors: list[UnfitError | ConfigError] = []
    for member in sorted(_split(union)[1], key=_breadth):
        try:
            return convert(value, member)
        except (UnfitError, ConfigError) as error:
            errors.append(error)
    close = [each for each in errors if isinstance(each, ConfigError) or each.is_inner]
    hint = next(filter(None, (getattr(each, "hint", "") for each in errors)), "")
    if len(close) == 1 and isinstance(close[0], ConfigError):
        raise ConfigError(*(each._replace(hint=each.hint or hint) for each in close[0].mistakes)) from close[0]
    if len(close) == 1:
        raise close[0]
    expected = describe(union).replace("a mapping", _LINES) if isinstance(value, Text) else describe(union)
    raise UnfitError(expected, hint, item=max(getattr(each, "item", 0) for each in errors))


def _choose(value: object, annotation: object) -> object:
    """Find the value of a Literal, or the member of an Enum by its value or its name."""
    (kind, arguments), is_text = _split(annotation), isinstance(value, Text)
    value = unwrap_resolved(value)
    choices = [(each, each.value if isinstance(each, Enum) else each) for each in arguments or kind]
    for each, plain in choices:
        if value is each or (type(value) is type(plain) and value == plain):
            return each
    if not isinstance(value, str):
        raise UnfitError(describe(annotation))
    for each, plain in choices:
        forms = {getattr(each, "name", None), label(plain) if is_text or isinstance(plain, str) else None}
        if _fold(value) in map(_fold, filter(None, forms)):
            return each
    labels = [label(each) for each, _ in choices]
    hint = "write it without quotes" if value in labels else did_you_mean(value, labels)
    raise UnfitError(describe(annotation), hint)


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")


def _collection(value: object, annotation: object) -> object:
    if isinstance(value, Text):
        words = value.template.strip()
        is_toml = words.startswith("[") and not _BRACKETED_WORD.match(words)
        if words[:1] not in ("", "[", "{") and any(map(is_mapping, _split(annotation)[1])):
            raise UnfitError(describe(annotation), 'write it as TOML, such as [{a = "b"}]')
        value = _read_toml(value, annotation) if is_toml else [*map(value.fill, re.findall(r"[^\s,]+", words))]
    if not isinstance(value, Iterable) or isinstance(value, (str, Mapping)):
        raise UnfitError(describe(annotation), "write it in brackets" if isinstance(value, str) else "")
    items = list(value)
    kind, arguments = _split(annotation)
    of_items = arguments or (Any, ...)
    of_items = of_items if kind is tuple and of_items[-1] is not ... else of_items[:1] * len(items)
    if len(of_items) != len(items):
        raise UnfitError(describe(annotation))
    try:
        return _COLLECTIONS[kind](map(_convert_item, items, of_items, range(1, len(items) + 1)))
    except TypeError:
        raise UnfitError(describe(annotation), "a set can't hold lists or mappings") from None


def _mapping(value: object, annotation: object) -> dict[object, object]:
    names = value if isinstance(value, Mapping) else ()  # a text may be a secret, and so may any part of it
    if isinstance(value, Text):
        is_toml = value.template.lstrip().startswith("{")
        value = _read_toml(value, annotation) if is_toml else _read_lines(value)
    if not isinstance(value, Mapping):
        raise UnfitError(describe(annotation), _BRACES if isinstance(value, str) else "")
    kind, arguments = _split(annotation)
    of_key, of_item = arguments or (Any, Any)
    of_names = read_hints(kind) if is_typeddict(kind) else None
    made: dict[object, object] = {}
    for number, (name, item) in enumerate(value.items(), 1):
        key = _convert_item(Text(name) if type(name) is str else name, of_key, number)  # TOML has only text
        if key in made:
            raise UnfitError("each name once", is_inner=True, item=number)
        place = f"for {name!r}" if name in names and not isinstance(name, Resolved) else ""
        if of_names is not None:
            if key not in of_names:
                hint = did_you_mean(str(key), of_names) if place else ""
                raise UnfitError(f"only the names {', '.join(of_names)}", hint, is_inner=True, item=number)
            of_item = of_names[key]
        made[key] = _convert_item(item, of_item, number, place)
    missing = sorted(getattr(kind, "__required_keys__", frozenset()) - made.keys())
    if missing:
        raise UnfitError(f"a value for {missing[0]!r}", is_inner=True)
    return made


def _read_lines(text: Text) -> dict[Text, Text]:
    pairs: dict[Text, Text] = {}
    for number, line in enumerate(filter(None, map(str.strip, text.template.splitlines())), 1):
        name, equals, item = map(str.strip, line.partition("="))
        if not (name and equals):
            raise UnfitError(_LINES, item=number)
        if text.fill(name) in pairs:
            raise UnfitError("each name once", is_inner=True, item=number)
        pairs[text.fill(name)] = text.fill(item)
    return pairs


def _read_toml(text: Text, annotation: object) -> object:
    import tomllib  # slow to import

    written = text.template.strip()
    try:
        (value,) = tomllib.loads(f"value = {written}").values()
    except (ValueError, RecursionError):  # some numbers are too long for Python, and some tables too deep
        example = '["a", "b"]' if written.startswith("[") else '{a = "b"}'
        hint = f"what begins with {written[0]} is read as TOML, such as {example}"
        raise UnfitError(describe(annotation), hint) from None
    return map_leaves(value, lambda part: isinstance(part, str) and text.fill(part) != part, text.fill)


def _convert_item(value: object, annotation: object, number: int, place: str = "") -> object:
    try:
        return convert(value, annotation)
    except UnfitError as unfit:
        expected = f"{unfit.expected} {place or f'in item {number}'}"
        raise UnfitError(expected, unfit.hint, is_inner=True, item=number) from None


def _plain(kind: type, value: object) -> object:
    hint = ""
    if isinstance(value, str):
        with suppress(KeyError, ValueError):
            read = _READERS[kind](value)
            if isinstance(value, Text):
                return read
            hint = "write it without quotes"
        hint = hint or (suggest(value, _TRUTHS) if isinstance(value, Text) and kind is bool else "")
    elif isinstance(value, int if kind is not float else (int, float)) and isinstance(value, bool) == (kind is bool):
        with suppress(OverflowError):
            return kind(value)
    elif kind is int and isinstance(value, float) and value.is_integer():
        hint = "write it without a decimal point"
    raise UnfitError(describe(kind), hint)


def _quantity(kind: object, value: object) -> float:
    number: Any = _READERS[kind](value.removeprefix("-")) if isinstance(value, str) else value
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if is_number and (number < 0 or (isinstance(value, str) and value.startswith("-"))):
        raise UnfitError(f"0 or more, such as{describe(kind).partition('such as')[2]}", is_inner=True)
    if not is_number or (kind == Size and not isinstance(number, int)) or not number <= sys.float_info.max:
        raise UnfitError(describe(kind))
    return int(number) if kind == Size else float(number)


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise UnfitError(describe(str), "write it in quotes" if isinstance(value, (bool, int, float)) else "")
    return cast(str, unwrap_resolved(value))


def _none(value: object) -> None:
    is_none = isinstance(value, str) and (value.lower() == "none" or (isinstance(value, Text) and not value))
    if value is not None and not is_none:
        raise UnfitError(describe(None))


def _path(value: object) -> Path:
    if not isinstance(value, (str, Path)) or value == "":
        raise UnfitError(describe(Path))
    return Path(value)


def _callable(value: object) -> object:
    found = import_object(value) if isinstance(value, str) else value
    if not callable(found):
        raise UnfitError(describe(Callable))
    return found


_READERS: dict[object, Callable[[str], Any]] = {
    bool: lambda text: _TRUTHS[text.lower()],
    int: int,
    float: float,
    Size: read_size,
    Duration: read_duration,
}
_KINDS: dict[object, tuple[str, Callable[[object], object]]] = {
    bool: ("true or false", partial(_plain, bool)),
    int: ("a whole number", partial(_plain, int)),
    float: ("a number", partial(_plain, float)),
    str: ("text", _str),
    Path: ("a path", _path),
    Callable: ("module:callable", _callable),
    Size: ("a size such as 500, 64KiB or 10 MB", partial(_quantity, Size)),
    Duration: ("a duration such as 1.5s, 1h30m or 30d", partial(_quantity, Duration)),
    **dict.fromkeys((None, NoneType), ("none", _none)),
    **dict.fromkeys((Parameter.empty, Any, object), ("anything", unwrap_resolved)),
}
"""What each kind of single value is in words, and how it is converted."""
