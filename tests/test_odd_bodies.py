"""The layers around bodies that the conformance kit cannot use, because it wraps each body in its own."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import product
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from tests.decoding import decoded
from tests.direct import Call
from tests.stacks import FIVE, KEY, LAYERS, Stack
from wsgistack.types import App, Environ, StartResponse

CHUNKS = [b"first " * 200, b"second " * 200, b"third " * 200]


class ListWithClose(list[bytes]):
    closings = 0

    def close(self) -> None:
        self.closings += 1


class BodyWithoutLength:
    closings = 0

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def __len__(self) -> int:
        raise TypeError("only the database knows")

    def close(self) -> None:
        self.closings += 1


class IndexedBody:
    """Iterable by the protocol from before iterators."""

    closings = 0

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def __getitem__(self, index: int) -> bytes:
        return self.chunks[index]

    def close(self) -> None:
        self.closings += 1


class BodyWithAnIterator:
    """Its iterator has a close() that must not be called, and it must not be read after its end."""

    closings = 0

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return TouchyIterator(self.chunks)

    def close(self) -> None:
        self.closings += 1


class TouchyIterator:
    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks: list[bytes] | None = [*chunks]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        assert self.chunks is not None, "the iterator was asked again after its end"
        if not self.chunks:
            self.chunks = None
            raise StopIteration
        return self.chunks.pop(0)

    def close(self) -> None:
        raise AssertionError("the iterator was closed instead of the iterable")


class CountingFile(BytesIO):
    closings = 0

    def __init__(self, chunks: list[bytes]) -> None:
        super().__init__(b"".join(chunks))

    def close(self) -> None:
        self.closings += not self.closed  # the garbage collector closes once more
        super().close()


def call(stack: Stack, app: App, coding: str) -> Call:
    wrapper: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    return Call(stack(app), HTTP_AUTHORIZATION=KEY[1], HTTP_ACCEPT_ENCODING=coding, **wrapper)


def answering(body: Any) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](body) if hasattr(body, "read") else body
        return wrapped

    return app


OURS = [*map(Stack, LAYERS), FIVE]


KINDS: list[Callable[[list[bytes]], Any]] = [
    ListWithClose,
    BodyWithoutLength,
    IndexedBody,
    BodyWithAnIterator,
    CountingFile,
]


@pytest.mark.parametrize("stack", OURS, ids=str)
def test_sends_and_closes_each_kind_of_body(stack: Stack) -> None:
    for kind, coding, stop_after in product(KINDS, ["identity", "gzip"], [None, 0, 1]):
        assert_sends_and_closes(stack, kind(CHUNKS), coding, stop_after)


def assert_sends_and_closes(stack: Stack, body: Any, coding: str, stop_after: int | None) -> None:
    made = call(stack, answering(body), coding)
    if stop_after is None:
        sent = made.read()
        is_encoded = "content-encoding" in made.headers
        assert (decoded("gzip", sent) if is_encoded else sent) == b"".join(CHUNKS)
    else:
        for _ in range(stop_after):
            made.next()
        made.close()
    assert body.closings == 1


class OnlyReadable:
    def __init__(self) -> None:
        self.read = BytesIO(CHUNKS[0]).read


@pytest.mark.parametrize("stack", OURS, ids=str)
def test_sends_a_file_that_cannot_be_closed(stack: Stack) -> None:
    assert call(stack, answering(OnlyReadable()), "identity").read() == CHUNKS[0]


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("stack", OURS, ids=str)
def test_uses_the_headers_as_they_were_at_the_start(stack: Stack, coding: str) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        headers = [("Content-Type", "text/plain"), ("X-Kept", "yes")]
        start_response("200 OK", headers)
        headers.clear()
        return map(bytes, CHUNKS)

    made = call(stack, app, coding)
    assert made.read()
    assert made.headers["x-kept"] == "yes"
