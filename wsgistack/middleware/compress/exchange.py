"""One response on its way through compression: what becomes of its start, its headers and its body."""

from collections.abc import Iterable, Sized
from itertools import islice
from time import monotonic
from typing import NamedTuple, cast

from wsgistack.environ import NO_COMPRESS
from wsgistack.exchange import Exchange
from wsgistack.file_wrapper import blocks_of, is_file_wrapper
from wsgistack.http import headers as h
from wsgistack.middleware.compress.codings import Coding, Stream
from wsgistack.middleware.compress.eligibility import Eligibility, Treatment
from wsgistack.types import Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["OF_THE_BYTES", "CompressExchange", "Policy", "name_in_vary"]

OF_THE_BYTES = frozenset(("content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest"))
"""Headers that are wrong for other bytes."""

_NEVER, _ALLOWED = Treatment.NEVER, Treatment.ALLOWED  # a member costs more to look up than a global
_AT_ONCE = ("text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq")


class Policy(NamedTuple):
    """What a layer was told about all its responses."""

    eligible: Eligibility
    flush_size: int
    flush_interval: float


def name_in_vary(policy: Policy, environ: Environ, start_response: StartResponse) -> StartResponse:
    """A ``start_response`` for a body that is not compressed: Vary tells that others are."""
    judge = policy.eligible.judge

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if judge(status, headers) is not _NEVER and not environ.get(NO_COMPRESS):
                headers = h.vary(headers, "Accept-Encoding")
            return start_response(status, headers, exc_info)
        finally:
            exc_info = None

    return start


class CompressExchange(Exchange):
    """Holds the start back until the first chunk, which tells whether the body can be encoded in one piece.

    :param known_tags: the client's If-None-Match.
    """

    __slots__ = (
        "_coding",
        "_encodes",
        "_held",
        "_is_head",
        "_is_single",
        "_known_tags",
        "_left",
        "_policy",
        "_stream",
        "_write",
    )

    def __init__(
        self, policy: Policy, coding: Coding, environ: Environ, start_response: StartResponse, known_tags: str
    ) -> None:
        super().__init__(environ, start_response)
        self._policy = policy
        self._coding = coding
        self._known_tags = known_tags
        self._held: tuple[str, Headers] | None = None
        self._encodes = self._is_single = False
        self._left: int | None = None
        self._stream: Stream | None = None
        self._is_head: bool
        self._write: Write

    def begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info:
                self._write = self.forward(status, headers, exc_info)
                self._held = self._stream = self._left = None
                self._encodes = False
                return self._write
        finally:
            exc_info = None
        if self._held:  # a second start without exc_info: let the server say so
            self.forward(*self._held)
        verdict = self._policy.eligible.judge(status, headers)
        if verdict is not _NEVER and self.environ.get(NO_COMPRESS):
            verdict = _NEVER
        if verdict is _ALLOWED and not self._held and not self.status:
            self._held = status, [*headers]
            self._is_head = self.environ.get("REQUEST_METHOD") == "HEAD"
            return self._write_held
        if status[:3] == "304" and verdict is not _NEVER:  # what the client has may be compressed
            headers = h.without(headers, *OF_THE_BYTES)
            if f"W/{h.get(headers, 'etag')}" in self._known_tags:
                headers = h.weaken_etag(headers)
        self._write = self.forward(status, headers if verdict is _NEVER else h.vary(headers, "Accept-Encoding"))
        return self._write

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        if self.status and not self._encodes:
            return body
        if self._held and (type(body) is list or type(body) is tuple) and (any(body) or not self._is_head):
            encoded = self._smaller(body[0] if len(body) == 1 else b"".join(body))
            return body if encoded is None else [encoded]
        if self._held and is_file_wrapper(body, self.environ):
            blocks = blocks_of(body, h.content_length(self._held[1]))
            if blocks is not None:
                self._chunks = islice(blocks, 1) if self._is_head else blocks  # one tells all that the headers say
                return self
        self._is_single = _is_single(body)
        return None

    def on_chunk(self, chunk: bytes) -> bytes:
        if self._held:
            status, headers = self._held
            length = h.content_length(headers)
            if (self._is_single or length == len(chunk)) and (chunk or not self._is_head):
                encoded = self._smaller(chunk, tells_length=True)
                self._left = 0
                return chunk if encoded is None else encoded
            self._release(status, self._encoded(headers))
            self._encodes = not self._is_head
            self._left = length
        if self._left is not None:  # the server knows no length any more to stop at
            chunk = chunk[: self._left]
            self._left -= len(chunk)
        if self._stream:
            return self._stream.encode(chunk)
        return self._begun(chunk) if self._encodes and chunk else chunk

    def on_end(self) -> bytes:
        if self._held:
            self._release_unread(*self._held)
        if self._left:  # the client must not take it for whole
            return b""
        if self._stream:
            return self._stream.finish()
        return self._coding.whole(b"") if self._encodes else b""

    def on_close(self, error: BaseException | None) -> None:
        if self._held and error is None:  # else the server answers
            self._release_unread(*self._held)
        self._stream = None

    def _write_held(self, chunk: bytes) -> object:
        self._policy = self._policy._replace(flush_size=0)  # PEP 3333: what is written is on its way
        encoded = self.on_chunk(chunk)
        return self._write(encoded)

    def _begun(self, chunk: bytes) -> bytes:
        encoded, stream = self._coding.begin(chunk)
        self._stream = _gathering(stream, self._policy) if self._policy.flush_size and self._may_wait() else stream
        return encoded

    def _may_wait(self) -> bool:
        media_type = (h.get(self.headers, "content-type") or "").partition(";")[0].strip().lower()
        return media_type not in _AT_ONCE

    def _smaller(self, body: bytes, *, tells_length: bool = False) -> bytes | None:
        """Start with the whole body in one piece, encoded if that makes it smaller: None if it does not."""
        status, headers = self._held or ("", [])
        told = h.get(headers, "content-length")
        if len(body) >= max(1, self._policy.eligible.minimum_size) and told in (None, str(len(body))):
            encoded = self._coding.whole(body)
            if len(encoded) < len(body):
                self._release(status, [*self._encoded(headers), ("Content-Length", str(len(encoded)))])
                return encoded
        if tells_length and told is None:  # the len() of an exchange can't tell it
            headers = [*headers, ("Content-Length", str(len(body)))]
        self._release(status, h.vary(headers, "Accept-Encoding"))
        return None

    def _release_unread(self, status: str, headers: Headers) -> None:
        """Start where no chunk came: HEAD is answered as GET would be."""
        self._release(status, self._encoded(headers) if self._is_head else h.vary(headers, "Accept-Encoding"))

    def _release(self, status: str, headers: Headers) -> None:
        self._held = None
        self._write = self.forward(status, headers)

    def _encoded(self, headers: Headers) -> Headers:
        kept = h.weaken_etag([item for item in headers if item[0].lower() not in OF_THE_BYTES])
        return [*h.vary(kept, "Accept-Encoding"), ("Content-Encoding", self._coding.name)]


def _gathering(stream: Stream, policy: Policy) -> Stream:
    """The stream, flushed only when a size has been gathered or a time has gone by, as each chunk shows."""
    gathered = 0
    due = monotonic() + policy.flush_interval

    def encode(chunk: bytes) -> bytes:
        nonlocal gathered, due
        encoded = stream.add(chunk)
        gathered += len(chunk)
        now = monotonic()
        if gathered >= policy.flush_size or (gathered and now >= due):
            encoded += stream.flush()
            gathered = 0
            due = now + policy.flush_interval
        return encoded

    return stream._replace(encode=encode)


def _is_single(body: Iterable[bytes]) -> bool:
    try:
        return hasattr(type(body), "__len__") and len(cast(Sized, body)) == 1
    except TypeError:  # by which a body tells that the length is not known
        return False
