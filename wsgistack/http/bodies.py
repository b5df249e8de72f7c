"""The bodies of requests: their length, the limit of their size, and how a layer refuses one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, ClassVar, NamedTuple, Self

from wsgistack.http.headers import MAX_LENGTH_DIGITS
from wsgistack.http.uploads import Input
from wsgistack.types import Environ

__all__ = [
    "BLOCK_SIZE",
    "BodyRefusal",
    "BodyRefusedError",
    "LimitedInput",
    "discard_body",
    "find_body_length",
    "has_no_body",
    "is_terminated",
]

BLOCK_SIZE = 16384
"""In bytes: how much of a body is read at once."""

MAX_DISCARDED = 67108864
"""In bytes: 64 MiB. A client that sends more before it reads the answer gets a reset instead."""

MAX_DISCARD_TIME = 5.0
"""In seconds, for the same."""

_BODILESS = ("GET", "HEAD")
_HTTP_1 = ("HTTP/1.1", "HTTP/1.0")


class BodyRefusal(NamedTuple):
    """Why a layer refuses a body: what :func:`~wsgistack.http.responses.error_answer` needs."""

    code: int
    detail: str
    headers: Sequence[tuple[str, str]] = ()


class BodyRefusedError(Exception):
    """A layer refuses the body of a request, perhaps while the application reads it.

    It is not an ``OSError`` and not a ``ValueError``, which frameworks take for a client that has gone.
    """

    def __init__(self, refusal: BodyRefusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def find_body_length(environ: Environ) -> int | None:
    """Return CONTENT_LENGTH as a number; None if a body has no length, or Transfer-Encoding decides about it.

    :raises BodyRefusedError: it is not one valid number of bytes (RFC 9110 §8.6).
    """
    value: str = environ.get("CONTENT_LENGTH") or ""
    if value and not (value.isascii() and value.isdecimal() and len(value) <= MAX_LENGTH_DIGITS):
        raise BodyRefusedError(BodyRefusal(400, "The Content-Length of the request is not a valid number of bytes."))
    return int(value) if value and "HTTP_TRANSFER_ENCODING" not in environ else None  # RFC 9112 §6.3


def has_no_body(environ: Environ) -> bool:
    """Whether a request without CONTENT_LENGTH certainly has no body (RFC 9112 §6.3).

    HTTP/2 needs no Transfer-Encoding for a body of unknown length. A server may also keep that header to itself, so
    that only GET and HEAD count as methods without a body.
    """
    return (
        environ.get("REQUEST_METHOD") in _BODILESS
        and environ.get("SERVER_PROTOCOL") in _HTTP_1
        and "HTTP_TRANSFER_ENCODING" not in environ
    )


def is_terminated(environ: Environ) -> bool:
    """Whether the server ends ``wsgi.input`` at the end of a body without a length."""
    return bool(environ.get("wsgi.input_terminated"))


def discard_body(given: Any, length: int | None, environ: Environ) -> None:
    """Read the rest of a refused body after the answer, because many clients read the answer only then.

    Most servers close the connection after a body that was not read. If bytes of the client are still on their way
    then, it gets a reset instead of the answer. A client that goes away now has its answer: that is no abort. The
    time is checked between two blocks, so that a client that sends slowly can take longer, as with any upload.

    :param length: of the rest; None if it is unknown.
    """
    if length is None and not is_terminated(environ):
        return  # reading could wait forever
    if type(given) is Input:
        given = given.unwatched
    left = min(MAX_DISCARDED, MAX_DISCARDED if length is None else length)
    end = monotonic() + MAX_DISCARD_TIME
    with suppress(Exception):
        while left > 0 and monotonic() < end:
            data = given.read(min(BLOCK_SIZE, left))
            if not data:
                break
            left -= len(data)


class LimitedInput:
    """A ``wsgi.input`` that raises :class:`BodyRefusedError` once more than a number of bytes were read.

    It has all that the server's own object has. Whatever the application asks for, at most one byte more than the
    limit is read.
    """

    __slots__ = ("_environ", "_input", "_left", "_max_size", "_refusal", "refusal")

    def __init__(self, environ: Environ, max_size: int, refusal: BodyRefusal) -> None:
        self._environ = environ
        self._input: Any = environ["wsgi.input"]
        self._left = self._max_size = max_size
        self._refusal = refusal
        self.refusal: BodyRefusal | None = None
        """Why the body was refused, once it was."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        line: bytes = self.readline()
        if not line:
            raise StopIteration
        return line

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._input, name)
        limited = self._LIMITED.get(name)
        return given if limited is None else partial(limited, self, given)

    def discard(self) -> None:
        """Read the rest of a body that was refused."""
        discard_body(self._input, None, self._environ)

    def _cap(self, size: int | None) -> int:
        """Return how much to ask for: one byte more than is allowed shows that the body is too large."""
        if self.refusal is not None:
            raise BodyRefusedError(self.refusal)
        most = max(self._left, 0) + 1  # it may have been moved beyond the limit
        return most if size is None or size < 0 or size > most else size

    def _count(self, size: int) -> None:
        self._left -= size
        if size and self._left < 0:
            self.refusal = self._refusal
            raise BodyRefusedError(self._refusal)

    def _read(self, given: Callable[[int], bytes], size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(partial(self._read, given, BLOCK_SIZE), b""))
        data = given(self._cap(size))
        self._count(len(data))
        return data

    def _read1(self, given: Callable[[int], bytes], size: int = -1, /) -> bytes:
        data = given(min(self._cap(size), BLOCK_SIZE))
        self._count(len(data))
        return data

    def _readline(self, given: Callable[[int], bytes], size: int | None = -1, /) -> bytes:
        line = given(self._cap(size))
        self._count(len(line))
        return line

    def _readinto(self, given: Callable[[memoryview], int | None], buffer: Any, /) -> int | None:
        view = memoryview(buffer).cast("B")
        size = given(view[: self._cap(None)])
        self._count(size or 0)
        return size

    def _readlines(self, given: object, hint: int | None = -1, /) -> list[bytes]:
        lines = []
        size = 0
        for line in self:
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def _readall(self, given: object, /) -> bytes:
        data: bytes = self.read()
        return data

    def _next(self, given: object, /) -> bytes:
        return next(self)

    def _seek(self, given: Callable[..., int], /, *place: int) -> int:
        position = given(*place)
        self._left = self._max_size - self._input.tell()
        return position

    _LIMITED: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "next": _next,  # some servers have it since Python 2
        "read": _read,
        "read1": _read1,
        "readall": _readall,
        "readinto": _readinto,
        "readinto1": _readinto,
        "readline": _readline,
        "readlines": _readlines,
        "seek": _seek,
    }
