"""The file of an access log: no line is lost or broken while the file is rotated, and a loss is reported once."""

import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call, answering
from tests.waiting import MAX_WAIT
from wsgistack import AccessLog, ConfigError
from wsgistack.middleware.access_log import file as module
from wsgistack.middleware.access_log.file import LogFile

REPORTS = "wsgistack.access_log"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the name of the file before each line."""
    monkeypatch.setattr(module, "INTERVAL", 0)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond a size: a write gets as far as a full disk lets it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_the_first_line_creates_the_file_for_its_owner_and_group(path: Path) -> None:
    before = os.umask(0)
    try:
        LogFile(path, REPORTS).write("first")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_leaves_the_mode_of_a_file_that_exists(path: Path) -> None:
    path.touch(0o600)
    LogFile(path, REPORTS).write("first")
    assert path.stat().st_mode & 0o777 == 0o600


def _rename(path: Path) -> None:
    path.rename(path.with_suffix(".1"))


def _replace(path: Path) -> None:
    _rename(path)
    path.touch(0o600)


@pytest.mark.usefixtures("look_always")
@pytest.mark.parametrize("rotate", [_rename, _replace, Path.unlink])
def test_opens_the_file_again_if_another_one_or_none_has_the_name(rotate: Callable[[Path], None], path: Path) -> None:
    log = LogFile(path, REPORTS)
    log.write("before")
    rotate(path)
    log.write("after")
    assert read(path) == ["after"]
    if path.with_suffix(".1").exists():
        assert read(path.with_suffix(".1")) == ["before"]


def test_looks_at_the_name_once_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    log = LogFile(path, REPORTS)
    log.write("before")
    _rename(path)
    now = 100.9
    log.write("in time")
    now = 101.0
    log.write("after")
    assert read(path.with_suffix(".1")) == ["before", "in time"]
    assert read(path) == ["after"]


@pytest.mark.usefixtures("look_always")
def test_a_truncated_file_begins_anew(path: Path) -> None:
    log = LogFile(path, REPORTS)
    log.write("before")
    os.truncate(path, 0)
    log.write("after")
    assert path.read_bytes() == b"after\n"


@pytest.mark.usefixtures("look_always")
def test_follows_a_symbolic_link_to_where_it_points_now(path: Path) -> None:
    one, two = path.with_name("one"), path.with_name("two")
    path.symlink_to(one)
    log = LogFile(path, REPORTS)
    log.write("to one")
    path.unlink()
    path.symlink_to(two)
    log.write("to two")
    assert (read(one), read(two)) == (["to one"], ["to two"])


@pytest.mark.usefixtures("look_always")
def test_goes_on_in_the_renamed_file_while_the_new_one_cannot_be_opened(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = LogFile(path, REPORTS)
    log.write("before")
    _rename(path)
    path.mkdir()  # as root, no permission would be missing
    log.write("meanwhile")
    log.write("meanwhile")
    path.rmdir()
    log.write("after")
    assert read(path.with_suffix(".1")) == ["before", "meanwhile", "meanwhile"]
    assert read(path) == ["after"]
    [report] = caplog.records
    assert (report.name, report.levelname) == (REPORTS, "WARNING")
    assert f"Is a directory: '{path}'; the access log goes on in the file that had this name" in report.message


@pytest.mark.usefixtures("look_always")
def test_loses_lines_only_if_the_old_file_is_gone_too(path: Path) -> None:
    log = LogFile(path, REPORTS)
    log.write("before")
    path.unlink()
    path.mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            log.write("lost")
    path.rmdir()
    log.write("after")
    assert read(path) == ["after"]


def test_a_full_device_loses_lines_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    layer = AccessLog(answering([b"123"]), format="%s", file=Path("/dev/full"))
    for _ in range(3):
        assert Call(layer).read() == b"123"
    [report] = caplog.records
    assert report.message.endswith("[Errno 28] No space left on device")


def test_a_half_line_has_an_end_of_its_own(path: Path) -> None:
    log, other = LogFile(path, REPORTS), LogFile(path, REPORTS)
    log.write("1234")
    other.write("1234")
    with largest_file(14), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        log.write("lost line")
    other.write("of another process")
    log.write("after")
    assert read(path) == ["1234", "1234", "los", "of another process", "after"]


@pytest.mark.parametrize("rotate", [_rename, _replace])
def test_a_half_line_has_an_end_before_the_next_line_if_the_file_was_renamed(
    rotate: Callable[[Path], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INTERVAL", 3600)  # it does not look at the name again
    log = LogFile(path, REPORTS)
    log.write("1234")
    rotate(path)
    with largest_file(8), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        log.write("lost line")
    log.write("after")
    assert read(path.with_suffix(".1")) == ["1234", "los", "after"]


def test_a_line_that_fails_half_is_written_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = LogFile(path, REPORTS)
    log.write("1234")
    whole = os.write

    def write_half(file: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", whole)
        return whole(file, data[:4])

    monkeypatch.setattr(os, "write", write_half)
    log.write("a whole line")
    assert read(path) == ["1234", "a w", "a whole line"]
    assert caplog.messages == [f"{path} has a half line; the whole line follows"]


def test_two_half_lines_are_a_loss(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogFile(path, REPORTS)
    whole = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: whole(file, data[:4] if len(data) > 4 else data))
        with pytest.raises(OSError, match="only a part of a line could be written"):
            log.write("a whole line")
    log.write("after")
    assert read(path) == ["a w", "a w", "after"]


def test_a_pipe_without_a_reader_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    log = LogFile(path, REPORTS)
    with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):
        log.write("nobody reads")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        log.write("1234")
        assert os.read(reader, 100) == b"1234\n"
        with pytest.raises(OSError):  # noqa: PT011, by the size of the pipe
            log.write("a" * 2_000_000)
        while data := os.read(reader, 100_000):
            last = data
            if len(data) < 100_000:
                break
        log.write("after")
        assert last.endswith(b"a")
        assert os.read(reader, 100) == b"\nafter\n"
    finally:
        os.close(reader)


_ROTATE = """
import sys, threading
from pathlib import Path
from wsgistack.middleware.access_log import file as module

module.INTERVAL = 0.001
path, name = Path(sys.argv[1]), sys.argv[2]
log = module.LogFile(path, "reports")

def write_many(thread):
    for number in range(300):
        log.write(f"{name}-{thread}-{number}-" + name * 3000)

threads = [threading.Thread(target=write_many, args=(number,)) for number in range(4)]
for each in threads: each.start()
for each in threads: each.join()
"""


def test_threads_and_processes_lose_no_line_while_the_file_is_renamed(path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", _ROTATE, path, name]) for name in "AB"]
    rotated = 0
    while any(worker.poll() is None for worker in workers):
        if path.exists():
            rotated += 1
            path.rename(path.with_suffix(f".{rotated}"))
    assert [worker.wait() for worker in workers] == [0, 0]
    lines = [line for file in path.parent.glob("access*") for line in read(file)]
    expected = [f"{n}-{thread}-{number}-" + n * 3000 for n in "AB" for thread in range(4) for number in range(300)]
    assert sorted(lines) == sorted(expected)
    assert rotated


def test_threads_open_the_file_once(path: Path) -> None:
    log = LogFile(path, REPORTS)
    barrier = threading.Barrier(8, timeout=MAX_WAIT)

    def write_one(_: int) -> None:
        barrier.wait()
        log.write("one")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_one, range(8)))
    assert read(path) == ["one"] * 8
    assert [link.resolve() for link in Path("/dev/fd").iterdir()].count(path) == 1


def test_refuses_a_file_of_another_owner_before_the_first_request(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.touch(0o600)
    if os.geteuid() == 0:  # root can write every file
        monkeypatch.setattr(os, "access", lambda found, mode, **more: found != path)
    with pytest.raises(ConfigError, match="Permission denied"):
        LogFile(path, REPORTS)


@pytest.mark.parametrize("name", ["n" * 300, f"{'n' * 300}/access.log"])
def test_refuses_a_name_that_the_system_refuses(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="File name too long; expected a file that can be written"):
        LogFile(tmp_path / name, REPORTS)


def test_a_garbage_collection_may_write_a_line_during_another_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogFile(path, REPORTS)
    open_file = os.open

    def open_while_collecting(*given: Any) -> int:
        monkeypatch.setattr(os, "open", open_file)
        log.write("of a body that the server has not closed")
        return open_file(*given)

    monkeypatch.setattr(os, "open", open_while_collecting)
    log.write("first")
    assert read(path) == ["of a body that the server has not closed", "first"]
    assert [link.resolve() for link in Path("/dev/fd").iterdir()].count(path) == 1
