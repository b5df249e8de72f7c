"""One request on its way through a middleware, seen from both sides; and the body without the coding it got there."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from wsgistack.testing.record import Event, Record
from wsgistack.types import Changes, Environ, Headers

__all__ = ["Given", "Passage"]

Unpack: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Passage:
    """One request on its way through a middleware, on one clock.

    :param outer: what the server saw.
    :param inner: what the application saw; more than one if it was called again.
    :param changes: what the middleware says that it changes.
    :param asked: the environ as the server made it.
    :param alone: what the application did when it was asked the same without the middleware, if that is known.
    """

    outer: Record
    inner: list[Record]
    changes: Changes
    asked: Environ
    alone: Record | None = None

    @property
    def through(self) -> Record | None:
        """What the application saw, if its answer is the one that the middleware was to pass on."""
        if len(self.inner) != 1:
            return None
        record = self.inner[0]
        caught = self.changes.errors and record.error is not None
        replaced = self.changes.answers and self.outer.status != record.status
        return None if caught or replaced else record

    @property
    def rewrites(self) -> bool:
        """Whether the middleware may give quite other bytes, not only the same ones in a coding."""
        return self.changes.body and "content-encoding" not in self.changes.headers

    def others(self, headers: Headers) -> Headers:
        """Those headers that the middleware does not say that it changes."""
        names = self.changes.headers
        return [] if "*" in names else [item for item in headers if item[0].lower() not in names]

    def unpacker(self) -> Unpack | None:
        """What takes the coding off that the middleware put on, piece by piece.

        None where the bytes of the application can't be had back here.
        """
        coded = _codings(self.outer)
        was_coded = any(map(_codings, self.inner))
        if self.rewrites:
            return None
        if was_coded or not coded:
            return bytes
        return _Gunzip() if coded == ["gzip"] else None

    def unpacked(self) -> bytes | None:
        """The body without the coding that the middleware put on; None where it can't be had."""
        unpack = self.unpacker()
        if unpack is None:
            return None
        try:
            body = b"".join(map(unpack, self.outer.chunks))
        except zlib.error as error:
            return repr(error).encode()
        is_cut_off = isinstance(unpack, _Gunzip) and self.outer.is_complete and not unpack.is_at_end
        return b"a stream without its end" if is_cut_off else body


class Given:
    """What has been given to the server so far: whether there is anything new, and how much can be decoded of all."""

    def __init__(self, passage: Passage) -> None:
        self._events = iter(passage.outer.all("write", "chunk"))
        self._next = next(self._events, None)
        self._unpack = passage.unpacker()
        self.count = 0

    @property
    def is_countable(self) -> bool:
        """Whether the count tells anything."""
        return self._unpack is not None

    def up_to(self, moment: int, *, since: int) -> bool:
        """Take in what was given before a moment, and tell whether any of it came since another one."""
        is_new = False
        while self._next is not None and self._next.at < moment:
            is_new = is_new or self._next.at > since
            self._take_in(self._next)
            self._next = next(self._events, None)
        return is_new

    def _take_in(self, event: Event) -> None:
        if self._unpack and isinstance(event.value, bytes):
            try:
                self.count += len(self._unpack(event.value))
            except zlib.error:  # which the rule about the bytes tells
                self._unpack = None


class _Gunzip:
    """Takes gzip off, piece by piece, also in several members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def __call__(self, data: bytes) -> bytes:
        given = b""
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            given += self._member.decompress(data)
            data = self._member.unused_data
        return given

    @property
    def is_at_end(self) -> bool:
        return self._member.eof


def _codings(record: Record) -> list[str]:
    return [value.lower() for name, value in record.headers if name.lower() == "content-encoding"]
