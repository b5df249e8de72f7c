"""Decoding of a body, block by block and through several codings, within limits."""

import zlib
from collections.abc import Callable, Iterator
from io import RawIOBase
from typing import Any, NamedTuple, TypeAlias

from wsgistack.errors import ConfigError, Mistake, suggest
from wsgistack.http.bodies import BLOCK_SIZE, BodyRefusal, BodyRefusedError, discard_body
from wsgistack.http.codings import require_coding
from wsgistack.types import Environ

__all__ = ["CODINGS", "PIECE_SIZE", "Coding", "DecodedBody", "DecodedInput", "make_coding"]

MAX_WINDOW_LOG = 23
"""The window of zstd is at most 8 MiB (RFC 9659)."""

MIN_BOMB = 65536
"""In bytes. The ratio of smaller bodies does no harm, and says little."""

MAX_SMALL_MEMBERS = 100
"""More members must have ``MIN_MEMBER`` bytes on average as they are sent."""

MIN_MEMBER = 1024
"""In bytes. A decoder for each member costs time: 10 MB of empty ones would keep a server busy for half a minute."""

PIECE_SIZE = 65536
"""In bytes: about how much is decoded at once. Brotli may return half as much again."""


Step: TypeAlias = tuple[bytes, bool, bytes | None]
"""What a decoder did: the decoded piece; whether it needs more data, or else goes on with none; and what follows the
end of the member, or None before that."""

Decode: TypeAlias = Callable[[bytes], Step]
"""Decodes the next ``PIECE_SIZE`` bytes or so of one member."""


class Coding(NamedTuple):
    """One coding."""

    name: str
    begin: Callable[[], Decode]
    error: type[Exception]
    has_members: bool
    """Whether several encoded bodies in a row are one."""


class DecodedBody:
    """The decoded body of one request, in pieces that are not empty.

    :param codings: in the order in which the client applied them.
    :param length: of the body as the client sends it; None if it is unknown.
    :param max_size: of the decoded body, and of each step to it.
    :param max_ratio: of these sizes to what the client has sent.
    """

    __slots__ = ("_environ", "_input", "_left", "_max_ratio", "_max_size", "_pieces", "_received", "refusal")

    def __init__(
        self, environ: Environ, codings: tuple[Coding, ...], length: int | None, *, max_size: int, max_ratio: int
    ) -> None:
        self.refusal: BodyRefusal | None = None
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
        return self._pieces

    def read(self) -> bytes:
        """Return the next piece, or nothing at the end. A refused body raises the error again and again."""
        if self.refusal is not None:
            raise BodyRefusedError(self.refusal)
        return next(self._pieces, b"")

    def discard(self) -> None:
        """Read the rest of the body that the client sends."""
        discard_body(self._input, self._left, self._environ)

    def _read(self) -> Iterator[bytes]:
        read, left = self._input.read, self._left
        while left is None or left > 0:
            block: bytes = read(BLOCK_SIZE if left is None or left > BLOCK_SIZE else left)
            if not block:
                if left is not None:  # nothing else shows it between two members
                    raise self._refuse(400, "The request body is shorter than its Content-Length.")
                return
            self._received += len(block)
            if left is not None:
                self._left = left = left - len(block)
            yield block

    def _decode(self, blocks: Iterator[bytes], coding: Coding) -> Iterator[bytes]:
        decode: Decode | None = None
        size = members = 0
        for block in blocks:
            data = block
            while data or decode:
                if decode is None:
                    members += 1
                    if members > 1:
                        self._check_members(coding, members)
                    decode = coding.begin()
                try:
                    piece, needs_input, rest = decode(data)
                except coding.error as error:
                    raise self._refuse(400, f"The request body is not valid {coding.name} data.") from error
                if piece:
                    size += len(piece)
                    if size > self._max_size or (size > MIN_BOMB and size > self._received * self._max_ratio):
                        raise self._refuse_size(size)
                    yield piece
                if rest is not None:
                    data, decode = rest, None
                elif needs_input:
                    break
                else:
                    data = b""
        if decode is not None:
            raise self._refuse(400, f"The request body ends in the middle of its {coding.name} data.")

    def _check_members(self, coding: Coding, members: int) -> None:
        if not coding.has_members:
            raise self._refuse(400, f"The request body goes on after the end of its {coding.name} data.")
        if members > MAX_SMALL_MEMBERS and members * MIN_MEMBER > self._received:
            raise self._refuse(400, f"The {coding.name} data of the request body has too many parts.")

    def _refuse_size(self, size: int) -> BodyRefusedError:
        if size > self._max_size:
            limit = f"larger than {self._max_size} bytes"
        else:
            limit = f"more than {self._max_ratio} times as large as what was sent"
        return self._refuse(413, f"The decoded request body is {limit}, which is the limit.")

    def _refuse(self, code: int, detail: str) -> BodyRefusedError:
        self.refusal = BodyRefusal(code, detail)
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
        piece = self._piece or self._body.read()
        size = min(len(buffer), len(piece))
        buffer[:size] = piece[:size]
        self._piece = piece[size:]
        return size


def _begin_gzip() -> Decode:
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def decode(data: bytes) -> Step:
        piece = decoder.decompress(decoder.unconsumed_tail + data, PIECE_SIZE)
        # zlib may keep the rest of a long match after it has consumed all input
        needs_input = len(piece) < PIECE_SIZE and not decoder.unconsumed_tail
        return piece, needs_input, decoder.unused_data if decoder.eof else None

    return decode


def _make_gzip() -> Coding:
    return Coding("gzip", _begin_gzip, zlib.error, has_members=True)


def _make_brotli() -> Coding:
    brotli = require_coding("br")
    if not hasattr(brotli.Decompressor, "can_accept_more_data"):
        problem, hint = "needs Brotli 1.2, which limits what it decodes at once", "pip install 'Brotli>=1.2'"
        raise ConfigError(Mistake(problem, key="codings", value="br", hint=hint))

    def begin() -> Decode:
        decoder = brotli.Decompressor()

        def decode(data: bytes) -> Step:
            piece = decoder.process(data, output_buffer_limit=PIECE_SIZE)
            # it may accept more data although it keeps a part of the result
            needs_input = not piece and decoder.can_accept_more_data()
            return piece, needs_input, b"" if decoder.is_finished() else None

        return decode

    return Coding("br", begin, brotli.error, has_members=False)


def _make_zstd() -> Coding:
    zstd = require_coding("zstd")
    options = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}

    def begin() -> Decode:
        decoder = zstd.ZstdDecompressor(options=options)

        def decode(data: bytes) -> Step:
            piece = decoder.decompress(data, PIECE_SIZE)
            return piece, decoder.needs_input, decoder.unused_data if decoder.eof else None

        return decode

    return Coding("zstd", begin, zstd.ZstdError, has_members=True)


CODINGS: dict[str, Callable[[], Coding]] = {"zstd": _make_zstd, "br": _make_brotli, "gzip": _make_gzip}
"""The codings by their names in HTTP."""


def make_coding(name: str) -> Coding:
    """Make a coding from its name.

    :raises ConfigError: the coding is unknown, or its library is not installed.
    """
    if name not in CODINGS:
        raise ConfigError(Mistake(f"unknown coding {name!r}", key="codings", value=name, hint=suggest(name, CODINGS)))
    return CODINGS[name]()
