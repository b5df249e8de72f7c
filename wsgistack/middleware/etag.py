"""Entity tags for responses, and answers to conditional requests (RFC 9110 §13)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import check_counts
from wsgistack.exchange.held import HeldExchange
from wsgistack.exchange.lengths import has_one_chunk, keep_length
from wsgistack.file_wrapper import is_file_wrapper
from wsgistack.http import headers as h
from wsgistack.http.preconditions import NOT_IN_304, find_status
from wsgistack.http.responses import error_answer
from wsgistack.types import App, Changes, Environ, Headers, Size, StartResponse

__all__ = ["Etag"]

_EVALUATED = ("200", "206")
_MEANING = ("content-type", "content-encoding", "content-language")
_RELEVANT_HEADERS = frozenset(("etag", "content-range", "content-length", "cache-control", *_MEANING))
_OF_COMPRESSED = "its tags would be those of compressed bytes, which differ by coding and padding"


class Etag(Middleware):
    """Give small, complete responses an ETag, and answer 304 to clients that already have the response.

    ::

        Etag(app, max_size=256 * 1024)

        [filter:etag]
        use = egg:wsgistack#etag
        max_size = 256KiB

    The tag is a strong one: 128 bits of the SHA-256 of the body and its Content-Type, Content-Encoding and
    Content-Language. A 304 does not send these, so a change of them needs a new tag. A response 200 to GET gets a
    tag if the body is a list or tuple, or one chunk that is known to be complete. No stream is collected: each chunk
    passes at once. A response with its own ETag, ``Cache-Control: no-store`` or a Content-Range, an empty one and a
    file get no tag. A response to HEAD gets one only if the application sends the body of GET; RFC 9110 section 9.3.2
    allows the difference.

    The conditions of GET and HEAD are evaluated for these tags, and for the ETag and Last-Modified of the application,
    in the order of RFC 9110 section 13.2.2: If-Match or else If-Unmodified-Since (412), If-None-Match or else
    If-Modified-Since (304). Lists, ``*`` and weak tags are compared as the RFC demands. A 304 has no body, no
    headers about one, and all other headers, also Set-Cookie. Only a 200 or 206 is replaced.

    Other methods pass unchanged, because the application has already acted when its response is seen: a 412 would deny
    a change that was made. Only the application can protect PUT and DELETE with If-Match, with its own tags.

    :param max_size: larger bodies get no tag, in bytes. 1 MiB by default: its hash takes about a millisecond. With 0,
        only the application's own ETag and Last-Modified are used.
    :raises ConfigError: the size is not a whole number of bytes.

    Cost tier T2; T0 for methods other than GET and HEAD.

    Place it inside compress, which weakens the tags of what it compresses, and knows them again. Not for pages that
    differ each time, as with a nonce or a masked token: their tags never match. Not needed for an application that does
    this itself, as Django does with ConditionalGetMiddleware. It saves the transfer, not the work of the application.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "the log would not show the status of its answers",
        "compress": _OF_COMPRESSED,
        "gzip": _OF_COMPRESSED,
    }
    changes: ClassVar[Changes] = Changes(frozenset({"etag"}), answers=True)

    def __init__(self, app: App, /, *, max_size: Size = 1024 * 1024) -> None:
        super().__init__(app)
        check_counts("bytes", max_size=max_size)
        self.max_size = max_size

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return self.app(environ, start_response)
        exchange: _Tagged = _Tagged()
        exchange.max_size = self.max_size
        exchange.is_single = False
        exchange.prepare(environ, start_response)
        return exchange.run(self.app)


class _Tagged(HeldExchange):
    """Holds a success back until its tag is known, and its conditions are evaluated."""

    __slots__ = ("_instead", "is_single", "max_size")
    __init__ = object.__init__

    keeps_length = True
    is_single: bool  # whether the body is one chunk
    max_size: int
    _instead: bytes | None  # what is sent in place of the body

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        self._instead = None
        self.holds = not self.status and status[:3] in _EVALUATED  # a restart passes as it is
        return status, headers

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        is_list = type(body) is list or type(body) is tuple
        if self.is_held:
            if is_list:
                self._finish(body[0] if len(body) == 1 else self._join(body))  # type: ignore[arg-type,index]
            else:
                self.is_single = has_one_chunk(body)
                length = 1 if self.is_single else h.content_length(self.headers) or 0
                if 0 < length <= self.max_size and not is_file_wrapper(body, self.environ):
                    return None  # its first chunk may be all of it
                self._finish()
        elif not self.status:
            self._instead = None
            self.is_single = has_one_chunk(body)
            self._chunks = self._until_replaced(body)
            return keep_length(body, self)
        if self._instead is None:
            return body
        if is_list:
            return [self._instead]
        self._chunks = iter((b"",))  # and the application's iterable is only closed
        return self

    def on_chunk(self, chunk: bytes) -> bytes:
        if self.is_held:
            is_whole = self.is_single or h.content_length(self.headers) == len(chunk)
            self._finish(chunk if is_whole else b"")
        return chunk if self._instead is None else self._take_instead()

    def on_end(self) -> bytes:
        if self.is_held:
            self._finish()
        return b"" if self._instead is None else self._take_instead()

    def _join(self, chunks: Collection[bytes]) -> bytes:
        """The whole body, unless it is too large for a tag."""
        return b"".join(chunks) if sum(map(len, chunks)) <= self.max_size else b""

    def _until_replaced(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks of an application that starts late, until it is known that they are not sent."""
        for chunk in body:
            yield chunk
            if self._instead is not None:
                return

    def _take_instead(self) -> bytes:
        instead, self._instead = self._instead or b"", b""
        return instead

    def _finish(self, body: bytes = b"") -> None:
        """Add a tag if this is a whole body that gets one, evaluate the conditions, and start."""
        if body and len(body) <= self.max_size and self.status[:3] == "200" and (tag := self._make_tag(body)):
            self.headers.append(("ETag", tag))
        code = find_status(self.environ, self.headers)
        if code == 304:
            self.status = "304 Not Modified"
            self.headers = [item for item in self.headers if item[0].lower() not in NOT_IN_304]
            self._instead = b""
        elif code:
            detail = "The resource has changed, or its state is not known."
            self.status, self.headers, (self._instead,) = error_answer(self.environ, code, detail)
        self.release()

    def _make_tag(self, body: bytes) -> str:
        """The tag of a whole body; empty if a header forbids it."""
        meaning = ""
        for name, value in self.headers:
            lowered = name.lower()
            if lowered in _RELEVANT_HEADERS:
                if lowered in _MEANING:
                    meaning += f"{lowered}: {value}\n"
                elif lowered == "content-length":
                    if value != str(len(body)):
                        return ""
                elif lowered != "cache-control" or "no-store" in h.tokens(self.headers, "cache-control"):
                    return ""
        digest = sha256(meaning.encode("utf-8", "replace"))
        digest.update(body)
        return f'"{digest.hexdigest()[:32]}"'
