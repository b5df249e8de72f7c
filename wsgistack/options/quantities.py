"""Numbers with units in text: sizes and durations."""

import re
from fractions import Fraction

__all__ = ["read_duration", "read_size"]

_NUMBER = r"([0-9]{1,18}(?:\.[0-9]{1,9})?)"
_SIZE = re.compile(rf"{_NUMBER} ?(?:([kKMGT])(i?))?B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_DURATION = re.compile(" ?".join(rf"(?:{_NUMBER} ?{unit})?" for unit in ("d", "h", "m", "s", "ms")))
_SECONDS = (*map(Fraction, (86400, 3600, 60, 1)), Fraction(1, 1000))


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
    return float(sum(Fraction(number) * unit for number, unit in zip(found.groups("0"), _SECONDS, strict=True)))
