"""The standard library's threaded server, made exact about where bodies, responses and the server itself end."""

import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from socketserver import BaseServer, ThreadingMixIn
from time import monotonic, sleep
from typing import IO, Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from wsgistack.errors import ConfigError, Mistake
from wsgistack.serving.gateway import LOOK_UP, PATIENCE, Gateway, RequestBody, ResponseStream
from wsgistack.types import App

__all__ = ["Server", "listen"]

_BACKLOG = 128
_LONGEST_LINE = 65536
_LONGEST_NUMBER = 18
_READ_AT_ONCE = 65536
_RESET_ON_CLOSE, _END_ON_CLOSE = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)

# in seconds
_GRACE = 5.0  # for requests in flight when the server stops
_GRACE_OF_THE_SILENT = 1.0  # for connections that have brought no request by then, such as those that browsers keep
_FAREWELL = 1.0  # for what is broken off, to be closed


def listen(host: str, port: int) -> socket.socket:
    """Give a socket that listens.

    :param port: 0 takes any that is free.
    :raises ConfigError: it can't listen there.
    """
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        problem = f"can't listen on {host} port {port}: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(Mistake(problem, hint="another --host or --port")) from error
    return listener


class Server(ThreadingMixIn, WSGIServer):
    """Serves an application on a socket that listens, which other processes may share: HTTP/1.0, a thread a request.

    ``handle_request()`` waits for a client, for a moment, and ``stop()`` ends all.

    :param host: what the application is told as the name of the server.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, app: App, listener: socket.socket, host: str) -> None:
        address = listener.getsockname()
        BaseServer.__init__(self, address, _RequestHandler)  # TCPServer's own would make another socket
        listener.settimeout(LOOK_UP)  # it never blocks: another process may be faster to accept
        self.socket = listener
        self.server_name = f"[{host}]" if ":" in host else host
        self.server_port = address[1]
        self.url = f"http://{self.server_name}:{self.server_port}/"
        self.setup_environ()
        self.set_app(app)
        self.is_breaking_off = False
        self.silent: set[socket.socket] = set()  # the connections that have brought no request yet
        self._open: set[socket.socket] = set()

    def stop(self, is_urgent: Callable[[], bool]) -> None:
        """Accept no more, let requests in flight end for a few seconds, and break off the others.

        What is broken off is reset when it next reads or writes, and the application's iterable is closed.

        :param is_urgent: asked while it waits, whether to break off at once.
        """
        self.server_close()
        begun = monotonic()
        while self._open and not is_urgent():
            passed = monotonic() - begun
            if passed > _GRACE or (passed > _GRACE_OF_THE_SILENT and self._open <= self.silent):
                break
            sleep(LOOK_UP / 10)
        self.is_breaking_off = True
        for connection in tuple(self._open):
            with suppress(OSError):  # it has just ended
                connection.shutdown(socket.SHUT_RD)  # wakes who reads; the other direction would look like a whole end
        begun = monotonic()
        while self._open and monotonic() - begun < _FAREWELL:
            sleep(LOOK_UP / 10)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Know the connection from before its thread starts."""
        self.silent.add(request)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Leave it to the handler to end the connection or to reset it."""
        self.close_request(request)
        self.silent.discard(request)
        self._open.discard(request)


class _RequestHandler(WSGIRequestHandler):
    timeout = PATIENCE
    default_request_version = "HTTP/1.0"  # to refuse a line that names no version in words that clients understand
    server: Server

    def setup(self) -> None:
        super().setup()
        self.wfile = ResponseStream(self.connection, lambda: self.server.is_breaking_off)

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
                    self.server.silent.discard(self.connection)
                    if self.headers.get("Expect", "").lower() == "100-continue":
                        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self._answer(int(length))

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Leave that to the access log."""

    def _answer(self, length: int) -> None:
        body = BufferedReader(RequestBody(cast(BufferedReader, self.rfile), length))
        writing = cast("IO[bytes]", self.wfile)
        gateway = Gateway(body, writing, sys.stderr, self.get_environ(), multithread=True)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        gateway.run(cast(App, self.server.get_app()))
        if gateway.headers_sent and not gateway.is_bodiless():  # and not closed: the response broke off
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _END_ON_CLOSE)
        self.connection.shutdown(socket.SHUT_WR)
        while body.read(_READ_AT_ONCE):  # a client that is still sending would see a reset before it saw the answer
            pass
