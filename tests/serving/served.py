"""Serves an application in this process, to a client in a thread of its own."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from wsgistack.serving.serve import serve
from wsgistack.types import App, Environ, StartResponse

T = TypeVar("T")
PLAIN = [("Content-Type", "text/plain")]


def served(
    app: App, client: Callable[[str, int], T], *, host: str = "127.0.0.1", stop: int | None = signal.SIGINT
) -> T:
    """What a client gets in a thread of its own while the main thread serves, which then is asked to stop.

    With None the client itself asks it to.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run(address: str) -> None:
        parts = urlsplit(address)
        try:
            results.append(client(parts.hostname or "", parts.port or 0))
        except BaseException as error:
            errors.append(error)
        finally:
            if stop is not None:
                os.kill(os.getpid(), stop)

    clients: list[threading.Thread] = []

    def ready(address: str) -> None:
        clients.append(threading.Thread(target=run, args=(address,)))
        clients[0].start()

    serve(app, host, 0, ready=ready)
    clients[0].join()
    if errors:
        raise errors[0]
    return results[0]


class Answer(NamedTuple):
    status: int
    length: str | None
    body: bytes


def asks(method: str = "GET") -> Callable[[str, int], Answer]:
    def client(host: str, port: int) -> Answer:
        with response_of(host, port, method) as response:
            return Answer(response.status, response.headers["Content-Length"], response.read())

    return client


def response_of(host: str, port: int, method: str = "GET") -> HTTPResponse:
    with closing(HTTPConnection(host, port, timeout=30)) as connection:
        connection.request(method, "/")
        return connection.getresponse()


def sends(request: bytes) -> Callable[[str, int], bytes]:
    """Send bytes and leave the connection open; give all that comes until the server closes it."""

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    return client


def answers(status: str, *chunks: bytes, headers: Iterable[tuple[str, str]] = PLAIN) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return list(chunks)

    return app


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", PLAIN)
    return [b"got ", body]


def fails_after(*chunks: bytes, error: Exception) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield from chunks
        raise error

    return app
