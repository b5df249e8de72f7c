"""A request as a server makes it: the environ, and an input stream that records what was read."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from wsgistack.types import Environ

__all__ = ["Input", "RequestHeaders", "list_headers", "make_environ"]

RequestHeaders: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]


class Input:
    """A ``wsgi.input`` that ends where the body ends, and records each read that asks for more.

    :param body: what the client sends.
    :param length: the length of the body if CONTENT_LENGTH has it; None if nobody can know it.
    """

    def __init__(self, body: bytes, length: int | None) -> None:
        self._body = io.BytesIO(body)
        self._half = len(body) // 2
        self._left = length
        self.over_read: list[int] = []
        """The sizes that were asked for while less than that was left."""
        self.closed: bool = False
        self.disconnect: Callable[[], object] | None = None
        """Called by a read of the second half of the body: it raises what the server raises when a client
        disconnects."""

    def read(self, size: int = -1, /) -> bytes:
        """Read some of the body, or all that is left."""
        return self._count(size, self._body.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        """Read up to the end of the line."""
        return self._count(-1, self._body.readline(size))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """Read all lines that are left."""
        return [self._count(-1, line) for line in self._body.readlines(hint)]

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def close(self) -> None:
        """Record what an application must not do."""
        self.closed = True

    def _count(self, size: int, data: bytes) -> bytes:
        if self.disconnect is not None and self._body.tell() > self._half:
            self.disconnect()
        if self._left is not None:
            if size > self._left:
                self.over_read.append(size)
            self._left -= len(data)
        return data


def make_environ(
    method: str = "GET",
    path: str = "/",
    *,
    headers: RequestHeaders = (),
    body: bytes = b"",
    content_length: bool = True,
) -> Environ:
    """Make the environ of a request.

    :param path: with the query, as in a request line.
    :param headers: of the request: a mapping, or pairs of a name and a value. The values of two headers with the same
        name are joined by a comma.
    :param body: of the request; without one, CONTENT_LENGTH is not set.
    :param content_length: whether the client sends the length of the body. If not, ``wsgi.input_terminated`` says that
        the body can be read to its end, as servers do for a chunked request.
    :raises TypeError: the headers are neither a mapping nor pairs.
    """
    path, _, query = path.partition("?")
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": Input(body, len(body) if content_length else None),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if not content_length:
        environ["wsgi.input_terminated"] = True
    elif body:
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in list_headers(headers):
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
    return environ


def list_headers(headers: RequestHeaders) -> tuple[tuple[str, str], ...]:
    """The pairs of name and value.

    :raises TypeError: the headers are neither a mapping nor pairs.
    """
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise TypeError(f"invalid header {pair!r}; expected a mapping, or pairs of a name and a value, both str")
    return pairs
