"""The last resort: an error becomes an answer, and one record in the log."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from wsgistack.base import Middleware
from wsgistack.environ import ERROR, RAISE_ERRORS, is_client_gone, is_logged, mark_logged
from wsgistack.errors import Mistake, Mistakes, check_durations, check_lists, class_name, forget_handled, suggest
from wsgistack.exchange.held import HeldExchange
from wsgistack.http import headers as h
from wsgistack.http.redaction import Redaction
from wsgistack.http.responses import RESPONSES, error_answer
from wsgistack.http.uploads import watch_input
from wsgistack.middleware.catch_errors.callers import wants_error
from wsgistack.middleware.catch_errors.expected import Answer, ExpectedErrors, Planned, ask_error
from wsgistack.middleware.catch_errors.frameworks import LISTENER, listen_to_frameworks
from wsgistack.middleware.catch_errors.log import Sent, log_error
from wsgistack.middleware.catch_errors.reports.record import Reporter
from wsgistack.types import App, Changes, Duration, Environ, StartResponse

__all__ = ["CatchErrors"]

_LOOPBACK = ("127.0.0.0/8", "::1")
_REPORTS = ("unanswered", "framework")
_DETAIL = "The server failed to answer this request. The error has been logged."
_UNPLANNED = Planned(500, _DETAIL, [])


class CatchErrors(Middleware):
    """Answer 500 if the application raises an error, and log the traceback once.

    The answer is HTML, problem+json (RFC 9457 section 3) or plain text, as the client accepts (RFC 9110 section
    12.5.1), and shows nothing but the request's id. After the first byte, no answer is possible: the error goes on to
    the server, which cuts the connection, so that the client notices that the body is incomplete. Example::

        application = CatchErrors(application)

    or in an ini file::

        [filter:catch_errors]
        use = egg:wsgistack#catch_errors

    ``SystemExit``, ``KeyboardInterrupt`` and others that are not an ``Exception`` pass. Errors in ``close()`` are
    logged, and pass too, because the answer has been sent. If reading ``wsgi.input`` or ``write()`` fails, the client
    has gone: the error passes without a record. So does the error by which a WebSocket takes over the connection.

    Some exceptions are answers. Those of ``answers`` get the status that is given there. The ``HTTPException`` of
    WebOb, Pyramid and Werkzeug answers for itself, as with a framework around it. These are errors only if the status
    is 5xx: then the traceback is logged; otherwise nothing is. In an ini file::

        [filter:catch_errors]
        use = egg:wsgistack#catch_errors
        answers =
            builtins:FileNotFoundError = 404
            sqlite3:IntegrityError = {status = 409, detail = "This exists already."}
            builtins:TimeoutError = {status = 503, headers = {Retry-After = "60"}}

    :param debug: show local developers what has failed: a page with the exceptions, the source, the local variables,
        the request, the pipeline and the log of the request; or the traceback as text or JSON. Off by default, because
        it shows your code. It is refused in production: if the first of the environment variables ``WSGISTACK_ENV``,
        ``APP_ENV``, ``FLASK_ENV``, ``DJANGO_ENV``, ``PYTHON_ENV`` and ``ENVIRONMENT`` that is set says ``production``,
        or else ``DJANGO_SETTINGS_MODULE`` ends in ``.production``; or if the configuration says so, by
        ``env = production`` in ``[DEFAULT]`` or ``[global]``, or by its name, such as ``production.ini``.
    :param debug_networks: who may see that: addresses, networks in CIDR notation, or ``unix``. The default is this
        machine, ``127.0.0.0/8`` and ``::1``. All others get the plain answer. So do requests with a header of a proxy,
        unless the layer ``forwarded`` has read the client's address from it. So do requests whose Host or Origin is no
        address, ``localhost``, name in ``.localhost`` or ``.test``, or this machine's name in ``.local``. A proxy
        that adds no header looks like a local client: behind a proxy, leave ``debug`` off.
    :param logger: the name of the logger for the traceback, at level ERROR. The record has ``request_id``,
        ``trace_id`` and ``fingerprint``, and in ``request_headers`` the headers without secrets. The default lets you
        set up this log separately from others.
    :param answers: for types of exceptions, given by import strings in a configuration, a status or a mapping with
        ``status``, ``detail`` (a text for the client) and ``headers``. A type also counts for derived types, unless
        they have their own. None by default, because an exception without an answer is a failure.
    :param reporters: what else gets a report of each error, without secrets: an
        :class:`wsgistack.ErrorReport`. Each is an import string or a callable, or
        ``logging`` for the logger ``wsgistack.reports``, whose handlers may send e-mail. A reporter that fails is
        logged and does no harm. The default is none, because the log has every error.
    :param report_file: also append each report to this file, as one line of JSON. The default is no file.
    :param report_interval: report the same error at most once in this time, in seconds, and count the others: in a
        bad hour, nobody wants a thousand e-mails. Two errors are the same if their class, and the innermost functions
        and lines of your code agree. 0 reports all.
    :param report_in_background: call the reporters in a thread, so that one that hangs delays no answer. 100 reports
        may wait for each; more are dropped and counted in the log. Without it, reporters run before the answer. The
        default is right for all servers but uWSGI without ``enable-threads``.
    :param capsules: save a capsule in this folder, once for each error: the request, what was read of its body, and the
        traceback with variables, all without secrets. ``wsgistack replay`` sends its request again. The folder holds
        at most 100 files of about 1 MiB, which their owner alone can read. The default is no folder.
    :param redact: more names of headers, cookies, parameters and variables whose values are secret. A part of a name is
        enough. The usual ones are known, such as ``password``, ``token`` and ``session``.
    :param report: ``unanswered``, the default, logs and reports the errors that reach this layer; ``framework`` also
        those that the application answers by itself: Flask and Django say so with the signal ``got_request_exception``,
        others, such as a2wsgi, with ``exc_info``. Flask and Django also log them: the page "Errors" of the
        documentation shows how to keep one of the two records.
    :raises ConfigError: ``debug`` is on in production, a network is not valid, a key of ``answers`` is no type of
        exception, an answer is not valid, a reporter can't be imported, the file or
        folder can't be written, or ``report`` is unknown.

    Cost tier T2; T1 for a body that is a list, a tuple or the server's own file wrapper.

    Place it inside request_id and access_log, and outside of everything that can fail. Not needed if the framework
    answers every error, and no other layer is outside of it.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "request_id": "error answers would have no X-Request-ID",
        "access_log": "the log would not show the status of error answers",
    }
    changes: ClassVar[Changes] = Changes(errors=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        debug: bool = False,
        debug_networks: Sequence[str] = _LOOPBACK,
        logger: str = "wsgistack.catch_errors",
        answers: Mapping[Callable[..., Any], int | Mapping[str, Any]] | None = None,
        reporters: Collection[str | Reporter] = (),
        report_file: Path | None = None,
        report_interval: Duration = 300.0,
        report_in_background: bool = True,
        capsules: Path | None = None,
        redact: Collection[str] = (),
        report: Literal["unanswered", "framework"] = "unanswered",
    ) -> None:
        super().__init__(app)
        check_lists(debug_networks=debug_networks, reporters=reporters, redact=redact)
        mistakes = Mistakes()
        if report not in _REPORTS:
            hint = suggest(report, _REPORTS)
            mistakes.append(Mistake(f"unknown value {report!r}", key="report", value=report, hint=hint))
        with mistakes.collect():
            check_durations(report_interval=report_interval)
        with mistakes.collect():
            self.expected: ExpectedErrors = ExpectedErrors(answers or {})
        self._redaction = Redaction(redact)
        self._reports = None
        if reporters or report_file is not None or capsules is not None:
            from wsgistack.middleware.catch_errors.reports.reporting import Reports  # slow to import

            with mistakes.collect():
                self._reports = Reports(
                    logger,
                    self._redaction,
                    reporters=reporters,
                    file=report_file,
                    interval=report_interval,
                    in_background=report_in_background,
                    capsules=capsules,
                )
        self._inner: App = self._call_framework if report == "framework" else app
        if debug or debug_networks is not _LOOPBACK:
            from wsgistack.middleware.catch_errors.access import compile_access, refuse_production
            from wsgistack.middleware.catch_errors.debug.logs import Recording

            with mistakes.collect():
                self._may_debug = compile_access(debug_networks)
            if debug:
                with mistakes.collect():
                    refuse_production()
                self._inner = Recording(self._inner)
        mistakes.raise_if_any()
        self.answers = answers
        self.debug = debug
        self.debug_networks = debug_networks
        self.logger = logger
        self.reporters = reporters
        self.report_file = report_file
        self.report_interval = report_interval
        self.report_in_background = report_in_background
        self.capsules = capsules
        self.redact = redact
        self.report = report
        if report == "framework":
            listen_to_frameworks()

    def check_configuration(self, global_conf: Mapping[str, str]) -> None:
        """Refuse ``debug`` in a file for production."""
        if self.debug:
            from wsgistack.middleware.catch_errors.access import refuse_production_file

            refuse_production_file(global_conf)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("REQUEST_METHOD") != "GET":
            given = watch_input(environ)
            if self._reports is not None and given is not None:
                self._reports.keep(environ, given)
        exchange: _Guarded = _Guarded()
        exchange.layer = self
        exchange.prepare(environ, start_response)
        return exchange.run(self._inner)

    def _call_framework(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        listen_to_frameworks()
        environ[LISTENER] = self.hear_error
        return self.app(environ, start_response)

    def answer(self, environ: Environ, error: Exception) -> Answer:
        """Make the answer to an error. A subclass may make a different one."""
        planned = self.expected.find(error) or _UNPLANNED
        if self.debug and planned.status >= 500 and self._may_debug(environ):
            try:
                from wsgistack.middleware.catch_errors.debug.answer import debug_answer  # slow to import

                return debug_answer(self, environ, error, planned, self._redaction)
            except Exception as failure:
                forget_handled(failure, error)  # logging may fail to format that one
                logging.getLogger(self.logger).exception("the debug page failed")
        return error_answer(environ, planned.status, planned.detail, headers=planned.headers)

    def report_error(self, environ: Environ, error: Exception, sent: Sent | None = None) -> None:
        """Log and report an error, unless an inner layer of this kind has logged it.

        :param sent: what the client has got of a response before.
        """
        if is_logged(environ, error):
            return
        mark_logged(environ, error)
        environ[ERROR] = class_name(type(error))
        try:
            log_error(self.logger, environ, error, sent, self._redaction, self.pipeline)
        finally:
            if self._reports is not None and not environ.get(RAISE_ERRORS):
                self._reports.add(environ, error, self.pipeline)

    def hear_error(self, environ: Environ, error: Exception) -> None:
        """Report an error that a framework is about to answer, or to raise."""
        if is_client_gone(error) or wants_error(environ, error):
            return
        with suppress(Exception):
            planned = self.expected.find(error)
            answer = None if planned else ask_error(error, environ)
            if (planned and planned.status < 500) or (answer and answer[0] < "5"):
                return
        self.try_to_report(environ, error)

    def try_to_report(self, environ: Environ, error: Exception, sent: Sent | None = None) -> None:
        """Report an error; the client gets an answer even if that fails."""
        try:
            self.report_error(environ, error, sent)
        except Exception as failure:
            with suppress(Exception):
                from wsgistack.middleware.catch_errors.secrets import make_values  # both imports are slow
                from wsgistack.middleware.catch_errors.tracebacks import format_error

                failure.__suppress_context__ = True  # nearly always the error itself
                values = make_values(self._redaction, environ, error, self.pipeline)
                said, why = format_error(error, values), format_error(failure, values)
                environ["wsgi.errors"].write(f"{said}\nIt can't be logged:\n{why}\n")


class _Guarded(HeldExchange):
    """Holds the start back, so that an error before the first byte can be answered."""

    __slots__ = ("layer",)
    __init__ = object.__init__

    keeps_length = True
    layer: CatchErrors

    def on_error(self, error: Exception) -> Answer | None:
        if wants_error(self.environ, error):
            return None
        planned = self.layer.expected.find(error)
        answer = self._ask(error) if planned is None and self.can_answer else None
        is_failure = answer[0] >= "5" if answer else planned is None or planned.status >= 500
        if is_failure or not self.can_answer:
            self._report(error)
        if answer or not self.can_answer:
            return answer
        try:
            return self.layer.answer(self.environ, error)
        except Exception as failure:
            self._report(failure)
            plain = {key: value for key, value in self.environ.items() if key != RESPONSES}
            return error_answer(plain, 500, _DETAIL)

    def on_exc_info(self, error: BaseException | None) -> None:
        if self.layer.report == "framework" and issubclass(type(error), Exception):
            self.layer.hear_error(self.environ, cast(Exception, error))

    def _ask(self, error: Exception) -> Answer | None:
        try:
            return ask_error(error, self.environ)
        except Exception as failure:
            self._report(failure)
            return None

    def _report(self, error: Exception) -> None:
        # a server may stop at Content-Length without asking for the end
        is_whole = self.finished or (self.sent > 0 and self.sent == h.content_length(self.headers))
        sent = Sent(self.status, self.sent, is_whole) if self.sent or is_whole else None
        self.layer.try_to_report(self.environ, error, sent)
