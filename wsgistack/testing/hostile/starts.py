"""Applications that call start_response late or twice, or use write()."""

import sys
from collections.abc import Iterable, Iterator

from wsgistack.testing.hostile.case import TEXT, hostile
from wsgistack.types import Environ, Headers, StartResponse

__all__: list[str] = []

_REUSED: Headers = [TEXT, ("X-Kept", "yes")]


@hostile()
def starts_at_the_first_next(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator: it calls start_response at the first next()."""
    start_response("200 OK", [TEXT])
    yield b"late "
    yield b"but well"


@hostile()
def starts_late_with_an_empty_chunk(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator whose first chunk is empty: the headers are not sent before the second."""
    start_response("200 OK", [TEXT])
    yield b""
    yield b"content"


@hostile()
def starts_late_and_gives_nothing(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator without a chunk: the status is only known at the end."""
    start_response("404 Not Found", [TEXT, ("Content-Length", "0")])
    yield from ()


@hostile(take=0, name="starts_late_and_is_never_read")
@hostile(take=1, name="starts_late_and_loses_its_client")
def starts_late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator that is closed before its end, or before its start."""
    start_response("200 OK", [TEXT])
    yield from (b"one", b"two")


class _StartsInIter:
    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        self._start_response("200 OK", [TEXT])
        return iter([b"in ", b"time"])


@hostile()
def starts_in_iter(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable that calls start_response when iter() is called on it."""
    return _StartsInIter(start_response)


@hostile()
def writes_only(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The whole body is sent by write(); the iterable is an empty list."""
    write = start_response("200 OK", [TEXT])
    write(b"written ")
    write(b"by hand")
    return []


@hostile()
def writes_and_gives(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A part is written, and the rest is in the iterable: the order must stay the same."""
    write = start_response("200 OK", [TEXT])
    write(b"written, ")
    return [b"then ", b"given"]


@hostile()
def writes_empty_data(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """write() is also called with empty bytes."""
    write = start_response("200 OK", [TEXT])
    write(b"")
    write(b"a")
    write(b"")
    return [b"b"]


@hostile()
def writes_with_a_content_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A body with Content-Length is sent by write() in one piece."""
    data = b"0123456789" * 100
    write = start_response("200 OK", [TEXT, ("Content-Length", str(len(data)))])
    write(data)
    return ()


@hostile()
def writes_from_a_generator(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The first part is written, and a generator yields the rest."""
    write = start_response("200 OK", [TEXT])
    write(b"before ")
    return (chunk for chunk in (b"the ", b"generator"))


@hostile()
def restarts_before_the_first_byte(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An error page replaces a started response, with exc_info."""
    start_response("200 OK", [TEXT, ("X-Stale", "yes"), ("Content-Length", "5000")])
    try:
        raise ValueError("no page today")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    return [b"sorry"]


@hostile()
def restarts_after_an_empty_chunk(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A generator yields an empty chunk and restarts the response: nothing is sent yet."""
    start_response("200 OK", [TEXT])
    yield b""
    try:
        raise ValueError("no page today")
    except ValueError:
        start_response("503 Service Unavailable", [TEXT, ("Retry-After", "1")], sys.exc_info())
    yield b"sorry"


@hostile()
def starts_with_exc_info_at_once(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The first start_response has exc_info, as from an error handler."""
    try:
        raise ValueError("no page today")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    return [b"sorry"]


@hostile()
def restarts_twice(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Two error handlers restart the response: the last one counts."""
    for status in ("200 OK", "502 Bad Gateway", "500 Internal Server Error"):
        try:
            raise ValueError(status)
        except ValueError:
            start_response(status, [TEXT, ("X-Status", status)], sys.exc_info())
    return [b"sorry"]


@hostile()
def restarts_after_the_first_byte(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """A restart after the first byte: start_response raises, and the application does not catch it."""
    start_response("200 OK", [TEXT])
    yield b"half a page"
    try:
        raise ValueError("the other half is lost")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    yield b"never reached"


@hostile()
def restarts_after_a_write(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A restart after write(): start_response raises, and the application does not catch it."""
    write = start_response("200 OK", [TEXT])
    write(b"half a page")
    try:
        raise ValueError("the other half is lost")
    except ValueError:
        start_response("500 Internal Server Error", [TEXT], sys.exc_info())
    return [b"never reached"]


@hostile()
def gives_none_as_exc_info(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """start_response is called with None as its third argument."""
    start_response("200 OK", [TEXT], None)
    return [b"fine"]


@hostile()
def reuses_its_list_of_headers(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """One list of headers for all requests: headers that a middleware adds in place accumulate."""
    start_response("200 OK", _REUSED)
    return [b"always the same"]
