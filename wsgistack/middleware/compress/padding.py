"""Padding of random length that decoders skip, so that the length of a response reveals less (BREACH).

BREACH guesses a secret in a page, such as a CSRF token, if the page also shows a part of the request: each right
character makes the compressed response shorter. The attacker makes the victim's browser send many requests and sees
only the lengths of the responses. Padding of random length hides a difference of one byte in noise. The attacker then
needs more requests, in proportion to the square of the padding: some hundred times as many for 100 bytes. Padding does
not make the attack impossible. Two things do: mask the secret differently in each response, or do not put it into a
page that shows what the client sent. See "HTB: A Very Effective Method to Protect Web Servers Against BREACH Attack to
HTTPS" (Palacios et al., IEEE Access, 2022).
"""

from secrets import randbelow

__all__ = ["MAX_PADDING", "make_brotli_padding", "make_zstd_padding", "pad_gzip"]

MAX_PADDING = 511
"""In bytes. Go refuses a longer file name in a gzip header."""

_FLAGS = 3
_HAS_NAME = 8
_HEADER = 10
_SKIPPABLE = 0x184D2A50


def pad_gzip(packed: bytes, maximum: int) -> bytes:
    """Add a file name of random length to the header of a gzip member, which may be incomplete (RFC 1952 §2.3)."""
    name = b"a" * _choose_length(maximum)
    return packed[:_FLAGS] + bytes([_HAS_NAME]) + packed[_FLAGS + 1 : _HEADER] + name + b"\0" + packed[_HEADER:]


def make_zstd_padding(maximum: int) -> bytes:
    """Make a skippable frame of random length (RFC 8878 §3.1.2).

    It belongs after the last frame, because some decoders read only the first one.
    """
    length = _choose_length(maximum)
    return _SKIPPABLE.to_bytes(4, "little") + length.to_bytes(4, "little") + bytes(length)


def make_brotli_padding(maximum: int) -> bytes:
    """Make a meta-block that decoders skip, of random length (RFC 7932 §9.2). It must begin at a byte boundary."""
    length = _choose_length(maximum)
    octets = 1 if length <= 256 else 2
    # From the lowest bit: not the last block, 11 for a block without data, a reserved 0, the size of the length field.
    head = 0b0110 | octets << 4 | (length - 1) << 6
    return head.to_bytes(octets + 1, "little") + bytes(length)


def _choose_length(maximum: int) -> int:
    return 1 + randbelow(maximum)
