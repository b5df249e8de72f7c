"""Applications that are unusual in two ways at once. Each way alone is easy to handle."""

import io
import sys
from collections.abc import Iterable, Iterator
from typing import NoReturn

from wsgistack.testing.hostile.case import LONG, TEXT, hostile
from wsgistack.types import Environ, StartResponse

__all__: list[str] = []

LENGTH = ("Content-Length", str(len(LONG)))


class _Body:
    """An iterable that may have a len() of 1, and may fail in close()."""

    def __init__(self, chunks: Iterable[bytes], *, fails_in_close: bool = False) -> None:
        self._chunks = chunks
        self._fails_in_close = fails_in_close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        if self._fails_in_close:
            raise OSError("in close")


class _BodyOfOne(_Body):
    def __len__(self) -> int:
        return 1


def _fail_with(error: BaseException) -> Iterator[bytes]:
    """An iterator that fails at the first next()."""

    def fail(_: object) -> NoReturn:
        raise error

    return map(fail, [error])


# The type of the body and its length


@hostile()
def gives_one_empty_chunk_of_unknown_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """One empty chunk without Content-Length: the server sends a Content-Length of 0."""
    start_response("200 OK", [TEXT])
    return [b""]


@hostile()
def gives_a_list_of_unknown_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A list of several chunks without Content-Length."""
    start_response("200 OK", [TEXT])
    return [LONG, b"", LONG]


@hostile()
def starts_late_with_a_length(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator with one chunk and its Content-Length."""
    start_response("200 OK", [TEXT, LENGTH])
    yield LONG


@hostile()
def starts_late_with_a_sized_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable whose len() is 1, and which calls start_response at the first next()."""
    return _BodyOfOne(starts_late_with_a_length(environ, start_response))


@hostile()
def raises_in_a_sized_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable whose len() is 1, and which fails at the first next()."""

    def chunks() -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        yield from _fail_with(LookupError("in a body of one"))

    return _BodyOfOne(chunks())


# write()


@hostile()
def writes_in_pieces_with_a_content_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A body with Content-Length is sent by write() in two pieces, followed by a list of one empty chunk."""
    write = start_response("200 OK", [TEXT, ("Content-Length", str(2 * len(LONG)))])
    write(LONG)
    write(LONG)
    return [b""]


@hostile(take=0, name="writes_and_is_never_read")
@hostile(take=1, name="writes_and_loses_its_client")
def writes_and_is_left(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A part of the body is written, and the client disconnects before the end."""
    start_response("200 OK", [TEXT])(LONG)
    return _Body([LONG, LONG])


@hostile()
def restarts_and_writes_by_the_first_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The write() of the first start_response is used after a restart by exc_info."""
    write = start_response("200 OK", [TEXT, LENGTH])
    try:
        raise ValueError("no page today")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    write(b"sorry")
    return []


@hostile(take=1)
def restarts_and_loses_its_client(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator restarts the response, and the client disconnects after the first chunk of the new one."""
    start_response("200 OK", [TEXT, LENGTH])
    try:
        raise ValueError("no page today")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    yield from (b"sorry", b"never read")


# Two errors, or an unusual one


class _FalseError(Exception):
    """An error that is false, because its len() is 0, and whose str() fails."""

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        raise RuntimeError("str() fails")


@hostile()
def raises_a_false_error(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """An exception that is false in a condition, and whose str() fails, after an empty chunk."""
    start_response("200 OK", [TEXT])
    yield b""
    raise _FalseError


@hostile()
def exits_at_the_first_next(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """SystemExit at the first next(), before start_response."""
    return _fail_with(SystemExit(3))


@hostile()
def raises_in_the_middle_and_in_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The body fails after its first chunk, and close() fails, too: the first error counts."""

    def chunks() -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        yield b"half a page"
        raise LookupError("in the middle")

    return _Body(chunks(), fails_in_close=True)


@hostile()
def raises_at_the_first_next_and_in_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The body fails before start_response, and close() fails, too."""

    return _Body(_fail_with(LookupError("at the first next")), fails_in_close=True)


# A file in the server's own wrapper


@hostile(take=0, name="gives_a_file_that_nobody_reads")
@hostile(take=1, name="gives_a_file_and_loses_its_client")
def gives_a_file_and_is_left(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A file in the server's own wrapper, whose client disconnects."""
    start_response("200 OK", [("Content-Type", "image/png"), LENGTH])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(LONG), 1024)
    return wrapped


@hostile(take=0, name="gives_a_file_of_unknown_length_that_nobody_reads")
@hostile(take=1, name="gives_a_file_of_unknown_length_and_loses_its_client")
def gives_a_file_of_unknown_length_and_is_left(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A file in the server's own wrapper, without Content-Length, whose client disconnects."""
    start_response("200 OK", [TEXT])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(LONG), 1024)
    return wrapped


# Unusual answers to HEAD


@hostile(method="HEAD", name="answers_head_and_starts_late")
def starts_late_without_a_chunk(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """HEAD, answered by a generator without a chunk."""
    start_response("200 OK", [TEXT, LENGTH])
    yield from ()


@hostile(method="HEAD")
def answers_head_and_writes(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """HEAD, answered with an empty chunk by write(), and another in the list."""
    start_response("200 OK", [TEXT, LENGTH])(b"")
    return [b""]


@hostile(method="HEAD")
def answers_head_and_restarts(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """HEAD, answered with an empty chunk and then a restart by exc_info."""
    start_response("200 OK", [TEXT, LENGTH])
    yield b""
    try:
        raise ValueError("no page today")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT, ("Content-Length", "5")], sys.exc_info())


@hostile(method="HEAD")
def answers_head_and_raises(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """HEAD, and an exception before start_response: an error page must not have a body either."""
    raise LookupError("before the start")


@hostile(method="HEAD")
def answers_head_and_raises_late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """HEAD, answered by a generator that fails after start_response."""
    start_response("200 OK", [TEXT, LENGTH])
    yield b""
    raise LookupError("before the end")
