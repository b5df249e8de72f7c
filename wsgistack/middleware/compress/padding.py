"""Bytes of a random number that a decoder passes over, so that the length of a response tells less (BREACH).

BREACH finds out a secret in a page, such as a token against forgery, if the page also shows something of the request:
the response gets shorter with each character that is guessed right. The attacker makes the victim's browser send many
requests, and sees only their lengths. With a random number of bytes in each response, a difference of one byte has to
be found in the noise, for which the requests grow with the square of the padding: some hundred times as many for 100
bytes. No padding makes it impossible. What helps for good is a secret that looks different in each response, or none
beside what a client chose. See "HTB: A Very Effective Method to Protect Web Servers Against BREACH Attack to HTTPS"
(Palacios et al., IEEE Access, 2022).
"""

from secrets import randbelow

__all__ = ["LARGEST", "brotli_block", "gzip_named", "zstd_frame"]

LARGEST = 511  # Go reads no longer name of a file in gzip

_FLAGS = 3
_HAS_NAME = 8
_HEADER = 10
_SKIPPABLE = 0x184D2A50


def gzip_named(packed: bytes, most: int) -> bytes:
    """The begin of a gzip member with a file name of a random length in its header (RFC 1952 §2.3)."""
    name = b"a" * _length(most)
    return packed[:_FLAGS] + bytes([_HAS_NAME]) + packed[_FLAGS + 1 : _HEADER] + name + b"\0" + packed[_HEADER:]


def zstd_frame(most: int) -> bytes:
    """A skippable frame of a random length (RFC 8878 §3.1.2), to stand after the last one.

    There it also serves a decoder that reads one frame alone.
    """
    length = _length(most)
    return _SKIPPABLE.to_bytes(4, "little") + length.to_bytes(4, "little") + bytes(length)


def brotli_block(most: int) -> bytes:
    """An empty meta-block that skips a random number of bytes (RFC 7932 §9.2), to stand where a byte begins."""
    length = _length(most)
    octets = 1 if length <= 256 else 2
    # from the lowest bit: not the last one, 11 for a block without data, a reserved 0, how many bytes tell the length
    head = 0b0110 | octets << 4 | (length - 1) << 6
    return head.to_bytes(octets + 1, "little") + bytes(length)


def _length(most: int) -> int:
    return 1 + randbelow(most)
