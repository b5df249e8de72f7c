"""Applications with unusual bodies."""

import gzip
import io
from collections.abc import Iterable, Iterator
from hashlib import sha256

from wsgistack.testing.hostile.case import LONG, TEXT, hostile
from wsgistack.types import Environ, StartResponse

__all__: list[str] = []


@hostile()
def gives_one_chunk_in_a_list(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A list of one chunk without Content-Length: the server takes it from len()."""
    start_response("200 OK", [TEXT])
    return [LONG]


@hostile()
def gives_a_short_list(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A body of two bytes with its Content-Length."""
    start_response("200 OK", [TEXT, ("Content-Length", "2")])
    return [b"ok"]


@hostile()
def gives_many_chunks_in_a_list(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A list of several chunks with one Content-Length for all."""
    start_response("200 OK", [TEXT, ("Content-Length", str(3 * len(LONG)))])
    return [LONG, LONG, LONG]


@hostile()
def gives_a_tuple(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A tuple instead of a list."""
    start_response("200 OK", [TEXT])
    return (LONG,)


@hostile()
def gives_an_empty_list(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A list without a chunk, and no Content-Length."""
    start_response("200 OK", [TEXT])
    return []


@hostile()
def gives_one_empty_chunk(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """One chunk, which is empty."""
    start_response("200 OK", [TEXT, ("Content-Length", "0")])
    return [b""]


@hostile()
def gives_empty_chunks_in_between(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Empty chunks between others. Each must reach the server."""
    start_response("200 OK", [TEXT])
    return (chunk for chunk in (b"", b"a", b"", b"", b"b", b""))


@hostile()
def gives_ten_thousand_chunks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A long stream of small chunks."""
    start_response("200 OK", [TEXT])
    return (b"%d\n" % number for number in range(10_000))


@hostile()
def gives_a_large_chunk(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A megabyte in one chunk, from a generator."""
    start_response("200 OK", [TEXT, ("Content-Length", str(1 << 20))])
    return (chunk for chunk in [b"x" * (1 << 20)])


@hostile()
def gives_incompressible_bytes(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Random bytes with the type of text, which compression makes larger."""
    noise = b"".join(sha256(b"%d" % number).digest() for number in range(64))
    start_response("200 OK", [TEXT, ("Content-Length", str(len(noise)))])
    return [noise]


class _Sized:
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __len__(self) -> int:
        return len(self._chunks)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


@hostile()
def gives_one_chunk_in_an_iterable_of_its_own(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable that is not a list, and whose len() is 1."""
    start_response("200 OK", [TEXT])
    return _Sized([LONG])


@hostile()
def gives_a_sized_iterable(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable that is not a list, and whose len() is 3."""
    start_response("200 OK", [TEXT])
    return _Sized([b"a", b"", b"b"])


class _Unsized:
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


@hostile()
def gives_an_iterable_with_a_foreign_iterator(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An iterable whose iterator is another object, without close()."""
    start_response("200 OK", [TEXT])
    return _Unsized([b"a", b"b"])


class _Both:
    """Iterable and iterator in one."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = iter(chunks)

    def __iter__(self) -> "_Both":
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)


@hostile()
def gives_an_iterator(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An object that is its own iterator, and has no close()."""
    start_response("200 OK", [TEXT])
    return _Both([b"a", b"b"])


@hostile()
def gives_a_file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A file in the server's own wrapper, with its Content-Length: the server may send it with sendfile."""
    start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", str(len(LONG)))])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(LONG), 1024)
    return wrapped


@hostile()
def gives_a_file_of_unknown_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A file in the server's own wrapper, without a Content-Length."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(LONG), 1024)
    return wrapped


@hostile()
def gives_a_text_file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A file in the server's own wrapper that a middleware may want to compress."""
    start_response("200 OK", [TEXT, ("Content-Length", str(len(LONG))), ("ETag", '"1"')])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(LONG), 1024)
    return wrapped


@hostile()
def gives_events_one_by_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Server-sent events: each must reach the client before the next one is made."""
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")])
    return (b"data: %d\n\n" % number for number in range(5))


@hostile()
def gives_gzip_already(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A body that is already compressed, with its Content-Encoding."""
    packed = gzip.compress(LONG, mtime=0)
    start_response("200 OK", [TEXT, ("Content-Encoding", "gzip"), ("Content-Length", str(len(packed)))])
    return [packed]
