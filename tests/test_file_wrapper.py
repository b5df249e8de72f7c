"""The server's file wrapper: how it is recognized, how it is read, and how much of it was sent."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from wsgiref.util import FileWrapper

import pytest
from waitress.buffers import ReadOnlyFileBasedBuffer

from wsgistack.file_wrapper import blocks_of, is_file_wrapper, watch
from wsgistack.types import Environ

TEXT = b"0123456789"
OF_SERVER: Environ = {"wsgi.file_wrapper": FileWrapper}
AS_UWSGI: Environ = {"wsgi.file_wrapper": lambda file: file}


def open_pipe() -> IO[bytes]:
    reading, writing = os.pipe()
    os.close(writing)
    return os.fdopen(reading, "rb")


@pytest.fixture
def wrapper(tmp_path: Path) -> Iterator[FileWrapper]:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    with path.open("rb") as file:
        yield FileWrapper(file, 4)


@pytest.mark.parametrize(
    ("make", "environ", "expected"),
    [
        pytest.param(lambda: FileWrapper(io.BytesIO()), OF_SERVER, True, id="the server's"),
        pytest.param(lambda: FileWrapper(io.BytesIO()), {}, False, id="one, on a server without one"),
        pytest.param(lambda: FileWrapper(io.BytesIO()), AS_UWSGI, False, id="another server's"),
        pytest.param(list, OF_SERVER, False, id="a list"),
        pytest.param(list, AS_UWSGI, False, id="a list, where files are handed back"),
        pytest.param(io.BytesIO, AS_UWSGI, True, id="a file, where files are handed back"),
        pytest.param(
            lambda: OnlyReadable(), AS_UWSGI, True, id="an object with read() alone, where files are handed back"
        ),
        pytest.param(io.BytesIO, OF_SERVER, False, id="a file that is not wrapped"),
        pytest.param(io.BytesIO, {}, False, id="a file, on a server without a wrapper"),
    ],
)
def test_recognizes_the_file_wrapper_of_the_server(
    make: Callable[[], object], environ: Environ, expected: bool
) -> None:
    assert is_file_wrapper(make(), environ) is expected


@pytest.mark.parametrize("wrap", [FileWrapper, ReadOnlyFileBasedBuffer, lambda file: file])
def test_reads_large_blocks(wrap: Callable[[io.BytesIO], object]) -> None:
    blocks = blocks_of(wrap(io.BytesIO(b"line\n" * 100_000)), None)
    assert blocks is not None
    assert [*map(len, blocks)] == [131072, 131072, 131072, 106784]


def test_reads_no_blocks_without_a_file() -> None:
    assert blocks_of([TEXT], None) is None


@pytest.mark.parametrize("wrap", [FileWrapper, ReadOnlyFileBasedBuffer, lambda file: file])
@pytest.mark.parametrize(("length", "expected"), [(0, b""), (4, b"0123"), (10, TEXT), (11, TEXT)])
def test_reads_blocks_only_up_to_the_length(length: int, expected: bytes, wrap: Callable[[io.BytesIO], object]) -> None:
    file = io.BytesIO(TEXT)
    assert b"".join(blocks_of(wrap(file), length) or ()) == expected
    assert file.tell() == len(expected)


@pytest.mark.parametrize("kind", [FileWrapper, ReadOnlyFileBasedBuffer])
def test_does_not_read_blocks_of_a_pipe(kind: Callable[[IO[bytes]], object]) -> None:
    with open_pipe() as pipe:
        assert blocks_of(kind(pipe), None) is None
        assert not is_file_wrapper(pipe, AS_UWSGI)


@pytest.mark.parametrize(
    ("position", "expected"),
    [pytest.param(0, (0, False), id="nothing"), pytest.param(4, (4, False), id="a part"), (10, (10, True))],
)
def test_reports_how_much_of_a_file_was_sent(position: int, expected: tuple[int, bool], wrapper: FileWrapper) -> None:
    reported: list[object] = []
    assert watch(wrapper, OF_SERVER, lambda *sent: reported.append(sent)) is wrapper
    wrapper.filelike.seek(position)  # as sendfile leaves it
    wrapper.close()
    assert reported == [(*expected, True)]
    assert not wrapper.filelike.closed, "the function closes the file"


def test_restores_the_wrapper_after_its_report(wrapper: FileWrapper) -> None:
    reported: list[object] = []
    file, close = wrapper.filelike, wrapper.close
    watch(wrapper, OF_SERVER, lambda *sent: reported.append(sent))
    assert b"".join(wrapper.filelike) == TEXT  # as a wrapper does that reads by lines
    wrapper.close()
    assert reported == [(10, True, True)]
    assert (wrapper.filelike, wrapper.close) == (file, close)


def test_reports_a_whole_file_if_the_server_rewinds_it(wrapper: FileWrapper) -> None:
    reported: list[object] = []
    watch(wrapper, OF_SERVER, lambda *sent: reported.append(sent))
    wrapper.filelike.seek(10)  # as gunicorn does
    os.lseek(wrapper.filelike.fileno(), 0, os.SEEK_SET)
    wrapper.close()
    assert reported == [(10, True, True)]


def test_reading_the_size_does_not_count_as_sending(wrapper: FileWrapper) -> None:
    reported: list[object] = []
    watch(wrapper, OF_SERVER, lambda *sent: reported.append(sent))
    assert wrapper.filelike.seek(0, os.SEEK_END) == 10
    assert wrapper.filelike.seek(0) == 0
    wrapper.close()
    assert reported == [(0, False, True)]


def test_reports_nothing_of_a_file_that_the_server_has_closed(wrapper: FileWrapper) -> None:
    reported: list[object] = []
    watch(wrapper, OF_SERVER, lambda *sent: reported.append(sent))
    wrapper.filelike.close()
    wrapper.close()
    assert reported == [(0, False, True)]


class OnlyReadable:
    def read(self, size: int) -> bytes:
        return b""


class OfApache:
    """Like the wrapper of mod_wsgi, which is written in C: no attribute can be set on it."""

    def __init__(self, filelike: IO[bytes], blksize: int = 8192) -> None:
        self._parts = filelike, blksize

    filelike = property(lambda self: self._parts[0])
    blksize = property(lambda self: self._parts[1])

    def close(self) -> None:
        self.filelike.close()


def test_watches_the_file_wrapper_of_mod_wsgi_in_a_second_one() -> None:
    seen: list[object] = []
    file = io.BytesIO(TEXT)
    wrapper = OfApache(file, 5)
    second: Any = watch(wrapper, {"wsgi.file_wrapper": OfApache}, lambda *sent: seen.append(sent))
    assert (type(second), second.blksize) == (OfApache, 5)
    assert second.filelike.read(4) == TEXT[:4]
    second.close()
    assert (seen, file.closed) == ([(4, False, True)], False)


@pytest.mark.parametrize(
    ("is_asked", "expected"),
    [pytest.param(True, (8, True, False), id="sent by Apache"), pytest.param(False, (0, False, True), id="dropped")],
)
def test_reports_the_whole_file_if_apache_sends_it(is_asked: bool, expected: tuple[object, ...]) -> None:
    seen: list[object] = []
    file = io.BytesIO(TEXT)
    file.seek(2)
    second: Any = watch(OfApache(file), {"wsgi.file_wrapper": OfApache}, lambda *sent: seen.append(sent))
    if is_asked:
        assert second.filelike.tell() == 2
    second.close()
    assert seen == [expected]


def test_watches_the_file_wrapper_of_waitress() -> None:
    seen: list[object] = []
    buffer = ReadOnlyFileBasedBuffer(io.BytesIO(TEXT))
    assert watch(buffer, {}, lambda *sent: seen.append(sent))
    assert buffer.prepare() == len(TEXT)
    assert buffer.get(4) == TEXT[:4]
    buffer.skip(4)
    buffer.close()
    assert seen == [(4, False, True)]


@pytest.mark.parametrize("body", [[TEXT], io.BytesIO()])
def test_returns_none_for_a_body_that_cannot_be_watched(body: object) -> None:
    assert watch(body, {}, lambda *sent: None) is None


def test_cannot_watch_a_file_without_a_position() -> None:
    with open_pipe() as pipe:
        assert watch(FileWrapper(pipe), OF_SERVER, lambda *sent: None) is None
