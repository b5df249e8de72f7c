"""Converting single values: text, numbers, true and false, none, Enums, Literals, sizes and durations."""

import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from fractions import Fraction
from math import isfinite
from types import NoneType
from typing import Any, TypeVar

from wsgistack.errors import did_you_mean, suggest
from wsgistack.options.annotations import SIZE, describe, label

__all__ = ["SCALARS", "UnfitError", "as_literal", "as_member", "as_quantity"]

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_UNQUOTED = "write it without quotes"
_Scalar = TypeVar("_Scalar")
_INT = re.compile(r"[+-]?(?=[0-9_]{1,4000}\Z)[0-9]+(?:_[0-9]+)*")
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_NUMBER = r"([0-9]{1,18}(?:\.[0-9]{1,9})?)"
_SIZE = re.compile(rf"{_NUMBER} ?(?:([kKMGT])(i?))?B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_DURATION = re.compile(" ?".join(rf"(?:{_NUMBER} ?{unit})?" for unit in ("d", "h", "m", "s", "ms")))
_SECONDS = (*map(Fraction, (86400, 3600, 60, 1)), Fraction(1, 1000))
_FLOAT = re.compile(rf"[+-]?(?:inf|nan|(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?)")


class UnfitError(Exception):
    """The annotation does not allow the value.

    :param expected: what it allows.
    :param hint: the nearest right value, or what to do.
    :param is_inner: whether the value is of the right kind, but contains something that is not allowed.
    """

    def __init__(self, expected: str, hint: str = "", *, is_inner: bool = False) -> None:
        super().__init__(expected, hint)
        self.expected = expected
        self.hint = hint
        self.is_inner = is_inner


def as_member(value: object, kind: type[Enum], text: bool) -> Enum:
    """Find the member of an Enum by its value, or by its name in any case and with ``-`` for ``_``.

    :raises UnfitError: no member has it.
    """
    if isinstance(value, kind):
        return value
    for each in kind:
        if value == each.value and isinstance(value, bool) == isinstance(each.value, bool):
            return each
    if isinstance(value, str):
        values = {_folded(str(each.value)): each for each in kind if text or isinstance(each.value, str)}
        names = {_folded(name): each for name, each in kind.__members__.items()}
        found = kind.__members__.get(value) or {**values, **names}.get(_folded(value))
        if found is not None:
            return found
    raise UnfitError(describe(kind), _near(value, map(label, kind)))


def as_literal(value: object, allowed: Iterable[object], text: bool) -> object:
    """Find the value of a Literal that is meant.

    :raises UnfitError: it is not one of them.
    """
    names = [label(each) for each in allowed]
    for each in allowed:
        with suppress(UnfitError):
            if _like(each, value, text) == each:
                return each
    raise UnfitError(" or ".join(names), _UNQUOTED if value in names else _near(value, names))


def as_quantity(value: object, words: str) -> float:
    """Convert a quantity to its number of bytes or seconds.

    :param words: which quantity, as :func:`~wsgistack.options.annotations.quantity` says it.
    :raises UnfitError: it is not such a quantity.
    """
    number: Any = value
    if isinstance(value, str):
        number = (_bytes if words == SIZE else _duration)(value.strip())
    kinds = (int,) if words == SIZE and not isinstance(value, str) else (int, float, Fraction)
    if not isinstance(number, kinds) or isinstance(number, bool) or not 0 <= number <= sys.float_info.max:
        raise UnfitError(words)
    return int(number) if words == SIZE else float(number)


def _bytes(text: str) -> Fraction | None:
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    number, prefix, binary = found.groups(default="")
    factor: int = (1024 if binary else 1000) ** _POWERS[prefix]
    return Fraction(number) * factor


def _duration(text: str) -> Fraction | None:
    if re.fullmatch(_NUMBER, text):
        return Fraction(text)
    found = _DURATION.fullmatch(text)
    if not text or not found:
        return None
    return sum((Fraction(number) * unit for number, unit in zip(found.groups("0"), _SECONDS, strict=True)), Fraction())


def _like(each: object, value: object, text: bool) -> object:
    kind = type(each)
    if issubclass(kind, Enum):
        return as_member(value, kind, text)
    return SCALARS[kind](value, text) if kind in SCALARS else value


def _near(value: object, names: Iterable[str]) -> str:
    return did_you_mean(value, names) if isinstance(value, str) else ""  # a message lists them as expected


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _bool(value: object, text: bool) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise UnfitError(describe(bool))
    if value.lower() not in _TRUTHS:
        raise UnfitError(describe(bool), suggest(value, _TRUTHS) if text else "")
    return _unquoted(_TRUTHS[value.lower()], bool, text)


def _int(value: object, text: bool) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INT.fullmatch(value):
        return _unquoted(int(value), int, text)
    is_whole = isinstance(value, float) and value.is_integer()
    raise UnfitError(describe(int), "write it without a decimal point" if is_whole else "")


def _float(value: object, text: bool) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    if isinstance(value, str) and _FLOAT.fullmatch(value) and ("n" in value or isfinite(float(value))):
        return _unquoted(float(value), float, text)
    raise UnfitError(describe(float))


def _unquoted(made: _Scalar, kind: type[_Scalar], text: bool) -> _Scalar:
    if text:
        return made
    raise UnfitError(describe(kind), _UNQUOTED)


def _str(value: object, text: bool) -> str:
    if isinstance(value, str):
        return value
    raise UnfitError(describe(str), "write it in quotes" if isinstance(value, (bool, int, float)) else "")


def _none(value: object, text: bool) -> None:
    if value is not None and not (isinstance(value, str) and (value.lower() == "none" or (text and not value))):
        raise UnfitError(describe(None))


SCALARS: dict[object, Callable[[object, bool], object]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    NoneType: _none,
    None: _none,
}
