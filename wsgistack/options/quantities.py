"""Sizes and durations as text: how they are read, and how a person would write them."""

import re
from collections.abc import Mapping
from fractions import Fraction

__all__ = ["BYTES", "SECONDS", "read_duration", "read_size", "write_quantity"]

MAX_WRITTEN = 10**15
"""Larger numbers are not written with a unit."""

SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""The units of a duration, the largest first."""

BYTES = {
    "TiB": 1024**4,
    "TB": 1000**4,
    "GiB": 1024**3,
    "GB": 1000**3,
    "MiB": 1024**2,
    "MB": 1000**2,
    "KiB": 1024,
    "kB": 1000,
}
"""The units of a size, the largest first."""

_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}

_NUMBER = r"([0-9]{1,18}(?:\.[0-9]{1,9})?)"
_SIZE = re.compile(rf"{_NUMBER} ?(?:([kKMGT])(i?))?B?")
_DURATION = re.compile(" ?".join(rf"(?:{_NUMBER} ?{unit})?" for unit in (*SECONDS, "ms")))
_FACTORS = (*map(Fraction, SECONDS.values()), Fraction(1, 1000))


def read_size(text: str) -> int | None:
    """Read a number of bytes, such as ``64KiB``; None for any other text."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        return None
    number, prefix, binary = found.groups(default="")
    factor: int = (1024 if binary else 1000) ** _POWERS[prefix]
    return int(Fraction(number) * factor)


def read_duration(text: str) -> float | None:
    """Read a number of seconds, such as ``1h30m``; None for any other text."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        return float(text)
    found = _DURATION.fullmatch(text)
    if not text or not found:
        return None
    return float(sum(Fraction(number) * factor for number, factor in zip(found.groups("0"), _FACTORS, strict=True)))


def write_quantity(number: float, units: Mapping[str, int]) -> str | float:
    """Write a number in the largest unit of which it is a multiple; without one, return the number alone."""
    whole = int(number) if 0 < number <= MAX_WRITTEN else 0
    if not whole or whole != number:
        return number or 0  # 0.0 is written like the 0 of a file
    return next((f"{whole // factor}{unit}" for unit, factor in units.items() if whole % factor == 0), whole)
