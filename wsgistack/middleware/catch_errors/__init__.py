"""The last resort: an error becomes an answer, and one record in the log."""

import logging
import traceback
from collections.abc import Iterable, Sequence
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.environ import REQUEST_ID, escape_word, is_logged, mark_logged, request_target, watch_input
from wsgistack.errors import Mistakes, check_lists
from wsgistack.exchange.held import HeldExchange
from wsgistack.http.responses import error_answer
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["CatchErrors"]

_LOOPBACK = ("127.0.0.0/8", "::1")
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

    :param debug: show local developers what has failed: a page with the exceptions, the source, the local variables,
        the request, the pipeline and the log of the request; or the traceback as text or JSON. Off by default, because
        it shows your code. It is refused if the first of the environment variables ``WSGISTACK_ENV``, ``APP_ENV``,
        ``FLASK_ENV``, ``DJANGO_ENV``, ``PYTHON_ENV`` and ``ENVIRONMENT`` that is set says ``production``.
    :param debug_networks: who may see that: addresses, networks in CIDR notation, or ``unix``. The default is this
        machine, ``127.0.0.0/8`` and ``::1``. All others get the plain answer; so do requests with a header of a proxy,
        unless the layer ``forwarded`` has read it, and requests to a host that is not an address, ``localhost``, or a
        name in ``.localhost``, ``.test`` or ``.local``. A proxy that adds no header looks like a local client: behind
        one, leave ``debug`` off.
    :param logger: the name of the logger for the traceback, at level ERROR, with ``request_id`` on the record. The
        default lets you set up this log separately from others.

    :raises ConfigError: ``debug`` is on in production, or a network is not valid.

    Cost tier T2; T1 for a body that is a list, a tuple or the server's own file wrapper.

    Place it inside request_id and access_log, and outside of everything that can fail. Not needed if the framework
    answers every error, and no other layer is outside of it.
    """

    must_be_inside: ClassVar = {
        "request_id": "error answers would have no X-Request-ID",
        "access_log": "the log would not show the status of error answers",
    }
    changes: ClassVar = Changes(errors=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        debug: bool = False,
        debug_networks: Sequence[str] = _LOOPBACK,
        logger: str = "wsgistack.catch_errors",
    ) -> None:
        super().__init__(app)
        check_lists(debug_networks=debug_networks)
        self.debug = debug
        self.debug_networks = debug_networks
        self.logger = logger
        self._inner = app
        if debug or debug_networks is not _LOOPBACK:
            from wsgistack.middleware.catch_errors.access import compile_access, refuse_production
            from wsgistack.middleware.catch_errors.debug.logs import Recording

            mistakes = Mistakes()
            with mistakes.collect():
                self._may_debug = compile_access(debug_networks)
            if debug:
                with mistakes.collect():
                    refuse_production()
                self._inner = Recording(app)
            mistakes.raise_if_any()

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("REQUEST_METHOD") != "GET":
            watch_input(environ)
        exchange = _Guarded(environ, start_response)
        exchange.layer = self
        return exchange.run(self._inner)

    def answer(self, environ: Environ, error: Exception) -> tuple[str, Headers, list[bytes]]:
        """Make the answer to an error. A subclass may make a different one."""
        if self.debug and self._may_debug(environ):
            try:
                from wsgistack.middleware.catch_errors.debug.answer import debug_answer  # slow to import

                return debug_answer(self, environ, error, _DETAIL)
            except Exception:
                logging.getLogger(self.logger).exception("the debug page failed")
        return error_answer(environ, 500, _DETAIL)

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
