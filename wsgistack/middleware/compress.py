"""Compression of responses, chunk by chunk, negotiated with the client (RFC 9110 §8.4, §12.5.3)."""

import re
from collections.abc import Iterable, Mapping, Sequence, Sized
from fnmatch import translate
from typing import ClassVar

from wsgistack import headers as h
from wsgistack.answers import coding_chooser
from wsgistack.base import Middleware
from wsgistack.codings import CODINGS, Coding, Stream, coding
from wsgistack.errors import ConfigError, Mistake, nearest
from wsgistack.exchange import Exchange, editing
from wsgistack.types import App, Environ, ExcInfo, Headers, Size, StartResponse, Write

__all__ = ["Compress", "Gzip"]

TEXTUAL = (
    "text/*",
    "*+json",
    "*+xml",
    "application/javascript",
    "application/json",
    "application/manifest",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/x-icon",
)
"""Media types that compression makes smaller. The other images, fonts, audio and video are compressed already."""

_BODILESS_OR_PARTIAL = ("204", "205", "206", "304")
_OF_THE_BYTES = ("content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest")


class Compress(Middleware):
    """Compress eligible responses in a coding that the client accepts.

    A response is eligible by its media type and size, unless it is 1xx, 204, 205, 206 or 304, has a Content-Encoding or
    a Content-Range, or forbids it by ``Cache-Control: no-transform``. Each eligible one names Accept-Encoding in Vary,
    compressed or not. A compressed one has a weak ETag, and loses Content-Length, Accept-Ranges and digests: they
    spoke of other bytes. A body of one piece that is a list or has a Content-Length is sent with the new length; if it
    would not get smaller, it is sent as it is.

    Streams: one chunk out for each chunk in, and the client can decode it before the next one is made. A restart by
    ``exc_info`` goes out as it is.

    :param codings: of ``zstd``, ``br`` and ``gzip``, in order of preference among those that the client ranks equal. By
        default ``gzip``, which needs no library; the others need the extra ``compress``.
    :param levels: for a coding, the level to use instead of its default (gzip 6, br 4, zstd 3). Higher ones take more
        time for less bytes.
    :param minimum_size: shorter bodies are left alone, in bytes. Below the default they fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and what is written like text.
    :raises ConfigError: there is no such coding or level, its library is not installed, or no coding or type is named.

    Cost tier T2; T1 where the client accepts no coding, or the response is not eligible.

    Place it inside access_log, which then tells what went over the wire. Not for responses that hold a secret beside
    something that an attacker chooses (BREACH); not needed where a proxy in front compresses.
    """

    inside: ClassVar = {"access_log": "the log would not tell what went over the wire"}

    def __init__(
        self,
        app: App,
        /,
        *,
        codings: Sequence[str] = ("gzip",),
        levels: Mapping[str, int] | None = None,
        minimum_size: Size = 500,
        types: Sequence[str] = TEXTUAL,
    ) -> None:
        super().__init__(app)
        if not codings:
            raise ConfigError(Mistake("is empty", "codings", codings, f"some of {', '.join(CODINGS)}"))
        if not types:
            raise ConfigError(Mistake("is empty", "types", types, "media types"))
        for name in levels or ():
            if name not in codings:
                raise ConfigError(Mistake(f"{name!r} is not in use", "levels", name, hint=nearest(name, codings)))
        self.codings = codings
        self.levels = levels
        self.minimum_size = minimum_size
        self.types = types
        self._codings: dict[str, Coding] = {name: coding(name, (levels or {}).get(name)) for name in codings}
        self._choose = coding_chooser(tuple(codings))
        self._is_compressible = re.compile("|".join(map(translate, types)), re.IGNORECASE).match

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        chosen = self._choose(accepted) if accepted else None
        if chosen is None:
            return self.app(environ, editing(start_response, self._identity))
        return _Compressing(self, self._codings[chosen], environ, start_response).run(self.app)

    def is_eligible(self, status: str, headers: Headers) -> bool:
        """Whether a response may be compressed, as far as its status and headers tell."""
        media_type = ""
        for name, value in headers:
            match name.lower():
                case "content-type":
                    media_type = value.partition(";")[0].strip()
                case "content-length" if value.isdecimal() and int(value) < self.minimum_size:
                    return False
                case "content-encoding" | "content-range":
                    return False
                case "cache-control" if "no-transform" in h.tokens([(name, value)], "cache-control"):
                    return False
        return (
            self._is_compressible(media_type) is not None
            and status[:3] not in _BODILESS_OR_PARTIAL
            and status[:1] != "1"
        )

    def _identity(self, status: str, headers: Headers) -> tuple[str, Headers]:
        return status, h.vary(headers, "Accept-Encoding") if self.is_eligible(status, headers) else headers


class Gzip(Compress):
    """Compress eligible responses with gzip alone.

    As :class:`Compress`, which can do more codings.

    :param level: from 1, the fastest, to 9, the smallest. The default is zlib's own.
    :param minimum_size: shorter bodies are left alone, in bytes. Below the default they fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and what is written like text.
    :raises ConfigError: there is no such level, or no type is named.

    Cost tier T2; T1 where the client does not accept gzip, or the response is not eligible.

    Place it as :class:`Compress`.
    """

    def __init__(
        self, app: App, /, *, level: int = 6, minimum_size: Size = 500, types: Sequence[str] = TEXTUAL
    ) -> None:
        try:
            super().__init__(app, levels={"gzip": level}, minimum_size=minimum_size, types=types)
        except ConfigError as error:
            raise ConfigError(
                *(each._replace(key=each.key.replace("levels", "level")) for each in error.mistakes)
            ) from error
        self.level = level


class _Compressing(Exchange):
    """Holds the start back until the first chunk, which tells whether the body can be encoded in one piece."""

    __slots__ = ("_coding", "_held", "_is_single", "_layer", "_stream", "_write")

    def __init__(self, layer: Compress, coding: Coding, environ: Environ, start_response: StartResponse) -> None:
        super().__init__(environ, start_response)
        self._layer = layer
        self._coding = coding
        self._held: tuple[str, Headers] | None = None
        self._is_single = False
        self._stream: Stream | None = None
        self._write: Write

    def begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info:
                self._held = self._stream = None
            elif self._held:  # a second start without exc_info: let the server say so
                self.forward(*self._held)
            elif not self.status and self._layer.is_eligible(status, headers):
                if self.environ.get("REQUEST_METHOD") == "HEAD":
                    return self.forward(status, self._encoded(headers))
                self._held = status, [*headers]
                return self._write_held
            self._write = self.forward(status, self._revalidated(status, headers), exc_info)
            return self._write
        finally:
            exc_info = None

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        if self._held and (type(body) is list or type(body) is tuple) and len(body) == 1:
            return [self._whole(*self._held, body[0])]
        self._is_single = _is_single(body)
        passes_untouched = self.status and not self._stream
        return body if passes_untouched else None

    def on_chunk(self, chunk: bytes) -> bytes:
        if self._held:
            status, headers = self._held
            if self._is_single or h.get(headers, "content-length") == str(len(chunk)):
                return self._whole(status, headers, chunk)
            self._release(status, self._encoded(headers))
            self._stream = self._coding.stream()
        return self._stream.encode(chunk) if self._stream and chunk else chunk

    def on_end(self) -> bytes:
        if self._held:  # no chunk came
            status, headers = self._held
            self._release(status, h.vary(headers, "Accept-Encoding"))
        return self._stream.finish() if self._stream else b""

    def on_close(self, error: BaseException | None) -> None:
        if self._held and error is None:  # the client has gone before the first chunk
            self._release(*self._held)
        self._stream = None

    def _write_held(self, chunk: bytes) -> object:
        encoded = self.on_chunk(chunk)
        return self._write(encoded)

    def _whole(self, status: str, headers: Headers, body: bytes) -> bytes:
        if len(body) >= self._layer.minimum_size:
            encoded = self._coding.whole(body)
            if len(encoded) < len(body):
                self._release(status, [*self._encoded(headers), ("Content-Length", str(len(encoded)))])
                return encoded
        if h.get(headers, "content-length") is None:  # the len() of an exchange can't tell it
            headers = [*headers, ("Content-Length", str(len(body)))]
        self._release(status, h.vary(headers, "Accept-Encoding"))
        return body

    def _release(self, status: str, headers: Headers) -> None:
        self._held = None
        self._write = self.forward(status, headers)

    def _encoded(self, headers: Headers) -> Headers:
        kept = h.weaken_etag(h.without(headers, *_OF_THE_BYTES))
        return [*h.vary(kept, "Accept-Encoding"), ("Content-Encoding", self._coding.name)]

    def _revalidated(self, status: str, headers: Headers) -> Headers:
        """A 304 for a variant that was sent compressed has to speak of the weak ETag that went with it."""
        etag = h.get(headers, "etag") or ""
        if status[:3] != "304" or f"W/{etag}" not in self.environ.get("HTTP_IF_NONE_MATCH", ""):
            return headers
        return h.vary(h.weaken_etag(headers), "Accept-Encoding")


def _is_single(body: Iterable[bytes]) -> bool:
    try:
        return isinstance(body, Sized) and len(body) == 1
    except TypeError:  # by which a body tells that the length is not known
        return False
