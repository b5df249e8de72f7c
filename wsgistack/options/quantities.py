"""Sizes and durations, as numbers or as text with units."""

import re
import sys
from datetime import timedelta
from fractions import Fraction
from typing import Any

__all__ = ["DURATION", "SIZE", "as_bytes", "as_seconds"]

SIZE = "a size such as 500, 64KiB or 10 MB"
DURATION = "a duration such as 1.5s, 10m or 1h30m"
_NUMBER = r"([0-9]{1,18}(?:\.[0-9]{1,9})?)"
_SIZE = re.compile(rf"{_NUMBER} ?(?:([kKMGT])(i?))?B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_DURATION = re.compile(" ?".join(rf"(?:{_NUMBER} ?{unit})?" for unit in ("d", "h", "m", "s", "ms")))
_SECONDS = (*map(Fraction, (86400, 3600, 60, 1)), Fraction(1, 1000))


def as_bytes(value: object) -> int:
    """Read a number of bytes.

    :raises ValueError: it is none.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(SIZE)
    number, prefix, binary = found.groups(default="")
    return int(Fraction(number) * (1024 if binary else 1000) ** _POWERS[prefix])


def as_seconds(value: object) -> float:
    """Read a duration: a number of seconds, or as text one with units, from days to milliseconds.

    :raises ValueError: it is none, or a negative or infinite one.
    """
    seconds: Any = _fraction(value.strip()) if isinstance(value, str) else value
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    is_number = isinstance(seconds, (int, float, Fraction)) and not isinstance(seconds, bool)
    if not (is_number and 0 <= seconds <= sys.float_info.max):
        raise ValueError(DURATION)
    return float(seconds)


def _fraction(text: str) -> Fraction:
    if re.fullmatch(_NUMBER, text):
        return Fraction(text)
    found = _DURATION.fullmatch(text)
    if not text or not found:
        raise ValueError(DURATION)
    return sum((Fraction(number) * unit for number, unit in zip(found.groups("0"), _SECONDS, strict=True)), Fraction())
