"""The access log: one line for each request, written at the end of its response."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from time import perf_counter, time
from typing import Annotated, ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_lists, class_name
from wsgistack.exchange.measured import MeasuredExchange
from wsgistack.middleware.access_log.addresses import Addresses
from wsgistack.middleware.access_log.cleaning import make_cleaning
from wsgistack.middleware.access_log.fields import STRUCTURED, choose_fields, compile_facts
from wsgistack.middleware.access_log.format import compile_format
from wsgistack.middleware.access_log.line import Entry
from wsgistack.middleware.access_log.losses import Losses
from wsgistack.middleware.access_log.sampling import make_sampling
from wsgistack.middleware.access_log.sinks import Facts, make_sink
from wsgistack.peers import AUTHENTICATION, FORWARDING, because
from wsgistack.types import App, Changes, Duration, Environ, Secret, StartResponse

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

    :param format: ``common``, ``combined`` or ``vhost_combined``, as Apache writes them; ``extended``, the default,
        which is combined with the duration in microseconds and the request id at the end; ``json`` or ``logfmt``, one
        object or one line of ``name=value`` with the fields below; ``ecs`` or ``otel``, JSON with the names of the
        Elastic Common Schema or of OpenTelemetry's semantic conventions; or any string for Apache's LogFormat.
    :param fields: for ``json``, ``logfmt``, ``ecs`` and ``otel``, and for log records in any format: the fields in the
        place of those that the format or the record has. A list of names, or a mapping of new names to fields. The
        default is all that it has.
    :param extra_fields: more fields, in the same forms. A name that is already there gets the new value.
    :param redact: more names of query parameters, headers, cookies and parts of a path whose values are secret, such as
        ``iban``. A part of a name is enough. ``none`` shows all secrets, for a machine that nobody else can read. The
        default has no more names, because the usual ones are known.
    :param addresses: ``full``, the default, which operators need to find abuse; ``truncated`` to /24 for IPv4, /48 for
        IPv6 and /40 for 6to4, which contains IPv4; or ``hashed`` with a key that changes each day (UTC), so that the
        requests of one client belong together for a day only. It holds for each directive and header that has the
        address of a client.
    :param address_key: a secret text that the daily keys are made from, so that several processes write the same hash.
        Who knows it can find an address by trying all. By default, each process has a random key a day in memory.
    :param max_value: the maximum length of each value, in characters. What is longer ends with ``...``. The default,
        2,000, is more than browsers send in an ordinary request; a server accepts 190 kB of headers.
    :param max_line: the maximum length of a line, in characters. If a line is longer, all its values are cut more, so
        that it still has each of them. The default, 16,000, fits into 16 KiB, where Docker splits lines.
    :param output: where the lines go: ``stderr``, ``stdout``, or ``logging``. The default needs no set-up. The message
        of a log record is the line. Its attributes are fields, such as ``record.status``: by default ``client``,
        ``user``, ``method``, ``target``, ``status``, ``bytes``, ``duration``, ``outcome``, ``error`` and
        ``request_id``.
    :param file: append the lines to this file instead. The default is no file. The first line creates it, with mode
        0640, because it has the addresses of clients.
    :param logger: the name of the logger for ``output="logging"`` and for reports of lost lines. The default lets you
        set up the access log separately from other logs.
    :param level: for ``output="logging"``: the level of log records: one that logging knows, such as ``info``, or
        ``status``: ERROR for 5xx and for what failed, WARNING for 4xx, INFO for all others. The default is ``status``,
        as Django has it, so that a handler can pick out what went wrong.
    :param queue: write in a thread of its own, so that a slow disk delays no response. The number of lines that may
        wait; more are lost, which is reported. The default is 0, no queue: a local disk takes about a microsecond. What
        waits is written when the process ends, but is lost if a signal kills the process, as SIGTERM does with
        ``waitress-serve`` and ``flask run``. Not for gevent and eventlet, where such a thread is one more greenlet,
        which a slow disk stops with all others. uWSGI needs ``--enable-threads``.
    :param sample: the part of the requests that get a line, from 0 to 1. Those with a status from 400 on, those that
        failed or were aborted, and slow ones always get one. The default is 1, all requests.
    :param slow: the time from which on a request is slow. It gets a line whatever ``sample`` is, and at least the level
        WARNING in logging. By default no request is slow.
    :raises ConfigError: the format, a directive, a field, the output, the level or the rate is not valid, a maximum is
        too small, ``queue`` is negative or is used with logging, ``slow`` would change nothing, or the file can't be
        opened.

    To leave out health checks, give the layer a condition: ``when_not_path = /health`` in an ini file, and in Python
    ``Spec("access_log", when={"not": {"path": "/health"}})`` in a :class:`~wsgistack.pipeline.Pipeline`.

    Each line is one write at the end of the file, so that threads and processes can share it, and a program may rotate
    it by name or with copytruncate. No signal is needed: if the file was renamed or removed, a line that comes a second
    later opens it again. If the new file can't be opened, the lines go on to the renamed one, with a warning. If a disk
    is full in the middle of a line, that half gets an end of its own. A loss is reported once, with the reason, and
    again when lines come through or the process ends, with the number of the lost ones.

    **Directives.** All of mod_log_config and mod_logio, also under a condition (``%400,501{User-agent}i``,
    ``%!200,304{Referer}i``) and with ``<`` and ``>``, which change nothing, as WSGI has no internal redirects. WSGI
    knows nothing of ``%I %O %S %k %l %R %{name}n`` and of trailers; there the line has ``-``. Others differ as follows.
    ``%L`` is the request id. ``%X`` is ``X`` if the response was aborted or failed, and else ``-``, as the server alone
    knows whether the connection stays open. ``%h`` and ``%a`` are ``REMOTE_ADDR``, ``%{c}a`` is that of the proxy if
    ``forwarded`` is outside. ``%v`` is ``SERVER_NAME``, which is often only the address of the server; ``%V``, also in
    ``vhost_combined``, is the Host that the client asked for, in lower case and without its port. ``%r`` and ``%U``
    have the path that the application got, with percent escapes, and ``%r`` has no ``?`` without a query. ``%A`` is
    ``SERVER_ADDR`` and ``%{remote}p`` is ``REMOTE_PORT``, which not all servers set. ``%f`` is ``SCRIPT_FILENAME``.
    ``%e`` reads the environ. ``%^FB`` has the microseconds to the first byte of the body.

    **Fields.** ``time`` (UTC with microseconds), ``client``, ``user``, ``method``, ``target``, ``protocol``,
    ``status``, ``bytes`` of the body as sent, ``duration`` and ``first_byte`` in seconds, ``outcome``, ``error``,
    ``request_id``, ``trace_id``, ``referer``, ``user_agent``; and, if you choose them, ``path``, ``query``, ``host``,
    ``port``, ``scheme``, ``request_line``, ``protocol_version``, ``duration_ns``. A field can also be
    ``request_header:X-Tenant``, ``response_header:Content-Language``, ``environ:shop.name``, or a function that gets
    the environ, also as an import string. If it raises an error, the field has the type of that error. Numbers stay
    numbers; what is not known is ``null``, in logfmt nothing. Texts are read as UTF-8. Example::

        [filter:access_log]
        use = egg:wsgistack#access_log
        format = json
        extra_fields =
            tenant = request_header:X-Tenant
            build = shop.version:find_build

    In Python, write a mapping: ``extra_fields={"tenant": "request_header:X-Tenant"}``.

    ``outcome`` is ``complete``, ``aborted`` if the client has gone, ``failed`` if the application raised an error, or
    ``upgraded`` if the connection went on with another protocol, such as WebSocket. ``error`` is the type of the error,
    also of one that ``catch_errors`` has reported and something inside has answered.

    **Secrets.** Values that carry tokens are written as ``[redacted]`` in each format: ``?token=``, ``/reset/…``,
    ``Authorization``, ``Cookie``, a user in a Referer, JSON Web Tokens and others that can be recognized, also in a
    URL in a URL. What may be a secret counts as one. Of what a function of yours in ``extra_fields`` returns, only
    values with the form of a token are hidden.

    **One line, always.** In Apache's formats, a value has escapes as in Apache for all but printable ASCII, for quotes,
    and also for blanks and for the character that ends it, unless it is alone in quotes. So a program that knows the
    format reads each value back, whatever the client sent.

    A file in ``wsgi.file_wrapper`` is left to the server, which can use sendfile and add the Content-Length. The
    position in the file shows how much was sent. mod_wsgi reports only whether the client has gone; then the line has
    the length of the whole file, and the outcome ``aborted``. The file wrapper of uWSGI can't be watched; there the
    file is read here instead, in large blocks, and only the application can give its Content-Length. If the server
    never calls ``close()``, the line is written when the server drops the body.

    In ini files for PasteDeploy itself, write ``%%`` for each ``%``; wsgistack reads both.

    Cost tier T2. Place it outside of everything except request_id. Not needed if the access log of the server is
    enough.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = because(FORWARDING, "the log would show the address of the proxy")
    must_be_outside: ClassVar[Mapping[str, str]] = {
        "catch_errors": "the log would not show the status of error answers",
        "compress": "the log would not show the size after compression",
        "gzip": "the log would not show the size after compression",
        **because(AUTHENTICATION, "refused requests would not be logged"),
    }
    is_log: ClassVar[bool] = True
    changes: ClassVar[Changes] = Changes(wraps=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        format: str = "extended",
        fields: Mapping[str, str | Callable[[Environ], object]] | Sequence[str] | None = None,
        extra_fields: Mapping[str, str | Callable[[Environ], object]] | Sequence[str] | None = None,
        redact: Sequence[str] | None = (),
        addresses: Addresses = "full",
        address_key: Annotated[str, Secret] | None = None,
        max_value: int = 2000,
        max_line: int = 16_000,
        output: Literal["stderr", "stdout", "logging"] = "stderr",
        file: Path | None = None,
        logger: str = "wsgistack.access_log",
        level: int | str = "status",
        queue: int = 0,
        sample: float = 1,
        slow: Duration | None = None,
    ) -> None:
        super().__init__(app)
        check_lists(fields=fields or (), extra_fields=extra_fields or (), redact=redact or ())
        mistakes = Mistakes()
        is_logging = output == "logging" and file is None
        facts_of: Facts = vars  # never called: only logging finds facts, and a mistake there is raised below
        with mistakes.collect():
            cleaning = make_cleaning(redact, addresses, address_key, max_value=max_value, max_line=max_line)
            chosen = (None, None) if is_logging and format not in STRUCTURED else (fields, extra_fields)
            self._line_of = compile_format(format, cleaning, *chosen)
            if is_logging:
                facts_of = compile_facts(choose_fields(None, fields, extra_fields), cleaning)
        with mistakes.collect():
            self._is_kept = make_sampling(sample, slow)
        with mistakes.collect():
            self._write = make_sink(output, file, logger=logger, level=level, slow=slow, queue=queue, facts_of=facts_of)
        if slow is not None and sample == 1 and not is_logging:
            hint = "write sample = 0 to log slow requests and errors alone"
            mistakes.append(Mistake("changes nothing without sample or output", key="slow", value=slow, hint=hint))
        mistakes.raise_if_any()
        self.format = format
        self.fields = fields
        self.extra_fields = extra_fields
        self.redact = redact
        self.addresses = addresses
        self.address_key = address_key
        self.max_value = max_value
        self.max_line = max_line
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
        exchange: _Logged = self._exchange()
        exchange.layer = self
        exchange.prepare(environ, start_response)
        return exchange.run(self.app)

    def log(self, entry: Entry) -> None:
        """Write the line of one request, unless it is left out."""
        lost: Exception | None = None
        try:
            if self._is_kept is None or self._is_kept(entry):
                self._write(self._line_of(entry), entry)
        except Exception as error:
            lost = error
        if lost is not None:  # only here, sys.exc_info() is about the application
            self._losses.add(lost)
            lost = None  # its traceback refers to this variable
        elif self._losses.count:
            self._losses.end()


_read_request = itemgetter("REMOTE_ADDR", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL")


class _Logged(MeasuredExchange):
    __slots__ = (
        "_since",
        "client",
        "code",
        "duration",
        "failure",
        "layer",
        "outcome",
        "path",
        "protocol",
        "query",
        "started",
    )
    __init__ = object.__init__
    layer: AccessLog
    outcome: str
    failure: str | None

    @property
    def first_byte(self) -> float | None:
        """The seconds until the first byte of the body."""
        return None if self.first_chunk_at is None else self.first_chunk_at - self._since

    def prepare(self, environ: Environ, start_response: StartResponse) -> None:
        MeasuredExchange.prepare(self, environ, start_response)  # faster than super()
        self._since = perf_counter()
        self.started = time()
        try:
            self.client, root, path, self.query, self.protocol = _read_request(environ)
        except KeyError:
            get = environ.get
            root, path, self.query = (get(key) or "" for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
            self.client, self.protocol = get("REMOTE_ADDR") or "", get("SERVER_PROTOCOL") or ""
        self.path = root + path if root else path

    def on_close(self, error: BaseException | None) -> None:
        self.duration = perf_counter() - self._since
        self.outcome = self.find_outcome(error)
        self.code = self.status[:3] or "-"
        self.failure = None
        if error is not None and self.outcome == "failed":
            self.failure = class_name(type(error))
            if not self.finished and not self.sent:
                self.code = _find_code(error)  # nothing has been sent, so what is outside answers
        self.layer.log(self)


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
