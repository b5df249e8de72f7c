"""Broken in the body: its type, its chunks, its content coding and its end."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from tests.testing.broken.catalogue import broken
from tests.testing.pieces import Wrapped, close, replace_call, wrap_body
from wsgistack.types import App, Environ, Factory, Headers, StartResponse

__all__: list[str] = []


def nothing(body: object) -> None:
    """Close nothing."""


# The body


class Short:
    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def __len__(self) -> int:
        return 1

    def close(self) -> None:
        close(self._body)


def closing_twice(body: object) -> None:
    close(body)
    close(body)


def generated(body: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        close(body)


def closed_at_the_end(body: Iterable[bytes]) -> Iterator[bytes]:
    yield from body
    close(body)


def joined(body: Iterable[bytes]) -> Iterable[bytes]:
    try:
        return [b"".join(body)]
    finally:
        close(body)


def without_empty_ones(body: Iterable[bytes]) -> Iterator[bytes]:
    return filter(None, body)


def one_late(body: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in body:
        yield held
        held = chunk
    yield held


def peeked(body: Iterable[bytes]) -> Iterable[bytes]:
    """Take the first chunk before the server asks for it, to have the response started."""
    try:
        chunks = iter(body)
        first = next(chunks)
    except StopIteration:
        return Wrapped(body, lambda body: iter(()))
    except BaseException:
        close(body)
        raise
    return Wrapped(body, lambda body: chain([first], chunks))


def two_for_one(body: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in body:
        yield chunk[:1]
        yield chunk[1:]


def with_an_end(body: Iterable[bytes]) -> Iterator[bytes]:
    yield from body
    yield b"<!-- the end -->"


def read_again(body: Iterable[bytes]) -> Iterator[bytes]:
    iter(body)
    return iter(body)


def written(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Send the body by write(), chunk by chunk."""
    writes: list[Any] = []

    def start(*arguments: Any) -> Any:
        writes.append(start_response(*arguments))
        return writes[-1]

    def chunks(body: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in body:
            writes[-1](chunk)
            yield b""

    return Wrapped(app(environ, start), chunks)


def as_text(body: Iterable[bytes]) -> Iterator[Any]:
    return (chunk.decode("latin-1") for chunk in body)


SENDS_WITHOUT_A_START = ("starts_before_the_first_chunk", "leaves_a_taken_connection_alone")

broken("wraps without saying so", wrap_body(), "keeps_an_untouched_body", "keeps_the_length")
broken("never closes", wrap_body(Wrapped, iter, nothing), "closes_once", "closes_files", changes=("wraps",))
broken("closes twice", wrap_body(Wrapped, iter, closing_twice), "closes_once", changes=("wraps",))
broken("closes in a generator", wrap_body(generated), "closes_once", "closes_files", changes=("wraps",))
broken(
    "closes at the end only",
    wrap_body(Wrapped, closed_at_the_end, nothing),
    "closes_once",
    "closes_files",
    "lets_a_broken_upload_fail",
    changes=("wraps",),
)
broken("has a len() of 1 for every body", wrap_body(Short), "has_a_true_len", changes=("wraps",))
broken(
    "joins the body",
    wrap_body(joined),
    "reads_nothing_ahead",
    "holds_no_chunk_back",
    "refuses_a_restart_after_the_first_byte",
    *SENDS_WITHOUT_A_START,
    changes=("body",),
)
broken(
    "skips empty chunks",
    wrap_body(Wrapped, without_empty_ones),
    "keeps_the_chunks",
    "holds_no_chunk_back",
    "reads_nothing_ahead",
    changes=("wraps",),
)
broken(
    "sends each chunk one too late",
    wrap_body(Wrapped, one_late),
    "keeps_the_chunks",
    "holds_no_chunk_back",
    "refuses_a_restart_after_the_first_byte",
    *SENDS_WITHOUT_A_START,
    changes=("wraps",),
)
broken("peeks at the first chunk", wrap_body(peeked), "reads_nothing_ahead", changes=("body", "wraps"))
broken("splits chunks", wrap_body(Wrapped, two_for_one), "keeps_the_chunks", changes=("wraps",))
broken(
    "adds an end and keeps the length",
    wrap_body(Wrapped, with_an_end),
    "content_length_is_true",
    "has_no_body_where_http_has_none",
    *SENDS_WITHOUT_A_START,
    changes=("body", "wraps"),
)
broken(
    "adds to bytes without saying so",
    wrap_body(Wrapped, with_an_end),
    "content_length_is_true",
    "has_no_body_where_http_has_none",
    "keeps_the_bytes",
    "keeps_the_chunks",
    *SENDS_WITHOUT_A_START,
    changes=("wraps",),
)
broken(
    "calls iter() twice", wrap_body(Wrapped, read_again), "reads_the_iterable_once", "starts_once", changes=("wraps",)
)
broken(
    "writes the chunks of the iterable",
    replace_call(written),
    "writes_only_what_was_written",
    "writes_before_the_body_only",
    "accepts_a_restart_before_the_first_byte",
    changes=("body", "wraps"),
)
broken("yields str", wrap_body(Wrapped, as_text), "gives_bytes", "content_length_is_true", changes=("body", "wraps"))
broken(
    "returns nothing for an empty body", wrap_body(lambda body: body or None), "returns_an_iterable", changes=("wraps",)
)


# Compression


def gzipped(flush: int, *, to_its_end: bool) -> Factory:
    """Compress what is answered with 200, and be flushed by one mode, with a trailer or without."""

    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        packers: list[Any] = []
        is_get = environ["REQUEST_METHOD"] == "GET"

        def start(status: str, headers: Headers, *exc_info: Any) -> Any:
            packers.clear()
            kept = [item for item in headers if item[0].lower() != "content-length"]
            names = [name.lower() for name, _ in headers]
            if status[:3] == "200" and is_get and "content-encoding" not in names:
                packers.append(zlib.compressobj(wbits=16 + zlib.MAX_WBITS))
                headers = [*kept, ("Content-Encoding", "gzip")]
            write = start_response(status, headers, *exc_info)
            return lambda data: write(packed(data))

        def packed(data: bytes) -> bytes:
            return packers[0].compress(data) + packers[0].flush(flush) if packers and data else data

        def chunks(body: Iterable[bytes]) -> Iterator[bytes]:
            yield from map(packed, body)
            if packers and to_its_end:
                yield packers[0].flush()

        return Wrapped(app(environ, start), chunks)

    return replace_call(call)


GZIPPED = ("body", "wraps", "content-encoding", "content-length")
broken("compresses without flushing", gzipped(zlib.Z_NO_FLUSH, to_its_end=True), "holds_no_chunk_back", changes=GZIPPED)
broken("compresses without an end", gzipped(zlib.Z_SYNC_FLUSH, to_its_end=False), "keeps_the_bytes", changes=GZIPPED)
