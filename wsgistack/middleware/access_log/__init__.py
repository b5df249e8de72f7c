"""The access log: one line for each request, written at the end of its response."""

import errno
import logging
import os
import sys
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from time import perf_counter, time
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.exchange.measured import MeasuredExchange
from wsgistack.middleware.access_log.format import Entry, compile_format
from wsgistack.peers import AUTHENTICATION, FORWARDING, because
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["AccessLog"]

_OUTPUTS = ("stderr", "stdout", "logging")
_ASKS_FOR_THE_SERVER = os.access in os.supports_effective_ids  # not for the user who started it


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
    :param output: where the lines go: ``stderr``, ``stdout``, or ``logging``, at level INFO. The default needs no
        set-up.
    :param file: append the lines to this file instead. Each line is one write, so that several processes can share it.
        The default is no file.
    :param logger: the name of the logger for ``output="logging"`` and for reports of lost lines. The default lets you
        set up the access log separately from other logs.
    :raises ConfigError: the format or the output is unknown, or the file can't be opened.

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
        **because(AUTHENTICATION, "refused requests would not be logged"),
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
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if output not in _OUTPUTS:
            hint = suggest(output, _OUTPUTS)
            mistakes.append(Mistake(f"unknown output {output!r}", key="output", value=output, hint=hint))
        with mistakes.collect():
            self._line_of = compile_format(format)
        with mistakes.collect():
            self._write: Callable[[str], object]
            self._exchange = _Logged
            if file is not None:
                self._write = _File(Path(file))
            elif output == "logging":
                self._write, self._exchange = _to_logger(logger), _LoggedInContext
            else:
                self._write = _to_stream(output)
        mistakes.raise_if_any()
        self.format = format
        self.output = output
        self.file = file
        self.logger = logger

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        return self._exchange(self, environ, start_response).run(self.app)

    def write(self, entry: Entry) -> None:
        """Write the line of one request."""
        try:
            self._write(self._line_of(entry))
        except Exception:
            with suppress(Exception):  # the logger may be what fails
                logging.getLogger(self.logger).exception("a line of the access log was lost")


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
            self.code = "500"  # nothing has been sent, so the server answers
        self._layer.write(self)


class _LoggedInContext(_Logged):
    """The line becomes a log record, which may show the request's id."""

    __slots__ = ()

    needs_context = True


def _to_stream(name: str) -> Callable[[str], object]:
    def write(line: str) -> None:
        stream = getattr(sys, name)  # anew for each line: it may be replaced
        stream.write(line + "\n")
        stream.flush()

    return write


class _File:
    """Appends lines to a file, which the first line creates: a check may run as another user than the server."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        code = 0
        if path.is_dir():
            code = errno.EISDIR
        elif not path.parent.is_dir():
            code = errno.ENOENT
        elif not os.access(path if path.exists() else path.parent, os.W_OK, effective_ids=_ASKS_FOR_THE_SERVER):
            code = errno.EACCES
        if code:
            problem = f"cannot open {str(path)!r}: {os.strerror(code)}"
            raise ConfigError(Mistake(problem, key="file", value=path, expected="a file that can be written"))

    def __call__(self, line: str) -> None:
        if self._file is None:  # two threads at once may both open it, which does no harm
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            weakref.finalize(self, os.close, file)
            self._file = file
        os.write(self._file, f"{line}\n".encode())


def _to_logger(name: str) -> Callable[[str], object]:
    logger = logging.getLogger(name)

    def log(line: str) -> None:
        if logger.isEnabledFor(logging.INFO):  # info() would search for its caller, which is of no use here
            logger.handle(logger.makeRecord(name, logging.INFO, __file__, 0, line, (), None))

    return log
