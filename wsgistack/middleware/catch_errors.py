"""The last resort: an exception becomes an answer, and one record in the log."""

import logging
import traceback
from collections.abc import Iterable, Iterator
from typing import ClassVar, Self, cast

from wsgistack.base import Middleware
from wsgistack.environ import REQUEST_ID, is_logged, mark_logged, request_target
from wsgistack.exchange import END, body_is_inert, keep_length
from wsgistack.http.responses import error_answer
from wsgistack.middleware.access_log.format import escape_word
from wsgistack.types import App, Changes, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["CatchErrors"]

_DETAIL = "The server failed to answer this request. The error has been logged."


class CatchErrors(Middleware):
    """Answer 500 where the application raises, and log the traceback once.

    The answer is HTML, problem+json (RFC 9457) or plain text, whichever the client accepts, and tells nothing but the
    request's id. After the first byte no answer can be given any more: then the exception goes on to the server, which
    cuts the connection, so that the client can tell a broken body from a whole one.

    ``SystemExit``, ``KeyboardInterrupt`` and others that are not an ``Exception`` pass. Exceptions of ``close()`` are
    logged, and pass too, for the answer has been sent.

    :param debug: show the traceback to the client. For developers only: it shows your code.
    :param logger: the name of the logger that gets the traceback, at level ERROR, with ``request_id`` on the record.

    Cost tier T2; T1 for a body that is a list, a tuple or the server's own file wrapper.

    Place it inside request_id and access_log, outside of everything that can fail. Not needed in an application whose
    framework already answers every exception, unless other layers stand between.
    """

    must_be_inside: ClassVar = {
        "request_id": "error answers would carry no X-Request-ID",
        "access_log": "the log would not tell the status of error answers",
    }
    changes: ClassVar = Changes(errors=True)

    def __init__(self, app: App, /, *, debug: bool = False, logger: str = "wsgistack.catch_errors") -> None:
        super().__init__(app)
        self.debug = debug
        self.logger = logger

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        return _Guarded(self, environ, start_response).run(self.app)

    def answer(self, environ: Environ, error: Exception) -> tuple[str, Headers, list[bytes]]:
        """Make the answer to an error. A subclass may make another one."""
        shown = "".join(traceback.format_exception(error)) if self.debug else ""
        return error_answer(environ, 500, _DETAIL, traceback=shown)

    def report(self, environ: Environ, error: Exception) -> None:
        """Log an error, unless an inner layer of this kind has done so."""
        if is_logged(environ, error):
            return
        mark_logged(environ, error)
        request_id = environ.get(REQUEST_ID, "-")
        target = request_target(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), "")
        method = escape_word(environ.get("REQUEST_METHOD", "-"))
        extra = {"request_id": request_id}
        message = "%s %s failed, request %s"
        logging.getLogger(self.logger).error(message, method, target, request_id, exc_info=error, extra=extra)


class _Guarded:
    """Holds the start back until the first chunk: an error before it needs no restart, which some servers get wrong."""

    __slots__ = ("_chunks", "_environ", "_held", "_is_begun", "_layer", "_sent", "_source", "_start_response", "_write")

    def __init__(self, layer: CatchErrors, environ: Environ, start_response: StartResponse) -> None:
        self._layer = layer
        self._environ = environ
        self._start_response = start_response
        self._held: tuple[str, Headers] | None = None
        self._write: Write | None = None
        self._source: Iterable[bytes] = ()
        self._chunks: Iterator[bytes] | None = None
        self._is_begun = False  # also where the server refused the start, which some take for one nevertheless
        self._sent = False

    def run(self, app: App) -> Iterable[bytes]:
        try:
            self._source = app(self._environ, self._begin)
            if body_is_inert(self._source, self._environ):
                self._release()
                return self._source
        except Exception as error:
            self._report(error)
            if self._sent:
                raise
            self._chunks = self._answer(error)
            return self
        return keep_length(self._source, self)

    def _begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info and self._is_begun:
                self._held = None
                self._write = self._start_response(status, headers, exc_info)
            elif not exc_info and (self._held or self._write):  # a second start without exc_info: let the server say so
                self._release()
                self._start_response(status, headers)
            else:  # a restart as well: the server knows of no start yet
                self._held = status, [*headers]
        finally:
            exc_info = None
        return self._noting_write

    def _noting_write(self, chunk: bytes) -> object:
        write = self._release()
        self._sent = self._sent or bool(chunk)
        return write(chunk)

    def _release(self) -> Write:
        if self._held:
            status, headers = self._held
            self._held = None
            self._is_begun = True
            self._write = self._start_response(status, headers)
        if self._write is None:
            raise RuntimeError("the application gave a body without calling start_response")
        return self._write

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            if self._chunks is None:
                self._chunks = iter(self._source)
            chunk = next(self._chunks, END)
            if self._held or self._write is None:
                self._release()
        except Exception as error:
            self._report(error)
            if self._sent:
                raise
            self._chunks = self._answer(error)
            chunk = next(self._chunks)
        if chunk is END:
            self._chunks = iter(())
            raise StopIteration
        if chunk:
            self._sent = True
        return chunk

    def close(self) -> None:
        source, self._source = self._source, ()
        self._chunks = iter(())
        try:
            if self._held:  # the client has gone before the first chunk
                self._release()
            close = getattr(source, "close", None)
            if close is not None:
                close()
        except Exception as error:
            self._report(error)
            raise

    def _answer(self, error: Exception) -> Iterator[bytes]:
        try:
            status, headers, body = self._layer.answer(self._environ, error)
        except Exception as failure:
            self._report(failure)
            status, headers, body = "500 Internal Server Error", [("Content-Length", "0")], [b""]
        self._held = None
        raised = cast(ExcInfo, (type(error), error, error.__traceback__))
        # a first start needs no exc_info, and uWSGI fails at any
        self._write = self._start_response(status, headers, raised if self._is_begun else None)
        return iter(body)

    def _report(self, error: Exception) -> None:
        try:
            self._layer.report(self._environ, error)
        except Exception:
            traceback.print_exc(file=self._environ["wsgi.errors"])
