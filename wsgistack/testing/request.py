"""A request as a server makes it: the environ, and an input stream that knows what was read of it."""

import io
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from wsgistack.types import Environ

__all__ = ["Input", "make_environ"]


class Input:
    """A ``wsgi.input`` that ends where the body ends, and notes who asks for more.

    :param body: what the client sends.
    :param length: how much that is, as far as CONTENT_LENGTH tells; None where nobody can know.
    """

    def __init__(self, body: bytes, length: int | None) -> None:
        self._body = io.BytesIO(body)
        self._left = length
        self.over_read: list[int] = []
        """The sizes that were asked for while less than that was left."""
        self.closed = False

    def read(self, size: int = -1, /) -> bytes:
        """Read some, or all that is left."""
        return self._given(size, self._body.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        """Read up to the end of the line."""
        return self._given(-1, self._body.readline(size))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """Read all lines that are left."""
        return [self._given(-1, line) for line in self._body.readlines(hint)]

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def close(self) -> None:
        """Note what an application must not do."""
        self.closed = True

    def _given(self, asked: int, given: bytes) -> bytes:
        if self._left is not None:
            if asked > self._left:
                self.over_read.append(asked)
            self._left -= len(given)
        return given


def make_environ(
    method: str = "GET",
    path: str = "/",
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    content_length: bool = True,
) -> Environ:
    """Make the environ of a request.

    :param path: with the query, in the form of a request line.
    :param headers: of the request; two of one name are joined by a comma.
    :param body: of the request; without one, no CONTENT_LENGTH is set.
    :param content_length: whether the client tells the length of the body. If not, ``wsgi.input_terminated`` says that
        it can be read to its end, as servers do for a body that comes in chunks.
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
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
    return environ
