"""Serving an application with the standard library's threaded server."""

import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader, RawIOBase
from socketserver import ThreadingMixIn
from threading import Thread
from types import FrameType
from typing import IO, Any, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer, make_server

from wsgistack.environ import is_logged
from wsgistack.errors import ConfigError, Mistake
from wsgistack.types import App, Environ, ExcInfo, Headers, Write

__all__ = ["serve"]

_LONGEST_LINE = 65536
_LONGEST_NUMBER = 18
_LOOK_FOR_STOP = 0.1  # seconds
_READ_AT_ONCE = 65536
_RESET_ON_CLOSE, _END_ON_CLOSE = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)


def serve(app: App, host: str, port: int, *, ready: Callable[[str], object]) -> None:
    """Serve an application until the process is asked to stop, by Ctrl-C or SIGTERM.

    A thread for each request, HTTP/1.0, for development and small sites. A response that breaks off, as it
    also does when the process stops, is ended by a reset: without chunks, that is all that tells the client.

    :param port: 0 takes any that is free.
    :param ready: called with the address when the server listens.
    :raises ConfigError: it can't listen there.
    """
    kind = _ServerV6 if ":" in host else _Server
    try:
        server = make_server(host, port, app, server_class=kind, handler_class=_RequestHandler)
    except (OSError, OverflowError, UnicodeError) as error:
        problem = f"can't listen on {host} port {port}: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(Mistake(problem, hint="another --host or --port")) from error

    def stop(number: int, frame: FrameType | None) -> None:
        Thread(target=server.shutdown, daemon=True).start()  # it waits for the loop that runs here

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{server.server_port}/")
        server.serve_forever(_LOOK_FOR_STOP)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        """Leave it to the handler to end the connection or to reset it."""
        self.close_request(request)


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _RequestHandler(WSGIRequestHandler):
    timeout = 60  # seconds, for a client that neither sends nor takes anything
    default_request_version = "HTTP/1.0"  # to refuse a line that names no version in words that clients understand

    def handle(self) -> None:
        with suppress(OSError):  # the client went away
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
            if len(self.raw_requestline) > _LONGEST_LINE:
                self.requestline = self.request_version = self.command = ""
                self.send_error(414)
            elif self.parse_request():
                length = self.headers.get("Content-Length", "0")
                if "Transfer-Encoding" in self.headers:
                    self.send_error(411)
                elif not (length.isdecimal() and len(length) <= _LONGEST_NUMBER):
                    self.send_error(400)
                else:
                    if self.headers.get("Expect", "").lower() == "100-continue":
                        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self._answer(int(length))

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Leave that to the access log."""

    def _answer(self, length: int) -> None:
        body = BufferedReader(_Body(cast(BufferedReader, self.rfile), length))
        writing = cast("IO[bytes]", self.wfile)
        handler = _Handler(body, writing, sys.stderr, self.get_environ(), multithread=True)
        handler.request_handler = self
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        handler.run(cast(App, cast(WSGIServer, self.server).get_app()))
        if handler.headers_sent and not handler.is_bodiless():  # and not closed: the response broke off
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _END_ON_CLOSE)
        self.connection.shutdown(socket.SHUT_WR)
        while body.read(_READ_AT_ONCE):  # a client that is still sending would see a reset before it saw the answer
            pass


class _Body(RawIOBase):
    """The body of a request, which ends where its Content-Length says (PEP 3333), though the connection does not."""

    def __init__(self, connection: BufferedReader, length: int) -> None:
        self._connection = connection
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        chunk = self._connection.read1(min(len(buffer), self._left))
        buffer[: len(chunk)] = chunk
        self._left -= len(chunk)
        return len(chunk)


class _Handler(ServerHandler):
    """Sends headers with the first byte and not before (PEP 3333), and no body where HTTP has none."""

    os_environ: dict[str, str] = {}  # noqa: RUF012 (the base declares it so); no variables of the process
    request_handler: _RequestHandler
    environ: Environ
    status: str | None
    headers_sent: bool

    def start_response(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:  # type: ignore[override]
        for text in (status, *(part for header in headers for part in header)):
            if "\n" in text or "\r" in text:
                raise ValueError(f"a line break in a status or header: {text!r}")
        return super().start_response(status, headers, exc_info)

    def write(self, data: bytes) -> None:
        if not self.is_bodiless():
            if data:
                super().write(data)
        elif data and not self.headers_sent:
            self.send_headers()

    def finish_content(self) -> None:
        if not self.is_bodiless():
            super().finish_content()
        elif not self.headers_sent:
            self.send_headers()

    def set_content_length(self) -> None:
        if not self.is_bodiless():
            super().set_content_length()

    def log_exception(self, exc_info: Any) -> None:
        if not (self.environ and is_logged(self.environ, exc_info[1])):
            super().log_exception(exc_info)

    def handle_error(self) -> None:
        if self.environ:
            super().handle_error()
        else:  # close() failed when all had been sent
            self.log_exception(sys.exc_info())

    def is_bodiless(self) -> bool:
        """Whether HTTP has no body for this response (RFC 9110 §6.4.1)."""
        return self.environ["REQUEST_METHOD"] == "HEAD" or (self.status or "")[:3] in ("204", "304")
