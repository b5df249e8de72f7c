"""The last resort: an error becomes an answer, and one record in the log."""

import logging
import traceback
from collections.abc import Iterable
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.environ import REQUEST_ID, escape_word, is_logged, mark_logged, request_target, watch_input
from wsgistack.exchange.held import HeldExchange
from wsgistack.http.responses import error_answer
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["CatchErrors"]

_DETAIL = "The server failed to answer this request. The error has been logged."


class CatchErrors(Middleware):
    """Answer 500 if the application raises an error, and log the traceback once.

    The answer is HTML, problem+json (RFC 9457 section 3) or plain text, as the client accepts (RFC 9110 section
    12.5.1), and shows nothing but the request's id. After the first byte, no answer is possible: the error goes on to
    the server, which cuts the connection, so that the client can tell a broken body from a complete one. Example::

        application = CatchErrors(application)

    or in an ini file::

        [filter:catch_errors]
        use = egg:wsgistack#catch_errors

    ``SystemExit``, ``KeyboardInterrupt`` and others that are not an ``Exception`` pass. Errors in ``close()`` are
    logged, and pass too, because the answer has been sent. If reading ``wsgi.input`` or ``write()`` fails, the client
    has gone: the error passes without a record. So does the error by which a WebSocket takes over the connection.

    :param debug: show the traceback to the client. Only for development, and therefore off by default: it shows your
        code.
    :param logger: the name of the logger for the traceback, at level ERROR, with ``request_id`` on the record. The
        default lets you set up this log separately from others.

    Cost tier T2; T1 for a body that is a list, a tuple or the server's own file wrapper.

    Place it inside request_id and access_log, and outside of everything that can fail. Not needed if the framework
    answers every error, and no other layer is outside of it.
    """

    must_be_inside: ClassVar = {
        "request_id": "error answers would have no X-Request-ID",
        "access_log": "the log would not show the status of error answers",
    }
    changes: ClassVar = Changes(errors=True)

    def __init__(self, app: App, /, *, debug: bool = False, logger: str = "wsgistack.catch_errors") -> None:
        super().__init__(app)
        self.debug = debug
        self.logger = logger

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("REQUEST_METHOD") != "GET":
            watch_input(environ)
        exchange: _Guarded = _Guarded()
        exchange.layer = self
        exchange.prepare(environ, start_response)
        return exchange.run(self.app)

    def answer(self, environ: Environ, error: Exception) -> tuple[str, Headers, list[bytes]]:
        """Make the answer to an error. A subclass may make a different one."""
        shown = "".join(traceback.format_exception(error)) if self.debug else ""
        return error_answer(environ, 500, _DETAIL, traceback=shown)

    def report(self, environ: Environ, error: Exception) -> None:
        """Log an error, unless an inner layer of this kind has logged it."""
        if is_logged(environ, error):
            return
        mark_logged(environ, error)
        request_id = environ.get(REQUEST_ID, "-")
        target = request_target(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), "")
        method = escape_word(environ.get("REQUEST_METHOD", "-"))
        extra = {"request_id": request_id}
        message = "%s %s failed, request %s"
        logging.getLogger(self.logger).error(message, method, target, request_id, exc_info=error, extra=extra)


class _Guarded(HeldExchange):
    """Holds the start back, so that an error before the first byte can be answered."""

    __slots__ = ("layer",)
    __init__ = object.__init__

    keeps_length = True
    layer: CatchErrors

    def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
        self._report(error)
        if not self.can_answer:
            return None
        try:
            return self.layer.answer(self.environ, error)
        except Exception as failure:
            self._report(failure)
            return "500 Internal Server Error", [("Content-Length", "0")], [b""]

    def _report(self, error: Exception) -> None:
        try:
            self.layer.report(self.environ, error)
        except Exception:
            traceback.print_exc(file=self.environ["wsgi.errors"])
