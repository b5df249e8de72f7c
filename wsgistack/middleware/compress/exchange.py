"""One response on its way through compression: its start, its headers and its body."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

from wsgistack.environ import NO_COMPRESS
from wsgistack.exchange.held import HeldExchange
from wsgistack.exchange.lengths import has_one_chunk
from wsgistack.file_wrapper import blocks_of, is_file_wrapper
from wsgistack.http import headers as h
from wsgistack.middleware.compress.codings import Coding, Stream
from wsgistack.middleware.compress.eligibility import Treatment
from wsgistack.types import Environ, Headers, StartResponse

__all__ = ["HEADERS_ABOUT_BYTES", "CompressExchange", "Policy"]

HEADERS_ABOUT_BYTES = frozenset(
    ("content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest")
)
"""Headers that describe the bytes of the body, and so are wrong for encoded ones."""

_NEVER, _ALLOWED = Treatment.NEVER, Treatment.ALLOWED  # a global is faster than an attribute of an enum
_AT_ONCE = ("text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq")


@dataclass(slots=True)
class Policy:
    """The options of a layer that matter for each response in one coding."""

    coding: Coding
    judge: Callable[[str, Headers], Treatment]
    minimum_size: int
    flush_size: int
    flush_interval: float


class CompressExchange(HeldExchange):
    """Holds the start back until the first chunk, which shows whether the body can be encoded in one piece.

    :param known_tags: the client's If-None-Match.
    """

    __slots__ = (
        "_encodes",
        "_is_single",
        "_known_tags",
        "_left",
        "_policy",
        "_stream",
    )
    headers: Headers
    holds: bool

    def __init__(self, policy: Policy, environ: Environ, start_response: StartResponse, known_tags: str) -> None:
        HeldExchange.__init__(self, environ, start_response)  # faster than super()
        self._policy = policy
        self._known_tags = known_tags
        self._encodes = False
        self._is_single: bool | None = None  # not known before the application returns its body
        self._left: int | None = None
        self._stream: Stream | _GatheringStream | None = None

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        self.holds = False
        if self.status:  # a restart passes as it is
            self._encodes = False
            self._stream = self._left = None
        else:
            treatment = self._policy.judge(status, headers)
            if treatment is not _NEVER and not self.environ.get(NO_COMPRESS):
                self.holds = treatment is _ALLOWED
                if status[:3] == "304":  # the client's copy may be compressed
                    headers = h.without(headers, *HEADERS_ABOUT_BYTES)
                    if f"W/{h.get(headers, 'etag')}" in self._known_tags:
                        headers = h.weaken_etag(headers)
                headers = h.vary(headers, "Accept-Encoding")
        return status, headers

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        if self.is_held:
            if type(body) is list or type(body) is tuple:
                whole = body[0] if len(body) == 1 else b"".join(body)
                shrunk = self._shrink(whole)
                return body if shrunk is whole else [shrunk]
            if is_file_wrapper(body, self.environ):
                blocks = blocks_of(body, h.content_length(self.headers))
                if blocks is not None:
                    self._chunks = blocks
                    self._is_single = False
                    return self
        elif self.status and not self._encodes:
            return body
        self._is_single = has_one_chunk(body)
        return None

    def on_chunk(self, chunk: bytes) -> bytes:
        if self.is_held:
            length = h.content_length(self.headers)
            if self._is_single or length == len(chunk):
                self._left = 0
                return self._shrink(chunk, adds_length=True)
            self._release_encoded()
            self._encodes = True
            self._left = length
        if self._left is not None:  # the server has no length any more to stop at
            chunk = chunk[: self._left]
            self._left -= len(chunk)
        if self._stream:
            return self._stream.encode(chunk)
        return self._begin_stream(chunk) if self._encodes and chunk else chunk

    def on_end(self) -> bytes:
        if self.is_held:
            self.release()
        if self._left:  # the client must not take it for complete
            return b""
        if self._stream:
            return self._stream.finish()
        return self._policy.coding.whole(b"") if self._encodes else b""

    def on_close(self, error: BaseException | None) -> None:
        self._stream = None

    def _begin_stream(self, chunk: bytes) -> bytes:
        encoded, stream = self._policy.coding.begin(chunk)
        gathers = self._policy.flush_size and self._may_wait()
        self._stream = _GatheringStream(stream, self._policy) if gathers else stream
        return encoded

    def _may_wait(self) -> bool:
        if self._is_single is None:  # PEP 3333: written chunks must not wait
            return False
        media_type = (h.get(self.headers, "content-type") or "").partition(";")[0].strip().lower()
        return media_type not in _AT_ONCE

    def _shrink(self, body: bytes, *, adds_length: bool = False) -> bytes:
        """Start, and return the whole body in one piece, encoded if that makes it smaller."""
        length = h.get(self.headers, "content-length")
        if len(body) >= self._policy.minimum_size and (length is None or length == str(len(body))):
            encoded = self._policy.coding.whole(body)
            if len(encoded) < len(body):
                self._release_encoded(("Content-Length", str(len(encoded))))
                return encoded
        if adds_length and length is None:  # the server can't learn it from len() of this exchange
            self.headers.append(("Content-Length", str(len(body))))
        self.release()
        return body

    def _release_encoded(self, *added: tuple[str, str]) -> None:
        kept = h.weaken_etag([item for item in self.headers if item[0].lower() not in HEADERS_ABOUT_BYTES])
        self.headers = [*kept, ("Content-Encoding", self._policy.coding.name), *added]
        self.release()


class _GatheringStream:
    """Flushes a stream only when enough bytes or time have come together, which it checks at each chunk."""

    def __init__(self, stream: Stream, policy: Policy) -> None:
        self._stream = stream
        self._policy = policy
        self._gathered = 0
        self._due = monotonic() + policy.flush_interval
        self.finish = stream.finish

    def encode(self, chunk: bytes) -> bytes:
        encoded = self._stream.add(chunk)
        self._gathered += len(chunk)
        now = monotonic()
        if self._gathered >= self._policy.flush_size or (self._gathered and now >= self._due):
            encoded += self._stream.flush()
            self._gathered = 0
            self._due = now + self._policy.flush_interval
        return encoded
