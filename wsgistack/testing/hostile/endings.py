"""Applications that fail, and clients that disconnect."""

from collections.abc import Iterable, Iterator

from wsgistack.testing.hostile.case import TEXT, hostile
from wsgistack.types import Environ, StartResponse

__all__: list[str] = []


@hostile()
def raises_before_the_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An exception in the call, before start_response."""
    raise LookupError("before the start")


@hostile()
def raises_after_the_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An exception in the call, after start_response."""
    start_response("200 OK", [TEXT])
    raise LookupError("after the start")


@hostile()
def raises_after_a_write(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An exception in the call after write(): an error page is no longer possible."""
    start_response("200 OK", [TEXT])(b"half ")
    raise LookupError("after a write")


@hostile()
def raises_at_the_first_next(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator that fails before start_response."""
    raise LookupError("at the first next")
    yield b"never reached"


@hostile()
def raises_before_the_first_byte(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator that yields an empty chunk and fails: the headers are not sent yet."""
    start_response("200 OK", [TEXT, ("Content-Length", "1000")])
    yield b""
    raise LookupError("before the first byte")


@hostile()
def raises_in_the_middle(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator that fails after its first chunk: the body must not look complete."""
    start_response("200 OK", [TEXT])
    yield b"half a page"
    raise LookupError("in the middle")


class _Failing:
    """An iterable that fails in iter() or in close()."""

    def __init__(self, where: str, error: BaseException) -> None:
        self._where = where
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        if self._where == "iter":
            raise self._error
        return iter([b"a", b"b"])

    def close(self) -> None:
        if self._where == "close":
            raise self._error


@hostile()
def raises_in_iter(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """iter() of the iterable fails: its close() must still be called."""
    start_response("200 OK", [TEXT])
    return _Failing("iter", LookupError("in iter"))


@hostile()
def raises_in_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """close() fails after the whole body was sent."""
    start_response("200 OK", [TEXT])
    return _Failing("close", LookupError("in close"))


@hostile(take=1)
def raises_in_close_when_the_client_is_gone(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """close() fails after the client has disconnected."""
    start_response("200 OK", [TEXT])
    return _Failing("close", LookupError("in close"))


@hostile()
def exits_in_the_call(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """SystemExit in the call. No middleware may answer it."""
    raise SystemExit(3)


@hostile()
def is_interrupted_in_the_middle(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """KeyboardInterrupt while the body is made."""
    start_response("200 OK", [TEXT])
    yield b"half a page"
    raise KeyboardInterrupt


class _UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError("this error cannot be shown")


@hostile()
def raises_an_unprintable_error(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An exception whose str() fails."""
    raise _UnprintableError


@hostile()
def raises_a_group(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An exception group with a cause."""
    raise ExceptionGroup("several", [ValueError("one"), LookupError("two")]) from OSError("the cause")


class _Closable:
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        self._chunks = ()


@hostile()
def has_to_be_closed(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable with close(), whose iterator has none, read to its end."""
    start_response("200 OK", [TEXT])
    return _Closable([b"a", b"b"])


@hostile(take=0, name="has_to_be_closed_unread")
@hostile(take=1, name="has_to_be_closed_after_one_chunk")
@hostile(take=3, name="has_to_be_closed_before_its_end")
def is_left(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable with close(), whose client disconnects."""
    start_response("200 OK", [TEXT])
    return _Closable([b"a", b"b", b"c"])


@hostile(method="HEAD")
def has_to_be_closed_after_head(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An answer to HEAD without a chunk, but with close()."""
    start_response("200 OK", [TEXT, ("Content-Length", "2000")])
    return _Closable([])


@hostile(take=0)
def is_a_list_that_nobody_reads(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A list whose client disconnects before the first byte."""
    start_response("200 OK", [TEXT])
    return [b"a" * 1000]
