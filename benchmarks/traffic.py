"""A server in memory that costs almost nothing, its requests, and plain applications for it."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

from benchmarks.pairs import Case, copy_function
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = [
    "BROWSER",
    "JSON",
    "LOGGED_IN",
    "ORIGIN",
    "PASSWORD",
    "TEXT",
    "USER",
    "Answer",
    "Repeated",
    "ask",
    "make_case",
    "make_reader",
    "make_stream",
    "make_whole",
    "start_stream",
]

USER, PASSWORD = "ada", "lovelace"
ORIGIN = "https://shop.example.org"
_PLAIN = "text/plain; charset=utf-8"
_ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/orders/2026/11",
    "QUERY_STRING": "page=2&sort=date",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": "gunicorn",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "41200",
    "RAW_URI": "/orders/2026/11?page=2&sort=date",
    "HTTP_HOST": "www.example.com",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
    "HTTP_REFERER": "https://www.example.com/orders",
    "HTTP_CONNECTION": "keep-alive",
    "HTTP_COOKIE": "session=8f14e45fceea167a5a36dedd4bea2543",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "https",
    "wsgi.input": BytesIO(),
    "wsgi.errors": BytesIO(),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


TEXT = b"Hello, world! " * 8
JSON = json.dumps(
    [
        {
            "id": number,
            "name": f"order {number * 7919 % 1000}",
            "price": number * 31 % 997 / 100,
            "tags": ["paid", "new"],
        }
        for number in range(30)
    ]
).encode()
BROWSER = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd"}
LOGGED_IN = {"HTTP_AUTHORIZATION": f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"}


class Answer(NamedTuple):
    """A response as a server receives it."""

    status: str
    headers: Headers
    chunks: list[bytes]

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)


class Repeated:
    """A request body that can be sent again and again: after its end it begins anew."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._is_at_the_end = False

    def read(self, size: int = -1) -> bytes:
        """Return the whole body. If more is wanted, the end follows."""
        is_end = self._is_at_the_end
        self._is_at_the_end = not is_end and size > len(self._body)
        return b"" if is_end else self._body


def make_case(
    app: App, request: Mapping[str, object] | None = None, take: Callable[[bytes], object] | None = None
) -> Case:
    """Make a case that sends one request: it calls the application, reads all chunks and closes the body.

    :param request: keys that are added to the environ of a browser's plain GET, or replace some of it.
    :param take: called with each chunk.
    """
    environ = {**_ENVIRON, **(request or {})}
    use = take or len

    def request_once() -> None:
        body = app(environ.copy(), _accept)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()

    def request_and_take() -> None:
        body = app(environ.copy(), _accept)
        for chunk in body:
            use(chunk)
        close = getattr(body, "close", None)
        if close is not None:
            close()

    return copy_function(request_and_take if take else request_once)


def ask(app: App, request: Mapping[str, object] | None = None) -> Answer:
    """Send one request to an application and keep its response."""
    started: list[tuple[str, Headers]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        started.append((status, [*headers]))
        return written.append

    body = app({**_ENVIRON, **(request or {})}, start_response)
    try:
        chunks = [*body]
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return Answer(*started[-1], [*written, *chunks])


def start_stream(app: App, request: Mapping[str, object]) -> tuple[Iterable[bytes], Iterator[bytes]]:
    """Send a request and read the first chunk; the body stays open."""
    body = app({**_ENVIRON, **request}, _accept)
    chunks = iter(body)
    next(chunks)
    return body, chunks


def make_whole(body: bytes, content_type: str = _PLAIN) -> App:
    """Make an application that sends one chunk with a Content-Length, with a new list of headers each time."""
    fields = (("Content-Type", content_type), ("Content-Length", str(len(body))))

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [*fields])
        return [body]

    return copy_function(application)


def make_stream(chunks: Sequence[bytes], content_type: str = _PLAIN) -> App:
    """Make an application that sends its body in chunks from an iterator, without a Content-Length."""

    def application(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", content_type)])
        return iter(chunks)

    return copy_function(application)


def make_reader() -> App:
    """Make an application that reads its request body."""
    fields = (("Content-Type", _PLAIN), ("Content-Length", "2"))

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        environ["wsgi.input"].read(int(length) if length else -1)
        start_response("200 OK", [*fields])
        return [b"ok"]

    return copy_function(application)


def _accept(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
    return _write


def _write(chunk: bytes) -> object:
    return None
