"""One response on its way through compression: files, lists, gathered streams and padding."""

import io
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any
from wsgiref.util import FileWrapper

import pytest
from waitress.buffers import ReadOnlyFileBasedBuffer
from webtest.lint import middleware as lint

from tests.decoding import decoded, decoder
from tests.direct import Body, Call, answering
from wsgistack import Compress
from wsgistack.types import Environ, StartResponse

_TEXT = ("Content-Type", "text/plain")
_STORY = b"Once upon a time there was a page. " * 40
_CODINGS = ("zstd", "br", "gzip")


# Files


class _Wrapper:
    """A server's wrapper that tells nothing of its file."""

    def __init__(self, file: IO[bytes], block_size: int = 8192) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(8192), b"")

    def close(self) -> None:
        self._file.close()


class _File(io.BytesIO):
    sizes: list[int | None]

    def read(self, size: int | None = -1, /) -> bytes:
        self.sizes.append(size)
        return super().read(size)


def _handed_back(file: _File, block: int) -> _File:
    """A file wrapper as uWSGI's."""
    return file


def _sending(wrapper: Callable[..., Iterable[bytes]], *headers: tuple[str, str], **keys: str) -> tuple[_File, Call]:
    file = _File(b"skipped " + _STORY * 400)
    file.sizes = []
    file.seek(8)
    body = wrapper(file, 1024)
    app = Compress(answering(body, *headers))
    asked: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip", "wsgi.file_wrapper": wrapper, **keys}
    return file, Call(app, **asked)


@pytest.mark.parametrize("wrapper", [FileWrapper, ReadOnlyFileBasedBuffer, _Wrapper, _handed_back])
def test_reads_a_file_in_large_blocks_from_its_position(wrapper: Callable[..., Iterable[bytes]]) -> None:
    file, call = _sending(wrapper, _TEXT)
    assert decoded("gzip", call.read()) == _STORY * 400
    assert (max(size or 0 for size in file.sizes) >= 64 * 1024) is (wrapper is not _Wrapper)
    assert file.closed


@pytest.mark.parametrize("wrapper", [FileWrapper, ReadOnlyFileBasedBuffer, _Wrapper])
@pytest.mark.parametrize(
    ("accept", "media_type"), [("gzip", "image/png"), ("identity", "text/plain"), ("identity", "image/png")]
)
def test_returns_a_file_untouched(wrapper: type, accept: str, media_type: str) -> None:
    file, call = _sending(wrapper, ("Content-Type", media_type), HTTP_ACCEPT_ENCODING=accept)
    assert type(call.body) is wrapper
    assert (file.sizes, file.tell()) == ([], 8)
    call.close()
    assert file.closed


def test_closes_the_file_if_the_client_disconnects() -> None:
    file, call = _sending(FileWrapper, _TEXT)
    call.next()
    call.close()
    assert file.closed


def test_sends_the_length_of_a_file_of_one_block() -> None:
    app = Compress(answering(FileWrapper(io.BytesIO(_STORY)), _TEXT, ("Content-Length", str(len(_STORY)))))
    asked: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip", "wsgi.file_wrapper": FileWrapper}
    call = Call(app, **asked)
    sent = call.read()
    assert decoded("gzip", sent) == _STORY
    assert call.headers["content-length"] == str(len(sent))


def test_reads_nothing_of_a_file_to_answer_head() -> None:
    file, head = _sending(FileWrapper, _TEXT, REQUEST_METHOD="HEAD")
    assert type(head.body) is FileWrapper
    assert file.sizes == []


# Lists


@pytest.mark.parametrize("kind", [list, tuple])
def test_compresses_a_list_of_chunks_in_one_piece(kind: Callable[[Iterable[bytes]], Iterable[bytes]]) -> None:
    call = Call(Compress(answering(kind([b"", _STORY, b"and", _STORY]))), HTTP_ACCEPT_ENCODING="gzip")
    sent = call.read()
    assert decoded("gzip", sent) == _STORY + b"and" + _STORY
    assert call.headers["content-length"] == str(len(sent))


# Streams that gather


def _streaming(chunks: Iterable[bytes], media_type: str = "text/csv", coding: str = "gzip", **options: float) -> Call:
    app = Compress(answering(iter(chunks), ("Content-Type", media_type)), codings=_CODINGS, **options)  # type: ignore[arg-type]
    return Call(lint(app), HTTP_ACCEPT_ENCODING=coding)


@pytest.mark.parametrize("coding", _CODINGS)
def test_collects_up_to_the_flush_size(coding: str) -> None:
    call = _streaming([b"one", *[b"12345678"] * 8, b"rest"], coding=coding, flush_size=16, flush_interval=999)
    decode = decoder(coding)
    assert decode(call.next()) == b"one"  # at once
    for _ in range(4):
        first, second = call.next(), call.next()
        assert decode(first) == b""
        assert decode(second) == b"12345678" * 2
    assert decode(call.next()) == b""
    assert decode(call.next()) == b"rest"
    with pytest.raises(StopIteration):
        call.next()
    call.close()


@pytest.mark.parametrize("coding", _CODINGS)
def test_collects_up_to_the_flush_interval(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("wsgistack.middleware.compress.exchange.monotonic", lambda: now)
    call = _streaming([b"one", b"two", b"three", b"", b"", b"four"], coding=coding, flush_size=10**6, flush_interval=2)
    decode = decoder(coding)
    assert decode(call.next()) == b"one"
    assert decode(call.next()) == b""
    now += 2
    assert decode(call.next()) == b"twothree"
    now += 9
    assert call.next() == b""  # there is nothing to send
    assert call.next() == b""
    assert decode(call.next()) == b"four"
    call.close()


def test_sends_collected_bytes_at_a_late_empty_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("wsgistack.middleware.compress.exchange.monotonic", lambda: now)
    call = _streaming([b"one", b"two", b""], flush_size=10**6, flush_interval=2)
    decode = decoder("gzip")
    assert [decode(call.next()), decode(call.next())] == [b"one", b""]
    now += 2
    assert decode(call.next()) == b"two"
    call.close()


@pytest.mark.parametrize("coding", _CODINGS)
def test_collected_chunks_take_fewer_bytes(coding: str) -> None:
    chunks = [b"line %d\n" % number for number in range(2000)]
    at_once = _streaming(chunks, coding=coding).read()
    gathered = _streaming(chunks, coding=coding, flush_size=8192, flush_interval=999).read()
    assert decoded(coding, gathered) == decoded(coding, at_once) == b"".join(chunks)
    assert len(gathered) < len(at_once) / 2


@pytest.mark.parametrize("media_type", ["Text/Event-Stream; charset=utf-8", "application/x-ndjson"])
def test_does_not_collect_events(media_type: str) -> None:
    call = _streaming([b"one", b"two"], media_type, flush_size=10**6, flush_interval=999)
    decode = decoder("gzip")
    assert [decode(call.next()), decode(call.next())] == [b"one", b"two"]
    call.close()


def test_does_not_collect_written_chunks() -> None:
    def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [_TEXT])
        for chunk in (b"one", b"two", b"three"):
            write(chunk)
        return []

    call = Call(Compress(writing, flush_size=10**6), HTTP_ACCEPT_ENCODING="gzip")
    assert list(map(decoder("gzip"), call.sent)) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("coding", _CODINGS)
@pytest.mark.parametrize("flush_size", [0, 2**20])
def test_needs_little_memory_for_a_long_stream(coding: str, flush_size: int) -> None:
    chunk = bytes(number * number * 7919 >> 8 & 255 for number in range(2**16))
    call = _streaming((chunk for _ in range(400)), coding=coding, flush_size=flush_size)
    chunks = iter(call.body)
    next(chunks)
    tracemalloc.start()
    try:
        total = sum(map(len, chunks))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    call.close()
    assert total
    assert peak < 4 * 2**20  # of 25 MiB


# Padding


@pytest.mark.parametrize("coding", _CODINGS)
@pytest.mark.parametrize("streams", [False, True])
def test_pads_compressed_bodies(coding: str, streams: bool) -> None:
    lengths = set()
    for _ in range(12):
        body = Body(_STORY, b"more") if streams else [_STORY + b"more"]
        call = Call(Compress(answering(body), codings=_CODINGS, random_padding=200), HTTP_ACCEPT_ENCODING=coding)
        sent = call.read()
        lengths.add(len(sent))
        assert decoded(coding, sent) == _STORY + b"more"
        assert call.headers.get("content-length", str(len(sent))) == str(len(sent))
    assert len(lengths) > 3


def test_starts_an_ineligible_response_without_chunks() -> None:
    def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "image/png")])
        yield from ()

    call = Call(Compress(late), HTTP_ACCEPT_ENCODING="gzip")
    assert call.read() == b""
    assert call.starts == [("200 OK", [("Content-Type", "image/png")])]
