"""One request and its response on the way through a middleware, seen from both sides."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from wsgistack.testing.record import Event, Record
from wsgistack.types import Changes, Environ, Headers

__all__ = ["Passage", "SentSoFar"]

Decode: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Passage:
    """One request and its response on the way through a middleware, on one clock.

    :param outer: what the server saw.
    :param inner: what the application saw: one record for each call.
    :param changes: what the middleware declares as changed.
    :param environ: as the server made it.
    :param alone: the same request to the application without the middleware, if it was sent.
    """

    outer: Record
    inner: list[Record]
    changes: Changes
    environ: Environ
    alone: Record | None = None

    @property
    def through(self) -> Record | None:
        """What the application saw, if its response is the one that the middleware has to pass on."""
        if len(self.inner) != 1:
            return None
        record = self.inner[0]
        caught = self.changes.errors and record.error is not None
        replaced = self.changes.answers and self.outer.status != record.status
        return None if caught or replaced else record

    @property
    def rewrites(self) -> bool:
        """Whether the middleware may send other bytes, and not only the same bytes in a content coding."""
        return self.changes.body and "content-encoding" not in self.changes.headers

    def list_unchanged(self, headers: Headers) -> Headers:
        """The headers that the middleware does not declare as changed."""
        names = self.changes.headers
        return [] if "*" in names else [item for item in headers if item[0].lower() not in names]

    def make_decoder(self) -> Decode | None:
        """Make what decodes the content coding of the middleware, piece by piece.

        None if the bytes of the application cannot be restored.
        """
        codings = _get_codings(self.outer)
        was_coded = any(map(_get_codings, self.inner))
        if self.rewrites:
            return None
        if was_coded or not codings:
            return bytes
        return _GzipDecoder() if codings == ["gzip"] else None

    def decode(self) -> bytes | None:
        """The body without the content coding of the middleware; None if it cannot be restored."""
        decode = self.make_decoder()
        if decode is None:
            return None
        try:
            body = b"".join(map(decode, self.outer.chunks))
        except zlib.error as error:
            return repr(error).encode()
        is_cut_off = isinstance(decode, _GzipDecoder) and self.outer.is_complete and not decode.is_at_end
        return b"a gzip stream without its end" if is_cut_off else body


class SentSoFar:
    """What the middleware has sent to the server so far, and how many bytes the client can decode from it."""

    def __init__(self, passage: Passage) -> None:
        self._events = iter(passage.outer.all("write", "chunk"))
        self._next = next(self._events, None)
        self._decode = passage.make_decoder()
        self.count: int = 0

    @property
    def is_countable(self) -> bool:
        """Whether the bytes can be decoded, so that the count is right."""
        return self._decode is not None

    def advance(self, moment: int, *, since: int) -> bool:
        """Add what was sent before a moment. Return whether any of it was sent after ``since``."""
        is_new = False
        while self._next is not None and self._next.at < moment:
            is_new = is_new or self._next.at > since
            self._add(self._next)
            self._next = next(self._events, None)
        return is_new

    def _add(self, event: Event) -> None:
        if self._decode and isinstance(event.value, bytes):
            try:
                self.count += len(self._decode(event.value))
            except zlib.error:  # keeps_the_bytes reports it
                self._decode = None


class _GzipDecoder:
    """Decodes gzip piece by piece, also several members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def __call__(self, data: bytes) -> bytes:
        decoded = b""
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            decoded += self._member.decompress(data)
            data = self._member.unused_data
        return decoded

    @property
    def is_at_end(self) -> bool:
        return self._member.eof


def _get_codings(record: Record) -> list[str]:
    return [value.lower() for name, value in record.headers if name.lower() == "content-encoding"]
