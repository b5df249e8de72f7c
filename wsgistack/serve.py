"""Serving an application with the standard library's threaded server."""

import signal
import socket
import struct
import sys
from collections.abc import Callable
from socketserver import ThreadingMixIn
from types import FrameType
from typing import IO, NoReturn, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer, make_server

from wsgistack.errors import ConfigError, Mistake
from wsgistack.types import App

__all__ = ["serve"]

_LONGEST_LINE = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def serve(app: App, host: str, port: int, *, ready: Callable[[str], object]) -> None:
    """Serve an application until the process is asked to stop, by Ctrl-C or SIGTERM.

    A thread for each request, HTTP/1.0, for development and small sites. A response that breaks off is ended by a reset
    of the connection: without chunks, that is all that tells the client.

    :param port: 0 takes any that is free.
    :param ready: called with the address when the server listens.
    :raises ConfigError: it can't listen there.
    """
    kind = _ServerV6 if ":" in host else _Server
    try:
        server = make_server(host, port, app, server_class=kind, handler_class=_RequestHandler)
    except (OSError, OverflowError) as error:
        problem = f"can't listen on {host} port {port}: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(Mistake(problem, hint="another --host or --port")) from error
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{server.server_port}/")
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Handler(ServerHandler):
    """Takes no variables of the process into the environ, and cuts off a response that it can't finish."""

    os_environ: dict[str, str] = {}  # noqa: RUF012 (the base declares it so)
    request_handler: "_RequestHandler"
    bytes_sent: int

    def handle_error(self) -> None:
        super().handle_error()
        if self.bytes_sent:
            self.request_handler.reset_connection()


class _RequestHandler(WSGIRequestHandler):
    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        if len(self.raw_requestline) > _LONGEST_LINE:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
        elif self.parse_request():
            reading, writing = cast("IO[bytes]", self.rfile), cast("IO[bytes]", self.wfile)
            handler = _Handler(reading, writing, sys.stderr, self.get_environ(), multithread=True)
            handler.request_handler = self
            handler.run(cast(App, cast(WSGIServer, self.server).get_app()))

    def reset_connection(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.connection.close()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Leave that to the access log."""


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
