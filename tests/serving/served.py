"""Serves an application in this process to a client in another thread."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from tests.waiting import MAX_WAIT
from wsgistack.serving.listener import open_listener
from wsgistack.serving.serve import serve
from wsgistack.types import App, Environ, StartResponse

T = TypeVar("T")
PLAIN = [("Content-Type", "text/plain")]


def served(
    app: App,
    client: Callable[[str, int], T],
    *,
    host: str = "127.0.0.1",
    stop: int | None = signal.SIGINT,
    server: str = "",
) -> T:
    """Serve in the main thread, run a client in another one, then stop, and return what the client returned.

    With None for ``stop``, the client itself stops the server.
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

    serve(app, open_listener(host, 0), ready=ready, server=server)
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


@contextmanager
def response_of(host: str, port: int, method: str = "GET") -> Iterator[HTTPResponse]:
    with closing(HTTPConnection(host, port, timeout=MAX_WAIT)) as connection:
        connection.request(method, "/")
        with connection.getresponse() as response:
            yield response


def answers(status: str, *chunks: bytes, headers: Iterable[tuple[str, str]] = PLAIN) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return list(chunks)

    return app
