"""Decoding of a body, block by block and through several codings, within limits."""

import zlib
from collections.abc import Callable, Iterator
from io import RawIOBase
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from wsgistack.errors import ConfigError, Mistake, suggest
from wsgistack.http.bodies import BLOCK_SIZE, BodyRefusedError, Refusal, discard_body
from wsgistack.http.codings import require_coding
from wsgistack.types import Environ

__all__ = ["CODINGS", "PIECE_SIZE", "Coding", "DecodedBody", "DecodedInput", "make_coding"]

MAX_WINDOW_LOG = 23
"""The window of zstd is at most 8 MiB (RFC 9659)."""

MIN_BOMB = 65536
"""In bytes. The ratio of smaller bodies does no harm, and says little."""

PIECE_SIZE = 65536
"""In bytes: about how much is decoded at once. Brotli may return half as much again."""


class Decoder(Protocol):
    """The decoder of one member of a body."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing left to return."""

    @property
    def unused_data(self) -> bytes:
        """What follows the end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Decode about that many bytes. The data is empty as long as the decoder needs no input."""


class Coding(NamedTuple):
    """One coding."""

    name: str
    begin: Callable[[], Decoder]
    error: type[Exception]
    has_members: bool
    """Whether several encoded bodies in a row are one."""


class DecodedBody:
    """The decoded body of one request, as an iterator of pieces, which are not empty.

    :param codings: in the order in which the client applied them.
    :param length: of the body as the client sends it; None if it is unknown.
    :param max_size: of the decoded body, and of each step to it.
    :param max_ratio: of these sizes to what the client has sent.
    """

    def __init__(
        self, environ: Environ, codings: list[Coding], length: int | None, *, max_size: int, max_ratio: int
    ) -> None:
        self.refusal: Refusal | None = None
        self._environ = environ
        self._input: Any = environ["wsgi.input"]
        self._left = length
        self._received = 0
        self._max_size = max_size
        self._max_ratio = max_ratio
        pieces = self._read()
        for coding in reversed(codings):
            pieces = self._decode(pieces, coding)
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.refusal is not None:
            raise BodyRefusedError(self.refusal)
        return next(self._pieces)

    def discard(self) -> None:
        """Read the rest of the body that the client sends."""
        discard_body(self._input, self._left, self._environ)

    def _read(self) -> Iterator[bytes]:
        while self._left is None or self._left > 0:
            block: bytes = self._input.read(BLOCK_SIZE if self._left is None else min(BLOCK_SIZE, self._left))
            if not block:
                return
            self._received += len(block)
            if self._left is not None:
                self._left -= len(block)
            yield block

    def _decode(self, blocks: Iterator[bytes], coding: Coding) -> Iterator[bytes]:
        decoder: Decoder | None = None
        size = members = 0
        for block in blocks:
            data = block
            while data or decoder:
                if decoder is None:
                    if members and not coding.has_members:
                        raise self._refuse(400, f"The request body goes on after the end of its {coding.name} data.")
                    decoder = coding.begin()
                    members += 1
                try:
                    piece = decoder.decompress(data, PIECE_SIZE)
                except coding.error as error:
                    raise self._refuse(400, f"The request body is not valid {coding.name} data.") from error
                if piece:
                    size += len(piece)
                    self._check(size)
                    yield piece
                if decoder.eof:
                    data, decoder = decoder.unused_data, None
                elif decoder.needs_input:
                    break
                else:
                    data = b""
        if decoder is not None:
            raise self._refuse(400, f"The request body ends in the middle of its {coding.name} data.")

    def _check(self, size: int) -> None:
        if size > self._max_size:
            limit = f"{self._max_size} bytes, which is the limit"
            raise self._refuse(413, f"The decoded request body is larger than {limit}.")
        if size > MIN_BOMB and size > self._received * self._max_ratio:
            limit = f"{self._max_ratio} times as large as what was sent, which is the limit"
            raise self._refuse(413, f"The decoded request body is more than {limit}.")

    def _refuse(self, code: int, detail: str) -> BodyRefusedError:
        self.refusal = Refusal(code, detail)
        return BodyRefusedError(self.refusal)


class DecodedInput(RawIOBase):
    """The raw stream of a decoded body, for an :class:`io.BufferedReader`."""

    def __init__(self, body: DecodedBody) -> None:
        self._body = body
        self._piece = b""

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer with at most one piece."""
        piece = self._piece or next(self._body, b"")
        size = min(len(buffer), len(piece))
        buffer[:size] = piece[:size]
        self._piece = piece[size:]
        return size


class _Gzip:
    """A gzip decoder with the interface of the one for zstd."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        piece = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        # zlib may keep the rest of a long match after it has consumed all input
        self.needs_input = len(piece) < max_length and not self._decoder.unconsumed_tail
        return piece


class _Brotli:
    """A brotli decoder with the interface of the one for zstd."""

    unused_data = b""

    def __init__(self, library: ModuleType) -> None:
        self._decoder = library.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._decoder.is_finished())

    @property
    def needs_input(self) -> bool:
        return bool(self._decoder.can_accept_more_data())

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        piece: bytes = self._decoder.process(data, output_buffer_limit=max_length)
        return piece


def _make_gzip() -> Coding:
    return Coding("gzip", _Gzip, zlib.error, has_members=True)


def _make_brotli() -> Coding:
    brotli = require_coding("br")
    if not hasattr(brotli.Decompressor, "can_accept_more_data"):
        problem, hint = "needs Brotli 1.2, which limits what it decodes at once", "pip install 'Brotli>=1.2'"
        raise ConfigError(Mistake(problem, key="codings", value="br", hint=hint))
    return Coding("br", lambda: _Brotli(brotli), brotli.error, has_members=False)


def _make_zstd() -> Coding:
    zstd = require_coding("zstd")
    options = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
    return Coding("zstd", lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError, has_members=True)


CODINGS: dict[str, Callable[[], Coding]] = {"zstd": _make_zstd, "br": _make_brotli, "gzip": _make_gzip}
"""The codings by their names in HTTP."""


def make_coding(name: str) -> Coding:
    """Make a coding from its name.

    :raises ConfigError: the coding is unknown, or its library is not installed.
    """
    if name not in CODINGS:
        raise ConfigError(Mistake(f"unknown coding {name!r}", key="codings", value=name, hint=suggest(name, CODINGS)))
    return CODINGS[name]()
