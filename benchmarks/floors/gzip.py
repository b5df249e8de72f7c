"""The floor of gzip."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from benchmarks.codecs import find_gzip
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = [
    "MINIMUM",
    "SYNC",
    "Gzip",
    "accepts_gzip",
    "add_vary",
    "compress_whole",
    "edit_encoded_headers",
    "is_eligible",
    "make_encoder",
    "weaken_etags",
]

_zlib, _LEVEL = find_gzip()
_FRAME = 31
SYNC = _zlib.Z_SYNC_FLUSH
MINIMUM = 500
_is_textual = re.compile(r"text/.*|application/(javascript|json|xml)|[^;]*\+(json|xml)", re.IGNORECASE).match
_MEMBER = re.compile(r"\s*(gzip|x-gzip|identity|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d*)?))?\s*(?:,|$)", re.IGNORECASE)
_LOST = ("content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest")


@lru_cache(maxsize=256)
def accepts_gzip(accepted: str) -> bool:
    """Whether the client prefers gzip to the unchanged body, or accepts both equally."""
    said = {name.lower(): float(quality or 1) for name, quality in _MEMBER.findall(accepted)}
    quality = said.get("gzip", said.get("x-gzip", said.get("*", 0.0)))
    return quality > 0 and quality >= said.get("identity", 0.0)


def is_eligible(status: str, headers: Headers) -> bool:
    """Whether a response may be compressed."""
    textual = False
    for name, value in headers:
        name = name.lower()
        if name == "content-type":
            textual = _is_textual(value) is not None
        elif name == "content-length":
            if value.isdecimal() and len(value) < 18 and int(value) < MINIMUM:
                return False
        elif (name == "cache-control" and "no-transform" in value) or name in ("content-encoding", "content-range"):
            return False
    return textual and status[:3] not in ("204", "205", "206", "304") and status[:1] != "1"


def add_vary(headers: Headers) -> Headers:
    """Add Accept-Encoding to Vary."""
    there = ", ".join([value for name, value in headers if name.lower() == "vary" and value.strip()])
    if not there:
        return [*headers, ("Vary", "Accept-Encoding")]
    if "*" in there or "accept-encoding" in there.lower():
        return headers
    return [*[item for item in headers if item[0].lower() != "vary"], ("Vary", f"{there}, Accept-Encoding")]


def weaken_etags(headers: Headers) -> Headers:
    """Make all ETags weak."""
    return [
        (name, f"W/{value}") if name.lower() == "etag" and value.startswith('"') else (name, value)
        for name, value in headers
    ]


def edit_encoded_headers(headers: Headers) -> Headers:
    """Edit the headers for a compressed body."""
    kept = [item for item in headers if item[0].lower() not in _LOST]
    return [*add_vary(weaken_etags(kept)), ("Content-Encoding", "gzip")]


def make_encoder() -> Any:
    """Make a compressor for a stream."""
    return _zlib.compressobj(_LEVEL, _zlib.DEFLATED, _FRAME)


def compress_whole(body: bytes) -> bytes:
    """Compress a whole body."""
    packed: bytes = _zlib.compress(body, _LEVEL, _FRAME)
    return packed


class Gzip:
    """Compress an eligible body if the client accepts gzip."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        if not accepted or not accepts_gzip(accepted):

            def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
                if is_eligible(status, headers) or status[:3] == "304":
                    headers = add_vary(headers)
                try:
                    return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
                finally:
                    exc_info = None

            return self._app(environ, start)
        packed = _Packed(environ, start_response)
        body = self._app(environ, packed.start)
        try:
            return packed.body(body)
        except BaseException:
            if hasattr(body, "close"):
                body.close()
            raise


class _Packed:
    """A response that may be compressed; the first chunk decides."""

    __slots__ = ("accept", "chunks", "environ", "held", "is_head", "single", "source", "started", "stream", "write")

    def __init__(self, environ: Environ, accept: StartResponse) -> None:
        self.environ = environ
        self.accept = accept
        self.is_head = environ.get("REQUEST_METHOD") == "HEAD"
        self.held: tuple[str, Headers] | None = None
        self.started = False
        self.stream: Any = None
        self.single = False

    def start(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Hold back the start of an eligible response."""
        if exc_info is None and not self.held and not self.started and is_eligible(status, headers):
            self.held = status, [*headers]
            return self._packing_write
        try:
            if exc_info:
                self.held = self.stream = None
            elif self.held:
                self.begin(*self.held)
            if status[:3] == "304":
                etags = [value for name, value in headers if name.lower() == "etag"]
                if etags and f"W/{etags[0]}" in self.environ.get("HTTP_IF_NONE_MATCH", ""):
                    headers = weaken_etags(headers)
                headers = add_vary(headers)
            self.started = True
            self.write = self.accept(status, headers, exc_info) if exc_info else self.accept(status, headers)
        finally:
            exc_info = None
        return self.write

    def begin(self, status: str, headers: Headers) -> None:
        """Send the start that was held back."""
        self.held = None
        self.started = True
        self.write = self.accept(status, headers)

    def _packing_write(self, chunk: bytes) -> object:
        packed = self.pack(chunk)
        return self.write(packed)

    def body(self, body: Any) -> Iterable[bytes]:
        """Return the body for the server."""
        kind = type(body)
        if self.held and (kind is list or kind is tuple):
            length = sum(map(len, body))
            if length < MINIMUM and (length or not self.is_head):
                self.begin(self.held[0], add_vary(self.held[1]))
                return body  # type: ignore[no-any-return]
            if len(body) == 1:
                packed = self.whole(body[0])
                return body if self.is_head else [packed]
        if self.started and self.stream is None:
            return body  # type: ignore[no-any-return]
        self.source = body
        self.chunks = iter(body)
        try:
            self.single = len(body) == 1
        except TypeError:
            self.single = False
        return self

    def whole(self, chunk: bytes) -> bytes:
        """Compress the only chunk and start the response."""
        status, headers = self.held  # type: ignore[misc]
        packed = compress_whole(chunk)
        if len(packed) < len(chunk):
            self.begin(status, [*edit_encoded_headers(headers), ("Content-Length", str(len(packed)))])
            return packed
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers = [*headers, ("Content-Length", str(len(chunk)))]
        self.begin(status, add_vary(headers))
        return chunk

    def pack(self, chunk: bytes) -> bytes:
        """Compress one chunk; start the response with the first one."""
        if self.held:
            status, headers = self.held
            if (chunk or not self.is_head) and (
                self.single or any(h[0].lower() == "content-length" and h[1] == str(len(chunk)) for h in headers)
            ):
                packed = self.whole(chunk)
                return chunk if self.is_head else packed
            self.begin(status, edit_encoded_headers(headers))
            if not self.is_head:
                self.stream = make_encoder()
        return self.stream.compress(chunk) + self.stream.flush(SYNC) if self.stream and chunk else chunk

    def rest(self) -> bytes:
        """Return the bytes after the last chunk."""
        if self.held:
            status, headers = self.held
            self.begin(status, edit_encoded_headers(headers) if self.is_head else add_vary(headers))
        stream, self.stream = self.stream, None
        return stream.flush() if stream else b""

    def __iter__(self) -> "_Packed":
        return self

    def __next__(self) -> bytes:
        chunk = next(self.chunks, None)
        if chunk is not None:
            return self.pack(chunk)
        self.chunks = iter(())
        rest = self.rest()
        if rest:
            return rest
        raise StopIteration

    def close(self) -> None:
        """Close the body; start the response if nobody read it."""
        source, self.source, self.stream = self.source, (), None
        if hasattr(source, "close"):
            source.close()
        if self.held:
            self.rest()
