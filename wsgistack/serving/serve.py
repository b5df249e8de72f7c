"""Serving an application until the process is asked to stop."""

import signal
import socket
import sys
from collections.abc import Callable, Mapping
from types import FrameType

from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.serving.server import Server, listen
from wsgistack.types import App

__all__ = ["serve", "server_runner"]


def serve(
    app: App,
    host: str,
    port: int,
    *,
    ready: Callable[[str], object],
    listener: socket.socket | None = None,
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Serve an application until the process is asked to stop, by Ctrl-C or SIGTERM.

    A thread for each request, HTTP/1.0, for development and small sites. Requests in flight then have five seconds to
    end, or until the process is asked again. A response that breaks off is ended by a reset: without chunks, that is
    all that tells the client.

    :param port: 0 takes any that is free.
    :param ready: called with the address when the server listens.
    :param listener: a socket that listens on host and port already; it is closed at the end.
    :param until: asked several times a second, whether to stop.
    :raises ConfigError: it can't listen there.
    """
    server = Server(app, listener or listen(host, port), host)
    asked: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ready(server.url)
        while not asked and not until():
            server.handle_request()
    finally:
        server.stop(lambda: len(asked) > 1)
        for number, handler in before.items():
            signal.signal(number, handler)


def server_runner(app: App, global_conf: Mapping[str, str], host: str = "127.0.0.1", port: str = "8080") -> None:
    """Serve as a ``[server:main]`` section says, with ``use = egg:wsgistack``: a ``paste.server_runner``.

    :raises ConfigError: a port that is none, or it can't listen there.
    """
    where = Where(global_conf.get("__file__", ""), section="server")
    if str(port) not in map(str, range(65536)):  # TOML has numbers
        raise ConfigError(
            Mistake("is no port", key="port", value=port, expected="a number, from 0 to 65535", where=where)
        )
    try:
        listener = listen(host, int(port))
    except ConfigError as error:
        raise ConfigError(*(each._replace(hint="", where=where) for each in error.mistakes)) from error
    serve(app, host, int(port), ready=lambda address: sys.stdout.write(f"Serving on {address}\n"), listener=listener)
