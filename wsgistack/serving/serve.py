"""Serving an application until the process is asked to stop, on Waitress or without it on wsgiref."""

import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import BufferedReader, RawIOBase
from time import monotonic
from types import FrameType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import require_extra
from wsgistack.serving.address import Address
from wsgistack.serving.listener import open_listener
from wsgistack.types import App

__all__ = ["POLL_INTERVAL", "StopRequest", "parse_waitress_arguments", "serve", "server_runner"]

POLL_INTERVAL = 0.1  # seconds between two looks at what else there is to do
GRACE = 5.0  # seconds that requests in flight have when the server stops
IDLE_GRACE = 1.0  # seconds that connections without a request have, such as those that browsers keep open
THREAD_TIMEOUT = 1.0  # seconds that threads have to notice that their connection is closed
_ADDRESS = ("host", "port", "listen", "unix_socket", "sockets")  # options of Waitress
_NOT_ADJUSTMENTS = ("call", "help", *_ADDRESS)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def serve(
    app: App,
    listener: socket.socket,
    *,
    ready: Callable[[str], object],
    is_over: Callable[[], bool] = lambda: False,
    server: str = "",
    keeps_proxy_headers: bool = False,
    **options: Any,
) -> None:
    """Serve an application until the process receives SIGINT (Ctrl-C) or SIGTERM.

    Requests in flight then have five seconds to end. A second signal ends them at once: their connections are reset,
    so that no client takes part of a response for the whole.

    Without Waitress, it serves on wsgiref, one request at a time, and says on standard error that this is for
    development only.

    :param listener: a listening socket, closed at the end. A Unix socket requires Waitress.
    :param ready: called with the address as soon as the server listens.
    :param is_over: called several times a second; the server stops when it returns true.
    :param server: ``waitress`` or ``wsgiref``; empty for Waitress if it is installed.
    :param keeps_proxy_headers: whether the application gets the headers ``X-Forwarded-*``, because one of its layers
        decides whom to believe. By default, Waitress removes them.
    :param options: those of Waitress, such as ``threads=16``.
    :raises ConfigError: Waitress refuses an option, or it is required and not installed.
    """
    with listener, StopRequest() as stop:
        running: _WaitressServer | _WsgirefServer
        if server == "wsgiref" or not _has_waitress(server, options):
            running = _WsgirefServer(app, listener, stop)
        else:
            options = {"clear_untrusted_proxy_headers": not keeps_proxy_headers, **options}
            running = _WaitressServer(app, listener, options)
        try:
            with suppress(KeyboardInterrupt):
                ready(Address.of(listener).url)
                while not (stop.count or is_over()):
                    running.poll()
                stop.count = 1
                running.drain()
        finally:
            running.close()


def server_runner(
    app: App,
    global_conf: Mapping[str, str],
    host: str = "127.0.0.1",
    port: str = "8080",
    threads: str = "",
    url_scheme: str = "",
    trusted_proxy: str = "",
    trusted_proxy_count: str = "",
    trusted_proxy_headers: str = "",
) -> None:
    """Serve as the section ``[server:main]`` with ``use = egg:wsgistack`` says: a ``paste.server_runner``.

    The options from ``threads`` on are those of Waitress; ``use = egg:waitress`` takes all of them. By default,
    Waitress removes the headers ``X-Forwarded-*``: ``trusted_proxy`` names the proxy that may set them.

    :param host: the address to listen on.
    :param port: the port; 0 takes any free one.
    :raises ConfigError: an option is invalid, or the address can't be used.
    """
    options = {
        "threads": threads,
        "url_scheme": url_scheme,
        "trusted_proxy": trusted_proxy,
        "trusted_proxy_count": trusted_proxy_count,
        "trusted_proxy_headers": trusted_proxy_headers,
    }
    given: dict[str, Any] = {name: value for name, value in options.items() if value}
    serve(app, open_listener(host, port), ready=lambda url: print(f"Serving on {url}", flush=True), **given)


class StopRequest:
    """Counts SIGINT and SIGTERM while its block runs. The second one interrupts whatever the main thread does."""

    count: int = 0

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exc_info: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 2:
            raise KeyboardInterrupt


def parse_waitress_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Parse arguments of the program ``waitress-serve``, such as ``--threads=16``, as options for :func:`serve`.

    :raises ConfigError: Waitress does not know one of them, or it is about the address or the application.
    """
    from getopt import GetoptError  # only Waitress still uses it

    adjustments = require_extra("waitress.adjustments", extra="serve", key="--server").Adjustments
    try:
        options, others = adjustments.parse_args(arguments)
    except GetoptError as error:
        raise ConfigError(Mistake(str(error), hint="see waitress-serve --help")) from error
    given = {name: value for name, value in options.items() if value is not False}  # --help and --call are always there
    for name in given:
        if name in _NOT_ADJUSTMENTS:
            hint = "use --bind" if name in _ADDRESS else ""
            raise ConfigError(Mistake(f"option --{name.replace('_', '-')} is only for waitress-serve", hint=hint))
    for argument in others:
        raise ConfigError(Mistake(f"{argument!r} is not an option", expected="options such as --threads=16"))
    return given


def _has_waitress(server: str, options: Mapping[str, Any]) -> bool:
    """Whether Waitress is installed. Without it, what only Waitress can do is a mistake."""
    try:
        require_extra("waitress", extra="serve", key="--server" if server else min(options, default=""))
    except ConfigError:
        if options or server:
            raise
        hint = "for production: pip install 'wsgistack[serve]'"
        sys.stderr.write(f"warning: Waitress is not installed; serving with wsgiref, for development only; {hint}\n")
        return False
    return True


class _WaitressServer:
    """Waitress in a loop that ends with the requests in flight. The loop of Waitress itself breaks them off."""

    def __init__(self, app: App, listener: socket.socket, options: Mapping[str, Any]) -> None:
        from waitress import server, task, wasyncore

        self._loop, self._task = wasyncore, task.WSGITask
        self._map: dict[int, Any] = {}
        try:
            self._server = server.create_server(app, map=self._map, **options, sockets=[listener])
        except (OSError, ValueError) as error:
            raise ConfigError(Mistake(f"Waitress can't start: {error}")) from error

    def poll(self) -> None:
        """Wait a little for something to do, and do it."""
        self._loop.loop(POLL_INTERVAL, self._server.adj.asyncore_use_poll, self._map, 1)

    def drain(self) -> None:
        """Close the listener and let requests in flight end, for a few seconds."""
        self._loop.dispatcher.close(self._server)  # its own close() would also close what wakes up the loop
        begun = monotonic()
        while (channels := self._channels()) and (passed := monotonic() - begun) < GRACE:
            for channel in channels:
                channel.task_class = self._make_last_task
                is_reading = channel.request and channel.request.headers_finished
                if passed > IDLE_GRACE and not (channel.requests or is_reading):
                    channel.close_when_flushed = True
            self.poll()

    def close(self) -> None:
        """Reset the connections that are still open, and stop the threads."""
        for channel in self._channels():
            with suppress(OSError):  # the client has just closed it
                channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            channel.handle_close()  # the thread notices it at its next write, and closes the application's iterable
        self._server.task_dispatcher.shutdown(timeout=THREAD_TIMEOUT)
        self._loop.close_all(self._map)

    def _channels(self) -> list[Any]:
        return [*self._server.active_channels.values()]

    def _make_last_task(self, channel: Any, request: Any) -> Any:
        request.headers["CONNECTION"] = "close"
        return self._task(channel, request)


class _WsgirefServer(WSGIServer):
    timeout = POLL_INTERVAL
    poll = WSGIServer.handle_request
    drain = WSGIServer.service_actions  # does nothing: no request is in flight when poll() returns
    close = WSGIServer.server_close

    def __init__(self, app: App, listener: socket.socket, stop: StopRequest) -> None:
        super().__init__(listener.getsockname()[:2], _WsgirefHandler, bind_and_activate=False)
        self.stop = stop
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()[:2]
        self.setup_environ()
        self.set_app(app)


class _WsgirefHandler(WSGIRequestHandler):
    server: _WsgirefServer

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.input = _Input(self.connection, self.server.stop)
        self.rfile = BufferedReader(self.input)

    def parse_request(self) -> bool:
        is_valid = super().parse_request()
        self.input.is_in_flight = is_valid
        return is_valid and not self.input.is_ended  # otherwise headers may be missing


class _Input(RawIOBase):
    """What a client sends. Until its request is in flight, a signal ends it: a client may keep an idle connection."""

    is_in_flight = False
    is_ended = False

    def __init__(self, connection: socket.socket, stop: StopRequest) -> None:
        self._connection = connection
        self._stop = stop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not select.select([self._connection], [], [], POLL_INTERVAL)[0]:
            if self._stop.count and not self.is_in_flight:
                self.is_ended = True
                return 0
        return self._connection.recv_into(buffer)
