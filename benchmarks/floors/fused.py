"""The floor of all five layers: one handwritten function."""

import logging
import os
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from time import perf_counter, time
from typing import Any

from benchmarks.floors.access_log import Unsized, format_line, read_request
from benchmarks.floors.basic_auth import CHALLENGE, find_user
from benchmarks.floors.gzip import (
    MINIMUM,
    SYNC,
    accepts_gzip,
    add_vary,
    compress_whole,
    edit_encoded_headers,
    is_eligible,
    make_encoder,
    weaken_etags,
)
from benchmarks.floors.request_id import current_id, is_id
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["fused"]

_LOG = logging.getLogger("benchmarks.fused")


def fused(app: App, user: str, password: str, write_line: Callable[[str], object]) -> App:
    """Do the work of request_id, access_log, catch_errors, gzip and basic_auth."""
    right = sha256(password.encode()).digest()
    urandom = os.urandom

    def guarded(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        given = find_user(environ.get("HTTP_AUTHORIZATION", ""), user, right)
        if given is None:
            environ.pop("REMOTE_USER", None)
            environ.pop("AUTH_TYPE", None)
            return _answer(environ, start_response, "401 Unauthorized", CHALLENGE)
        environ["REMOTE_USER"] = given
        environ["AUTH_TYPE"] = "Basic"
        return app(environ, start_response)

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        made = environ.get("HTTP_X_REQUEST_ID")
        if not made or not is_id(made):
            made = urandom(16).hex()
        environ["wsgistack.request_id"] = environ["HTTP_X_REQUEST_ID"] = made
        response = _Response(environ, start_response, made, write_line)
        token = current_id.set(made)
        try:
            response.take(guarded(environ, response.start))
        except StopIteration:  # a WebSocket under gunicorn
            response.close()
            raise
        except BaseException as error:
            response.fail(error)
        finally:
            current_id.reset(token)
        return Unsized(response) if response.length is None else response

    return layer


def _answer(environ: Environ, start: Any, status: str, *headers: tuple[str, str], **error: ExcInfo) -> list[bytes]:
    body = status.encode()
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers]
    start(status, fields, **error)
    return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]


class _Response:
    __slots__ = (
        "accept",
        "asked",
        "begin",
        "chunks",
        "code",
        "environ",
        "failed",
        "finished",
        "held",
        "is_head",
        "length",
        "made",
        "sent",
        "since",
        "source",
        "stream",
        "write",
        "write_line",
    )

    def __init__(self, environ: Environ, accept: StartResponse, made: str, write_line: Callable[[str], object]) -> None:
        self.since = perf_counter()
        self.begin = time()
        self.environ = environ
        self.asked = read_request(environ)
        self.accept = accept
        self.made = made
        self.write_line = write_line
        self.is_head = environ.get("REQUEST_METHOD") == "HEAD"
        self.held: tuple[str, Headers] | None = None
        self.write: Write | None = None
        self.stream: Any = None
        self.source: Any = ()
        self.chunks: Any = None
        self.sent = 0
        self.code = ""
        self.failed = self.finished = False
        self.length: int | None = None

    def start(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info:
                self.held = self.stream = None
                self.forward(status, headers, exc_info)
            elif self.held or self.write:
                self.release()
                self.forward(status, headers)
            else:
                self.held = status, [*headers]
        finally:
            exc_info = None
        return self._write

    def forward(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> None:
        kept = [item for item in headers if item[0].lower() != "x-request-id"]
        kept.append(("X-Request-ID", self.made))
        try:
            self.write = self.accept(status, kept, exc_info) if exc_info else self.accept(status, kept)
        finally:
            exc_info = None
        self.code = status[:3]

    def release(self) -> None:
        """Start a response that is not compressed."""
        if self.held:
            status, headers = self.held
            self.held = None
            if status[:3] == "304":
                etags = [value for name, value in headers if name.lower() == "etag"]
                if etags and f"W/{etags[0]}" in self.environ.get("HTTP_IF_NONE_MATCH", ""):
                    headers = weaken_etags(headers)
                headers = add_vary(headers)
            elif is_eligible(status, headers):
                headers = add_vary(headers)
            self.forward(status, headers)
        elif self.write is None:
            raise RuntimeError("start_response was not called")

    def _write(self, chunk: bytes) -> object:
        packed = self.pack(chunk, single=False)
        self.sent += len(packed)
        return self.write(packed)  # type: ignore[misc]

    def take(self, body: Any) -> None:
        self.source = body
        if (type(body) is list or type(body) is tuple) and (self.held or self.write):
            if self.held and len(body) == 1:
                body = [self.pack(body[0], single=True)]
            elif self.held and sum(map(len, body)) < MINIMUM:
                self.release()
            if self.write is not None and self.stream is None:
                self.length = len(body)
                self.chunks = iter(body)
        elif type(body) is list and not body:  # a WebSocket under gevent and eventlet
            self.finished = True

    def pack(self, chunk: bytes, *, single: bool) -> bytes:
        """Return the bytes to send for a chunk; start the response with the first one."""
        if self.held:
            status, headers = self.held
            accepted = self.environ.get("HTTP_ACCEPT_ENCODING")
            if not (accepted and accepts_gzip(accepted) and is_eligible(status, headers)):
                self.release()
            elif single or any(h[0].lower() == "content-length" and h[1] == str(len(chunk)) for h in headers):
                return self._packed_whole(status, headers, chunk)
            else:
                self.held = None
                self.forward(status, edit_encoded_headers(headers))
                self.stream = None if self.is_head else make_encoder()
        elif self.write is None:
            self.release()
        return self.stream.compress(chunk) + self.stream.flush(SYNC) if self.stream and chunk else chunk

    def _packed_whole(self, status: str, headers: Headers, chunk: bytes) -> bytes:
        self.held = None
        if len(chunk) >= MINIMUM:
            packed = compress_whole(chunk)
            if len(packed) < len(chunk):
                self.forward(status, [*edit_encoded_headers(headers), ("Content-Length", str(len(packed)))])
                return chunk if self.is_head else packed
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers = [*headers, ("Content-Length", str(len(chunk)))]
        self.forward(status, add_vary(headers))
        return chunk

    def __len__(self) -> int:
        return self.length or 0

    def __iter__(self) -> "_Response":
        return self

    def __next__(self) -> bytes:
        token = current_id.set(self.made)
        try:
            chunk = self._next()
        except BaseException as error:
            if not self.failed:
                self.fail(error)
                chunk = next(self.chunks, b"")
            else:
                raise
        finally:
            current_id.reset(token)
        if chunk is None:
            raise StopIteration
        self.sent += len(chunk)
        return chunk

    def _next(self) -> bytes | None:
        """Return the next chunk; compress it unless all chunks are prepared."""
        if self.chunks is None:
            self.chunks = map(partial(self.pack, single=False), iter(self.source))
        chunk: bytes | None = next(self.chunks, None)
        if chunk is None and not self.finished:
            self.finished = True
            self.chunks = iter(())
            self.release()
            stream, self.stream = self.stream, None
            return (stream.flush() if stream else b"") or None
        return chunk

    def fail(self, error: BaseException) -> None:
        """Log an error; answer it before the first byte, raise it again after that."""
        self.failed = True
        if isinstance(error, Exception):
            _LOG.error("failed", exc_info=error)
        if not isinstance(error, Exception) or self.sent:
            self.chunks = iter(())
            raise error
        exc_info: Any = (type(error), error, error.__traceback__)
        self.held = self.stream = None
        self.finished = True
        self.length = 1
        self.chunks = iter(_answer(self.environ, self.forward, "500 Internal Server Error", exc_info=exc_info))

    def close(self) -> None:
        if self.source is None:
            return
        source, self.source = self.source, None
        token = current_id.set(self.made)
        try:
            if self.held:
                self.release()
            if hasattr(source, "close"):
                source.close()
        finally:
            current_id.reset(token)
            micros = round((perf_counter() - self.since) * 1e6)
            sent = 0 if self.is_head or self.code in ("204", "304") else self.sent
            self.write_line(format_line(self.environ, self.asked, self.begin, self.code or "500", sent, micros))
