"""The body of a request while it is read: whether the client goes away, and what is kept of it for a report."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from wsgistack.environ import mark_client_gone
from wsgistack.types import Environ

__all__ = ["Input", "watch_input"]

_READ = ("read", "readline", "readlines")  # only the end of the input makes their results shorter than asked for
_READ_SOME = ("read1", "readinto", "readinto1")


def watch_input(environ: Environ) -> "Input | None":
    """Wrap ``wsgi.input`` once, so that its errors are marked with ``mark_client_gone``, and an early end is noticed.

    Layers do not call it for GET, which has no body: it keeps the server's own input.
    """
    given = environ.get("wsgi.input")
    if given is not None and type(given) is not Input:
        try:  # Transfer-Encoding decides about the length, not Content-Length (RFC 9112 §6.3)
            length = 0 if "HTTP_TRANSFER_ENCODING" in environ else int(environ.get("CONTENT_LENGTH") or 0)
        except (TypeError, ValueError):
            length = 0
        given = environ["wsgi.input"] = Input(given, length)
    return given


class Input:
    """The server's ``wsgi.input``. It remembers whether the client has gone before the end of its upload.

    If the client closes the connection, some servers raise an error. Others, such as gunicorn, end the input before
    CONTENT_LENGTH. A request without a length ends anywhere.
    """

    __slots__ = ("_ended", "_failed", "_input", "_kept", "_left", "_limit")

    def __init__(self, given: BinaryIO, length: int) -> None:
        self._input = given
        self._left = length
        self._failed = self._ended = False
        self._limit = 0
        self._kept = b""

    def keep(self, limit: int) -> None:
        """Keep the first bytes that are read from now on, for a report."""
        self._limit = limit
        self._kept = b""

    @property
    def kept(self) -> bytes:
        """What was kept. After a ``seek()``, only what is read after it."""
        return self._kept

    @property
    def is_cut(self) -> bool:
        """Whether the application tried to read more than the client sent of its upload."""
        return self._failed or (self._ended and self._left > 0)

    @property
    def unwatched(self) -> BinaryIO:
        """The server's own object, for a layer that reads what nobody needs any more."""
        return self._input

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._input, name)
        if name not in _READ and name not in _READ_SOME:
            if name == "seek":
                self._left = 0  # what was read before and after does not add up
                self._kept = b""
            return given

        def read(*size: Any) -> object:
            try:
                data = given(*size)
            except OSError as error:
                self._failed = True
                mark_client_gone(error)
                raise
            if self._left > 0:
                self._count(name, data, *size)
            if self._limit > len(self._kept):
                self._keep(name, data, *size)
            return data

        return read

    def _count(self, name: str, data: Any, asked: Any = -1) -> None:
        match name:
            case "readlines":
                got = sum(map(len, data))
            case "readinto" | "readinto1":
                got = data
            case _:
                got = len(data)
        self._left -= got
        if name in _READ:
            is_line = name == "readline" and data[-1:] == b"\n"
            self._ended = not is_line and (asked is None or asked < 0 or got < asked)
        else:
            self._ended = not got and asked != 0 and asked != b""

    def _keep(self, name: str, data: Any, buffer: Any = b"") -> None:
        match name:
            case "readlines":
                data = b"".join(data)
            case "readinto" | "readinto1":
                data = memoryview(buffer)[:data]
        self._kept += bytes(data[: self._limit - len(self._kept)])
