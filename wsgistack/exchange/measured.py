"""The exchange that counts the bytes of a response and knows how it ended."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from time import perf_counter
from typing import ClassVar, Literal

from wsgistack.environ import is_client_gone
from wsgistack.exchange import CALLING, CLOSED, Exchange, refuse_start, refuse_write
from wsgistack.exchange.lengths import SizedChunks
from wsgistack.file_wrapper import blocks_of, is_file_wrapper, watch
from wsgistack.http import headers as h
from wsgistack.http.uploads import watch_input
from wsgistack.types import Environ, StartResponse

__all__ = ["MeasuredExchange", "Outcome"]

_BODILESS = ("204", "304")
Outcome = Literal["complete", "aborted", "failed", "upgraded"]


class MeasuredExchange(Exchange):
    """An exchange that counts the bytes of the body, and knows how the response ended.

    A file in the server's own ``wsgi.file_wrapper`` is left to the server, which can use sendfile: the position in the
    file shows how much was sent. mod_wsgi moves no position; it reports only whether the client has gone. The file
    wrapper of uWSGI can't be watched; there the file is read here, in large blocks. If a server never calls
    ``close()``, the response ends at its last chunk or its error, or when the server drops the body.
    """

    __slots__ = ("_input", "_is_counting", "first_chunk_at", "method")
    start_response: StartResponse
    status: str
    sent: int
    finished: bool

    keeps_length = True
    needs_context = False
    _only_counts: ClassVar[bool] = True

    def __init_subclass__(cls, **keywords: object) -> None:
        """Find out whether the class has work of its own to do for each chunk."""
        if "on_chunk" in vars(cls) or "on_end" in vars(cls):
            cls._only_counts = False
        super().__init_subclass__(**keywords)

    def __init__(self, environ: Environ, start_response: StartResponse) -> None:
        Exchange.__init__(self, environ, start_response)  # faster than super()
        self.first_chunk_at: float | None = None
        """When the first byte of the body went to the server, by ``perf_counter()``. None for a file that it sends."""
        self.method: str = environ.get("REQUEST_METHOD") or "-"
        """The method that the server got. A layer inside may change it in the environ."""
        self._is_counting = False
        self._input = None if self.method == "GET" else watch_input(environ)

    prepare = __init__

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        """Leave a file wrapper to the server if it can be watched."""
        if type(body) is list:
            if self._only_counts and self._write is not refuse_write:  # nearly always: the shortest way
                self._chunks = self._count(body)
                self._is_counting = True
                return SizedChunks(self, body)
        elif is_file_wrapper(body, self.environ):
            watched = watch(body, self.environ, self._close_file)
            if watched is not None:
                return watched
            blocks = blocks_of(body, 0 if self.method == "HEAD" else h.content_length(self.headers))
            if blocks is not None:
                self._chunks = blocks
                return self
        return None

    def on_chunk(self, chunk: bytes) -> bytes:
        """Count the bytes."""
        if not self.sent and chunk:
            self.first_chunk_at = perf_counter()
        self.sent += len(chunk)
        if self._write is not refuse_write:
            if chunk and self._only_counts:
                self._sees_chunks = False  # the others are counted without this call
        elif self.sent == h.content_length(self.headers) and self._source is not CALLING:  # else it is not sent yet
            self._close_early()  # asgiref stops here
        return chunk

    def on_end(self) -> bytes:
        """Close where the server may not do it."""
        if self._write is refuse_write:
            self._close_early()
        return b""

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks if self._is_counting else Exchange.__iter__(self)

    def _count(self, chunks: list[bytes]) -> Iterator[bytes]:
        """Count the chunks of a list. No code of the application runs any more, but a chunk may not be bytes."""
        try:
            for chunk in chunks:
                if not self.sent and chunk:
                    self.first_chunk_at = perf_counter()
                self.sent += len(chunk)
                yield chunk
        except Exception as error:
            self._error = error
            raise
        self.finished = True
        self.start_response, self._write = refuse_start, refuse_write  # no cycle of nested exchanges

    def find_outcome(self, error: BaseException | None) -> Outcome:
        """Return how the response ended, for :meth:`on_close`.

        ``complete``: the whole body was sent. ``aborted``: the client has gone before. ``failed``: the application
        raised an error. ``upgraded``: the connection went on with another protocol, such as WebSocket.
        """
        if error is not None:
            return "aborted" if is_client_gone(error) else "failed"
        if type(self.status) is not str:  # PEP 3333 forbids it, but some servers accept it
            self.status = _decode_status(self.status)
        code = self.status[:3]
        if code == "101":
            return "upgraded"
        if self._input is not None and self._input.is_cut:
            return "aborted"
        if code in _BODILESS or self.method == "HEAD":
            self.sent = 0  # the server drops a body
            return "complete"
        if self.finished:
            return "complete"
        # A server may stop at Content-Length without asking for the end. If it stops because it could not send the last
        # chunk, it closes the body while it handles that error.
        is_whole = self.sent == h.content_length(self.headers) and not isinstance(sys.exc_info()[1], Exception)
        return "complete" if is_whole else "aborted"

    def _close_early(self) -> None:
        """Close now: servers without ``write()`` often call no ``close()`` either, such as asgiref and Starlette.

        An error goes to :meth:`on_close` only: otherwise, the client would not get the last chunk.
        """
        self.finished = True
        with suppress(Exception):
            self.close()

    def _recover(self, error: BaseException) -> bool:
        recovers = super()._recover(error)
        if self._write is refuse_write:  # the error keeps this body alive, until the server forgets both
            with suppress(Exception):  # the first error is the one to report
                self.close()
        return recovers

    def _close_file(self, sent: int, is_at_end: bool, is_certain: bool) -> None:
        length = h.content_length(self.headers)
        self.sent += sent  # to what write() has sent
        if length is not None:
            self.sent = min(self.sent, length)  # without sendfile, the server reads in blocks
        self.finished = (is_at_end or self.sent == length) and (is_certain or not self._has_client_gone())
        self.close()

    def _has_client_gone(self) -> bool:
        try:
            self._write(b"")  # type: ignore[misc]
        except Exception:  # mod_wsgi raises OSError, but layers outside may replace it
            return True
        return False

    def __del__(self) -> None:
        if self._source is not CLOSED:  # by a server such as serverless-wsgi, which never calls close()
            # Garbage may be collected while CPython 3.11 changes a context: only a copy of it may be changed here.
            with suppress(Exception):  # nobody could catch it; on_close() gets it
                copy_context().run(self.close)


def _decode_status(status: object) -> str:
    return status.decode("latin-1") if isinstance(status, bytes) else ""
