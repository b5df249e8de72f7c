"""New ids, in the forms that other systems know.

Each takes its random bits from the kernel, one request after the other. Bits that are read in larger blocks would be
faster, but two forked workers would make the same ids.
"""

from collections.abc import Callable, Mapping
from os import urandom
from time import time_ns

__all__ = ["GENERATORS"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MILLISECOND = 1_000_000  # nanoseconds


def make_hex() -> str:
    """128 random bits in hexadecimal, as nginx writes ``$request_id``."""
    return urandom(16).hex()


def make_uuid4() -> str:
    """A UUID of random bits (RFC 9562 §5.4)."""
    return _format_uuid(int.from_bytes(urandom(16), "big"), version=4)


def make_uuid7() -> str:
    """A UUID that begins with the time, so that ids sort by it (RFC 9562 §5.7)."""
    milliseconds = time_ns() // _MILLISECOND
    return _format_uuid(milliseconds << 80 | int.from_bytes(urandom(10), "big"), version=7)


def make_ulid() -> str:
    """A ULID: the time and 80 random bits, in 26 letters and digits that sort by the time."""
    number = time_ns() // _MILLISECOND << 80 | int.from_bytes(urandom(10), "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _format_uuid(number: int, version: int) -> str:
    number = number & ~(0xF << 76) | version << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


GENERATORS: Mapping[str, Callable[[], str]] = {
    "hex": make_hex,
    "uuid4": make_uuid4,
    "uuid7": make_uuid7,
    "ulid": make_ulid,
}
