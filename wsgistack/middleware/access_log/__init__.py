"""The access log: one line for each request, written at the end of its response."""

from collections.abc import Iterable
from pathlib import Path
from time import perf_counter, time
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes
from wsgistack.exchange.measured import MeasuredExchange
from wsgistack.middleware.access_log.format import Entry, collect_facts, compile_format
from wsgistack.middleware.access_log.losses import Losses
from wsgistack.middleware.access_log.sampling import make_sampling
from wsgistack.middleware.access_log.sinks import make_sink
from wsgistack.peers import FORWARDING, because
from wsgistack.types import App, Changes, Duration, Environ, StartResponse

__all__ = ["AccessLog"]


class AccessLog(Middleware):
    """Write one line for each request when its response has been sent or has failed, or when the client has gone.

    The line has the bytes of the body that went to the server, and the time until the end of the body. Everything that
    a client sends is escaped, so that a line stays one line and a field stays one field. A line that can't be written
    is reported to the logger, and never to the client. Example::

        application = AccessLog(application, format="json", file="/var/log/site/access.log")

    or in an ini file::

        [filter:access_log]
        use = egg:wsgistack#access_log
        format = json
        file = /var/log/site/access.log

    :param format: ``common`` or ``combined``, as Apache writes them; ``extended``, the default, which is combined with
        the duration in microseconds and the request id at the end; ``json``; or a string of Apache's directives
        ``%B %b %D %H %h %L %l %m %q %r %s %T %t %U %u %X %{Header}i %{Header}o %{key}e``, where ``%L`` is the
        request id, ``%u`` REMOTE_USER and ``%X`` an ``X`` if the response did not come to its end.
    :param output: where the lines go: ``stderr``, ``stdout``, or ``logging``. The default needs no set-up. Log records
        have the fields of the format ``json`` as attributes, such as ``record.status``.
    :param file: append the lines to this file instead. The default is no file. The first line creates it, with mode
        0640, because it has the addresses of clients.
    :param logger: the name of the logger for ``output="logging"`` and for reports of lost lines. The default lets you
        set up the access log separately from other logs.
    :param level: the level of log records: one that logging knows, such as ``info``, or ``status``: ERROR for 5xx and
        for what failed, WARNING for 4xx, INFO for all others. The default is ``status``, as Django has it, so that a
        handler can pick out what went wrong.
    :param queue: write in a thread of its own, so that a slow disk delays no response. The number of lines that may
        wait; more are lost, which is reported. The default is 0, no queue: a local disk takes about a microsecond. What
        waits is written when the process ends, but is lost if the process is killed. Not for gevent and eventlet, where
        such a thread is one more greenlet, which a slow disk stops with all others. uWSGI needs ``--enable-threads``.
    :param sample: the part of the requests that get a line, from 0 to 1. Those with a status from 400 on, those that
        failed or were aborted, and slow ones always get one. The default is 1, all requests.
    :param slow: the time from which on a request is slow. It gets a line whatever ``sample`` is, and at least the level
        WARNING in logging. By default no request is slow.
    :raises ConfigError: the format, the output, the level or the rate is not valid, ``queue`` is negative or is used
        with logging, ``slow`` would change nothing, or the file can't be opened.

    To leave out health checks, give the layer a condition: ``when_not_path = /health`` in an ini file, and in Python
    ``Spec("access_log", when={"not": {"path": "/health"}})`` in a :class:`~wsgistack.pipeline.Pipeline`.

    Each line is one write at the end of the file, so that threads and processes can share it, and a program may rotate
    it by name or with copytruncate. No signal is needed: if the file was renamed or removed, a line that comes a second
    later opens it again. If the new file can't be opened, the lines go on to the renamed one, with a warning. If a disk
    is full in the middle of a line, that half gets an end of its own. A loss is reported once, with the reason, and
    again when lines come through, with the number of the lost ones.

    ``outcome`` in JSON is ``complete``, ``aborted`` if the client has gone, ``error`` if the application failed, or
    ``upgraded`` if the connection went on with another protocol, such as WebSocket.

    A file in ``wsgi.file_wrapper`` is left to the server, which can use sendfile and add the Content-Length. The
    position in the file shows how much was sent. mod_wsgi reports only whether the client has gone; then the line has
    the length of the whole file, and the outcome ``aborted``. The file wrapper of uWSGI can't be watched; there the
    file is read here instead, in large blocks, and only the application can give its Content-Length. If the server
    never calls ``close()``, the line is written when the server drops the body.

    In ini files for PasteDeploy itself, write ``%%`` for each ``%``; wsgistack reads both.

    Cost tier T2. Place it outside of everything except request_id. Not needed if the access log of the server is
    enough.
    """

    must_be_inside: ClassVar = because(FORWARDING, "the log would show the address of the proxy")
    must_be_outside: ClassVar = {
        "catch_errors": "the log would not show the status of error answers",
        "compress": "the log would not show the size after compression",
        "gzip": "the log would not show the size after compression",
        "basic_auth": "refused requests would not be logged",
    }
    is_log: ClassVar = True
    changes: ClassVar = Changes(wraps=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        format: str = "extended",
        output: Literal["stderr", "stdout", "logging"] = "stderr",
        file: Path | None = None,
        logger: str = "wsgistack.access_log",
        level: int | str = "status",
        queue: int = 0,
        sample: float = 1,
        slow: Duration | None = None,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        with mistakes.collect():
            self._line_of = compile_format(format)
        with mistakes.collect():
            self._is_kept = make_sampling(sample, slow)
        with mistakes.collect():
            self._write = make_sink(
                output, file, logger=logger, level=level, slow=slow, queue=queue, facts_of=collect_facts
            )
        is_logging = output == "logging" and file is None
        if slow is not None and sample == 1 and not is_logging:
            hint = "write sample = 0 to log slow requests and errors alone"
            mistakes.append(Mistake("changes nothing without sample or output", key="slow", value=slow, hint=hint))
        mistakes.raise_if_any()
        self.format = format
        self.output = output
        self.file = file
        self.logger = logger
        self.level = level
        self.queue = queue
        self.sample = sample
        self.slow = slow
        self._losses = Losses(logger)
        self._exchange = _LoggedInContext if is_logging else _Logged

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        return self._exchange(self, environ, start_response).run(self.app)

    def write(self, entry: Entry) -> None:
        """Write the line of one request, unless it is left out."""
        try:
            if self._is_kept is not None and not self._is_kept(entry):
                return
            self._write(self._line_of(entry), entry)
        except Exception as error:
            self._losses.add(error)
        else:
            if self._losses.count:
                self._losses.end()


class _Logged(MeasuredExchange):
    __slots__ = (
        "_layer",
        "_since",
        "client",
        "code",
        "duration",
        "outcome",
        "path",
        "protocol",
        "query",
        "started",
    )
    outcome: str

    def __init__(self, layer: AccessLog, environ: Environ, start_response: StartResponse) -> None:
        MeasuredExchange.__init__(self, environ, start_response)  # faster than super()
        self._layer = layer
        self._since = perf_counter()
        self.started = time()
        get = environ.get
        self.client = get("REMOTE_ADDR") or "-"
        self.path = get("SCRIPT_NAME", "") + get("PATH_INFO", "")
        self.query = get("QUERY_STRING", "")
        self.protocol = get("SERVER_PROTOCOL") or "-"

    def on_close(self, error: BaseException | None) -> None:
        self.duration = perf_counter() - self._since
        self.outcome = self.find_outcome(error)
        self.code = self.status[:3] or "-"
        if self.outcome == "error" and not self.finished and not self.sent:
            self.code = _find_code(error)  # nothing has been sent, so what is outside answers
        self._layer.write(self)


class _LoggedInContext(_Logged):
    """The line becomes a log record, which may show the request's id."""

    __slots__ = ()

    needs_context = True


def _find_code(error: object) -> str:
    """The status of an exception that is an answer, as in Zope, WebOb and Werkzeug; 500 for any other."""
    code = getattr(error, "code", None) or getattr(error, "status", None)
    is_answer = callable(error) and isinstance(code, int) and _FIRST_CODE <= code < _END_OF_CODES
    return str(code) if is_answer else "500"


_FIRST_CODE = 300
_END_OF_CODES = 600
