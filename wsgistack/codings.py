"""The content codings: for each, how to make a whole body, or a stream chunk by chunk, smaller."""

import sys
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

from wsgistack.errors import ConfigError, Mistake, nearest
from wsgistack.extras import require

__all__ = ["CODINGS", "Coding", "Stream", "coding"]


class Stream(NamedTuple):
    """An encoder at work on one body. What ``encode`` gives for a chunk is enough to decode that chunk."""

    encode: Callable[[bytes], bytes]
    finish: Callable[[], bytes]


class Coding(Protocol):
    """One coding at one level. It holds no state of a body, and serves many threads."""

    name: str

    def whole(self, body: bytes, /) -> bytes:
        """Encode a body in one piece. The same body gives the same bytes, always."""

    def stream(self) -> Stream:
        """Begin a body of many chunks."""


class Gzip:
    """gzip (RFC 1952), by :mod:`zlib`; it writes no time into the header."""

    name = "gzip"
    levels = range(1, 10)
    default = 6

    def __init__(self, level: int) -> None:
        self._level = level

    def whole(self, body: bytes, /) -> bytes:
        return zlib.compress(body, self._level, _GZIP_FRAME)

    def stream(self) -> Stream:
        packer = zlib.compressobj(self._level, zlib.DEFLATED, _GZIP_FRAME)
        return Stream(lambda chunk: packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH), packer.flush)


class Brotli:
    """br (RFC 7932), by Brotli."""

    name = "br"
    levels = range(12)
    default = 4

    def __init__(self, level: int) -> None:
        self._level = level
        self._brotli = require("brotli", extra="compress", key="codings")

    def whole(self, body: bytes, /) -> bytes:
        packed: bytes = self._brotli.compress(body, quality=self._level)
        return packed

    def stream(self) -> Stream:
        packer = self._brotli.Compressor(quality=self._level)
        return Stream(lambda chunk: packer.process(chunk) + packer.flush(), packer.finish)


class Zstd:
    """zstd (RFC 8878), with a window of at most 8 MiB (RFC 9659), by ``compression.zstd`` or its backport."""

    name = "zstd"
    levels = range(1, 20)
    default = 3

    def __init__(self, level: int) -> None:
        self._level = level
        module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
        self._zstd = require(module, extra="compress", key="codings")

    def whole(self, body: bytes, /) -> bytes:
        packed: bytes = self._zstd.compress(body, self._level)
        return packed

    def stream(self) -> Stream:
        packer = self._zstd.ZstdCompressor(self._level)
        return Stream(lambda chunk: packer.compress(chunk, packer.FLUSH_BLOCK), packer.flush)


CODINGS: dict[str, type[Gzip] | type[Brotli] | type[Zstd]] = {each.name: each for each in (Zstd, Brotli, Gzip)}
"""By the name that HTTP gives them, the smallest answers first."""

_GZIP_FRAME = 16 + zlib.MAX_WBITS


def coding(name: str, level: int | None = None) -> Coding:
    """Make the coding of a name ready.

    :param level: how much time to spend on less bytes; None for the coding's default, where both are small.
    :raises ConfigError: there is no such coding or level, or its library is not installed.
    """
    if name not in CODINGS:
        raise ConfigError(Mistake(f"no coding {name!r}", "codings", name, hint=nearest(name, CODINGS)))
    kind = CODINGS[name]
    if level is not None and level not in kind.levels:
        expected = f"{kind.levels[0]} to {kind.levels[-1]} for {name}"
        raise ConfigError(Mistake(f"no level {level!r}", "levels", level, expected))
    return kind(kind.default if level is None else level)
