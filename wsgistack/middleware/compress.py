"""Compression of responses, chunk by chunk, negotiated with the client (RFC 9110 §8.4, §12.5.3)."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import ClassVar

from wsgistack import headers as h
from wsgistack.answers import coding_chooser
from wsgistack.base import Middleware
from wsgistack.codings import CODINGS, Coding, Stream, coding
from wsgistack.eligibility import TEXTUAL, Eligibility
from wsgistack.errors import ConfigError, Mistake, Mistakes, nearest
from wsgistack.exchange import Exchange, editing
from wsgistack.types import App, Changes, Environ, ExcInfo, Headers, Size, StartResponse, Write

__all__ = ["Compress", "Gzip"]

_OF_THE_BYTES = ("content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest")


class Compress(Middleware):
    """Compress eligible responses in a coding that the client accepts.

    A response is eligible by its media type and size, unless it is 1xx, 204, 205, 206 or 304, has a Content-Encoding or
    a Content-Range, or forbids it by ``Cache-Control: no-transform``. Each eligible one names Accept-Encoding in Vary,
    compressed or not, and so do its 206 and 304. A compressed one has a weak ETag, and loses Content-Length,
    Accept-Ranges and digests: they spoke of other bytes. A body of one piece that is a list or has a Content-Length is
    sent with the new length; if it would not get smaller, it is sent as it is.

    Streams: one chunk out for each chunk in, and the client can decode it before the next one is made. A restart by
    ``exc_info`` goes out as it is.

    :param codings: of ``zstd``, ``br`` and ``gzip``, in order of preference among those that the client ranks equal. By
        default ``gzip``, which needs no library; the others need the extra ``compress``.
    :param levels: for a coding, the level to use instead of its default (gzip 6, br 4, zstd 3). Higher ones take more
        time for less bytes.
    :param minimum_size: shorter bodies are left alone, in bytes. Below the default they fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and what is written like text.
    :raises ConfigError: there is no such coding or level, its library is not installed, or no coding or type is named.

    Cost tier T2; T1 where the client accepts no coding. A response that is not eligible keeps its own iterable, unless
    the application starts it late.

    Place it inside access_log, which then tells what went over the wire. Not for responses that hold a secret beside
    something that an attacker chooses (BREACH); not needed where a proxy in front compresses.
    """

    inside: ClassVar = {"access_log": "the log would not tell what went over the wire"}
    changes: ClassVar = Changes(headers=frozenset({"vary", "etag", "content-encoding", *_OF_THE_BYTES}), body=True)

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
        mistakes = Mistakes()
        if not codings or isinstance(codings, str):
            mistakes.append(Mistake(f"found {codings!r}", "codings", codings, f"some of {', '.join(CODINGS)}"))
        if not types or isinstance(types, str):
            mistakes.append(Mistake(f"found {types!r}", "types", types, "media types"))
        for name in levels or ():
            if name not in codings:
                mistakes.append(Mistake(f"{name!r} is not in use", "levels", name, hint=nearest(name, codings)))
        self._codings: dict[str, Coding] = {}
        for name in codings:
            with mistakes.caught():
                self._codings[name] = coding(name, (levels or {}).get(name))
        mistakes.raise_if_any()
        self.codings = codings
        self.levels = levels
        self.minimum_size = minimum_size
        self.types = types
        self._choose = coding_chooser(tuple(codings))
        self.eligible = Eligibility(types, minimum_size)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        chosen = self._choose(accepted) if accepted else None
        if chosen is None:
            return self.app(environ, editing(start_response, self._identity))
        return _Compressing(self, self._codings[chosen], environ, start_response).run(self.app)

    def _identity(self, status: str, headers: Headers) -> tuple[str, Headers]:
        return status, h.vary(headers, "Accept-Encoding") if self.eligible.is_negotiated(status, headers) else headers


class Gzip(Compress):
    """Compress eligible responses with gzip alone.

    As :class:`Compress`, which can do more codings.

    :param level: from 1, the fastest, to 9, the smallest. The default is zlib's own.
    :param minimum_size: shorter bodies are left alone, in bytes. Below the default they fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and what is written like text.
    :raises ConfigError: there is no such level, or no type is named.

    Cost tier T2; T1 where the client does not accept gzip.

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

    __slots__ = ("_coding", "_held", "_is_head", "_is_single", "_layer", "_stream", "_write")

    def __init__(self, layer: Compress, coding: Coding, environ: Environ, start_response: StartResponse) -> None:
        super().__init__(environ, start_response)
        self._layer = layer
        self._coding = coding
        self._held: tuple[str, Headers] | None = None
        self._is_head = environ.get("REQUEST_METHOD") == "HEAD"
        self._is_single = False
        self._stream: Stream | None = None
        self._write: Write

    def begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info:
                self._held = self._stream = None
                self._write = self.forward(status, headers, exc_info)
                return self._write
        finally:
            exc_info = None
        if self._held:  # a second start without exc_info: let the server say so
            self.forward(*self._held)
        if self._held or self.status or not self._layer.eligible.allows(status, headers):
            self._write = self.forward(status, self._as_it_is(status, headers))
            return self._write
        self._held = status, [*headers]
        return self._write_held

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        if self._held and (type(body) is list or type(body) is tuple):
            length = sum(map(len, body))
            if length < max(1, self._layer.minimum_size) and (length or not self._is_head):
                self._release_identity(*self._held)
                return body
            if len(body) == 1 and length:
                encoded = self._whole(*self._held, body[0])
                return body if self._is_head else [encoded]
        self._is_single = _is_single(body)
        passes_untouched = self.status and not self._stream
        return body if passes_untouched else None

    def on_chunk(self, chunk: bytes) -> bytes:
        if self._held:
            status, headers = self._held
            if (chunk or not self._is_head) and (
                self._is_single or h.get(headers, "content-length") == str(len(chunk))
            ):
                encoded = self._whole(status, headers, chunk)
                return chunk if self._is_head else encoded
            self._release(status, self._encoded(headers))
            self._stream = None if self._is_head else self._coding.stream()
        return self._stream.encode(chunk) if self._stream and chunk else chunk

    def on_end(self) -> bytes:
        self._release_unread()
        return self._stream.finish() if self._stream else b""

    def on_close(self, error: BaseException | None) -> None:
        if error is None:  # else the server answers
            self._release_unread()
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
        self._release_identity(status, headers)
        return body

    def _release_unread(self) -> None:
        """Start where no chunk came: HEAD is answered as GET would be."""
        if self._held and self._is_head:
            status, headers = self._held
            self._release(status, self._encoded(headers))
        elif self._held:
            self._release_identity(*self._held)

    def _release_identity(self, status: str, headers: Headers) -> None:
        self._release(status, h.vary(headers, "Accept-Encoding"))

    def _release(self, status: str, headers: Headers) -> None:
        self._held = None
        self._write = self.forward(status, headers)

    def _encoded(self, headers: Headers) -> Headers:
        kept = h.weaken_etag(h.without(headers, *_OF_THE_BYTES))
        return [*h.vary(kept, "Accept-Encoding"), ("Content-Encoding", self._coding.name)]

    def _as_it_is(self, status: str, headers: Headers) -> Headers:
        """A 304 for a variant that was sent compressed has to speak of the weak ETag that went with it."""
        etag = h.get(headers, "etag") or ""
        if status[:3] == "304" and f"W/{etag}" in self.environ.get("HTTP_IF_NONE_MATCH", ""):
            headers = h.weaken_etag(headers)
        return h.vary(headers, "Accept-Encoding") if self._layer.eligible.is_negotiated(status, headers) else headers


def _is_single(body: Iterable[bytes]) -> bool:
    try:
        return isinstance(body, Sized) and len(body) == 1
    except TypeError:  # by which a body tells that the length is not known
        return False
