"""The access log: one line for each request, written when its response has been sent or given up."""

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
from wsgistack.exchange import Exchange
from wsgistack.file_wrapper import blocks_of, is_file_wrapper, watch
from wsgistack.http import headers as h
from wsgistack.middleware.access_log.format import Entry, compile_format
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["AccessLog"]

_OUTPUTS = ("stderr", "stdout", "logging")


class AccessLog(Middleware):
    """Write one line for each request when its response is over: sent, given up by the client, or failed.

    It tells the bytes of the body that went to the server, and the time until the end of the body. Whatever a client
    sends is escaped, so that a line stays one line and a field one field. A line that can't be written is reported
    to the logger, and never to the client.

    :param format: ``common`` and ``combined`` as Apache writes them; ``extended``, the default, which is combined with
        the duration in microseconds and the request id at the end; ``json``; or a string of Apache's directives
        ``%B %b %D %H %h %L %l %m %q %r %s %T %t %U %u %X %{Header}i %{Header}o %{key}e``, where ``%L`` is the
        request id, ``%u`` REMOTE_USER and ``%X`` an ``X`` if the response did not come to its end.
    :param output: where lines go: ``stderr``, ``stdout``, or ``logging``, at level INFO. The default needs no set-up.
    :param file: append the lines to this file instead. Each is one write, so that several processes can share it.
    :param logger: the name of the logger for ``output="logging"`` and for reports of lost lines.
    :raises ConfigError: there is no such format or output, or the file can't be opened.

    A file that the application hands to the server's own ``wsgi.file_wrapper`` goes on untouched, so that the server
    can use sendfile. How far the server came in it tells what was sent. Those of uWSGI and Waitress can't be
    watched so: there it is read here instead, in large blocks.

    In the ini files of PasteDeploy itself a ``%`` has to be written ``%%``; wsgistack reads both.

    Cost tier T2. Place it outside of everything but request_id. Not needed where the server writes an access log
    that tells enough.
    """

    must_be_outside: ClassVar = {
        "catch_errors": "the log would not tell the status of error answers",
        "compress": "the log would not tell what went over the wire",
        "gzip": "the log would not tell what went over the wire",
        "basic_auth": "refused requests would not be logged",
    }
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
            mistakes.append(
                Mistake(f"no output {output!r}", key="output", value=output, hint=suggest(output, _OUTPUTS))
            )
        with mistakes.collect():
            self._line_of = compile_format(format)
        with mistakes.collect():
            self._write = _to_file(Path(file)) if file is not None else _writer(output, logger)
        mistakes.raise_if_any()
        self._exchange = _LoggedInContext if output == "logging" and file is None else _Logged
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


class _Logged(Exchange):
    __slots__ = (
        "_layer",
        "_since",
        "client",
        "code",
        "duration",
        "method",
        "outcome",
        "path",
        "protocol",
        "query",
        "sent",
        "started",
    )

    keeps_length = True
    needs_context = False

    def __init__(self, layer: AccessLog, environ: Environ, start_response: StartResponse) -> None:
        super().__init__(environ, start_response)
        self._layer = layer
        self._since = perf_counter()
        self.started = time()
        self.sent = 0
        get = environ.get
        self.client = get("REMOTE_ADDR") or "-"
        self.method = get("REQUEST_METHOD") or "-"
        self.path = get("SCRIPT_NAME", "") + get("PATH_INFO", "")
        self.query = get("QUERY_STRING", "")
        self.protocol = get("SERVER_PROTOCOL") or "-"

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        if type(body) is not list and is_file_wrapper(body, self.environ):
            if watch(body, self._close_file):
                return body
            blocks = blocks_of(body, 0 if self.method == "HEAD" else h.content_length(self.headers))
            if blocks is not None:
                self._chunks = blocks
                return self
        return None

    def on_chunk(self, chunk: bytes) -> bytes:
        self.sent += len(chunk)
        return chunk

    def on_close(self, error: BaseException | None) -> None:
        self.duration = perf_counter() - self._since
        is_whole = self.finished
        self.code = self.status[:3] or "-"
        if self.method == "HEAD" or self.code in ("204", "304"):  # what there is of a body, the server drops
            self.sent, is_whole = 0, True
        self.outcome = "error" if error is not None else "complete" if is_whole else "aborted"
        if error is not None and not self.finished and not self.sent:
            self.code = "500"  # nothing has gone out, and so the server answers by itself
        self._layer.write(self)

    def _close_file(self, sent: int, is_at_end: bool) -> None:
        length = h.content_length(self.headers)
        self.sent = sent if length is None else min(sent, length)  # where it does not use sendfile, it reads in blocks
        self.finished = is_at_end or self.sent == length
        self.close()


class _LoggedInContext(_Logged):
    """The line becomes a log record, which may tell the request's id."""

    __slots__ = ()

    needs_context = True


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _to_file(path: Path) -> Callable[[str], object]:
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        problem = f"can't open {str(path)!r}: {error.strerror}"
        raise ConfigError(Mistake(problem, key="file", value=path, expected="a file that can be written")) from error

    def append(line: str) -> None:
        os.write(file, f"{line}\n".encode())

    weakref.finalize(append, os.close, file)
    return append


def _to_logger(name: str) -> Callable[[str], object]:
    logger = logging.getLogger(name)

    def log(line: str) -> None:
        if logger.isEnabledFor(logging.INFO):  # info() would look for its caller, which tells nothing here
            logger.handle(logger.makeRecord(name, logging.INFO, __file__, 0, line, (), None))

    return log


def _writer(output: str, logger: str) -> Callable[[str], object]:
    if output == "logging":
        return _to_logger(logger)
    return _to_stderr if output == "stderr" else _to_stdout
