"""Files that are read again: when, by whom, and what stays in force if the new content can't be used."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.errors import ConfigError, Mistake
from wsgistack.processes import watched_file
from wsgistack.processes.watched_file import INTERVAL, KEPT, WatchedFile, report_lines

CHANGES = count(1_000_000_000)
Parse = Callable[[str], tuple[str, Sequence[Mistake]]]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(watched_file, "monotonic", lambda: now[0])
    return now


def write(path: Path, text: str) -> Path:
    """Replace a file as an operator should. It has a time of its own, also where several changes have the same one."""
    other = path.with_name("new")
    other.write_bytes(text.encode(errors="surrogateescape"))
    os.utime(other, (next(CHANGES),) * 2)
    return other.replace(path)


def parse(text: str) -> tuple[str, Sequence[Mistake]]:
    if "unusable" in text:
        raise ConfigError(Mistake("is unusable", hint="write it again"))
    return text, [Mistake("has a bad line", key="file")] if "bad" in text else ()


def watch(path: Path, parse: Parse = parse, **options: Any) -> WatchedFile[str]:
    return WatchedFile(path, parse, key="file", expected="a text", logger="wsgistack.test", **options)


def test_a_change_counts_within_about_a_second(tmp_path: Path, clock: list[float]) -> None:
    path = write(tmp_path / "file", "one")
    file = watch(path)
    write(path, "two")
    clock[0] += INTERVAL - 0.1
    assert file.read() == "one"
    clock[0] += 0.1
    assert file.read() == "two"


def test_looks_at_the_file_once_a_second_at_most(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = watch(write(tmp_path / "file", "one"))
    looks = []
    stat = Path.stat

    def look(path: Path) -> os.stat_result:
        looks.append(path)
        return stat(path)

    monkeypatch.setattr(Path, "stat", look)
    monkeypatch.setattr(Path, "open", lambda path: pytest.fail("an unchanged file is read"))
    for number in range(40):
        clock[0] = 1000.0 + number / 10
        file.read()
    assert len(looks) == 3


def test_leaves_out_a_byte_order_mark(tmp_path: Path) -> None:
    assert watch(write(tmp_path / "file", "\ufeffone")).read() == "one"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bad", "file: has a bad line"),
        ("unusable", "is unusable; write it again"),
        ("\udcff", "file: '{path}' is not UTF-8; expected a text"),
        (None, "file: '{path}' can't be read: No such file or directory; expected a text"),
    ],
)
def test_each_mistake_counts_at_the_start(text: str | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if text is not None:
        write(path, text)
    with pytest.raises(ConfigError) as raised:
        watch(path)
    assert str(raised.value) == problem.format(path=path)


@pytest.mark.parametrize(
    ("text", "content", "problem"),
    [
        ("bad", "bad", "file: has a bad line"),
        ("unusable", "one", f"is unusable; write it again; {KEPT}"),
        ("\udcff", "one", "file: '{path}' is not UTF-8; expected a text; " + KEPT),
        (None, "one", "file: '{path}' can't be read: No such file or directory; expected a text; " + KEPT),
    ],
)
def test_a_mistake_of_a_changed_file_is_logged_once(
    text: str | None, content: str, problem: str, tmp_path: Path, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "file", "one")
    file = watch(path)
    path.unlink()
    if text is not None:
        write(path, text)
    for _ in range(3):
        clock[0] += INTERVAL
        assert file.read() == content
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.test", logging.ERROR)
    assert record.getMessage() == problem.format(path=path)
    write(path, "two")
    clock[0] += INTERVAL
    assert file.read() == "two"


def test_a_removed_file_may_mean_something_else(
    tmp_path: Path, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "file", "one")
    file = watch(path, removed="")
    path.unlink()
    for _ in range(3):
        clock[0] += INTERVAL
        assert file.read() == ""
    (message,) = caplog.messages
    assert message.endswith("No such file or directory; expected a text; nothing of it stays in force")
    write(path, "two")
    clock[0] += INTERVAL
    assert file.read() == "two"


@pytest.mark.parametrize("removed", [None, ""])
def test_a_file_that_can_not_be_read_for_a_moment_is_read_later(
    removed: str | None, tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "file", "one")
    file = watch(path, removed=removed)
    write(path, "two")

    def fail(path: Path, mode: str) -> None:
        raise OSError(24, os.strerror(24))  # too many open files

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", fail)
        clock[0] += INTERVAL
        assert file.read() == "one"
    clock[0] += INTERVAL
    assert file.read() == "two"


def test_a_file_that_is_being_written_is_read_later(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "file", "one")
    file = watch(path)
    path.write_text("tw")
    fstat = os.fstat

    def go_on_writing(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        with path.open("a") as opened:
            opened.write("o")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", go_on_writing)
        clock[0] += INTERVAL
        assert file.read() == "one"
    clock[0] += INTERVAL
    assert file.read() == "twoo"
    assert caplog.messages == []


def test_one_thread_reads_while_the_others_use_the_version_before(tmp_path: Path, clock: list[float]) -> None:
    is_reading, may_go_on = threading.Event(), threading.Event()
    may_go_on.set()

    def parse_slowly(text: str) -> tuple[str, Sequence[Mistake]]:
        is_reading.set()
        assert may_go_on.wait(MAX_WAIT)
        return text, ()

    path = write(tmp_path / "file", "one")
    file = watch(path, parse_slowly)
    is_reading.clear()
    may_go_on.clear()
    write(path, "two")
    clock[0] += INTERVAL
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(file.read()))
    reader.start()
    assert is_reading.wait(MAX_WAIT)
    assert file.read() == "one"  # it does not wait
    may_go_on.set()
    reader.join(MAX_WAIT)
    assert found == ["two"]
    assert file.read() == "two"


def test_many_threads_read_each_change_once(tmp_path: Path, clock: list[float]) -> None:
    parsed: list[str] = []

    def parse_slowly(text: str) -> tuple[str, Sequence[Mistake]]:
        parsed.append(text)
        sleep(0.01)  # the other threads come meanwhile
        return text, ()

    path = write(tmp_path / "file", "0")
    file = watch(path, parse_slowly)
    for change in "12345":
        write(path, change)
        clock[0] += INTERVAL
        threads = [threading.Thread(target=file.read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert parsed == [*"012345"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")
def test_a_process_forked_while_a_thread_reads_follows_the_file(tmp_path: Path, clock: list[float]) -> None:
    is_reading, may_go_on = threading.Event(), threading.Event()

    def parse_slowly(text: str) -> tuple[str, Sequence[Mistake]]:
        if text == "two":
            is_reading.set()
            assert may_go_on.wait(MAX_WAIT)
        return text, ()

    path = write(tmp_path / "file", "one")
    file = watch(path, parse_slowly)
    write(path, "two")
    clock[0] += INTERVAL
    reader = threading.Thread(target=file.read)
    reader.start()
    assert is_reading.wait(MAX_WAIT)
    write(path, "three")
    child = os.fork()
    if not child:  # pragma: no cover
        os._exit(0 if file.read() == "three" else 1)
    may_go_on.set()
    reader.join(MAX_WAIT)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_says_how_many_lines_it_leaves_out() -> None:
    mistakes = [Mistake(f"line {number}") for number in range(12)]
    path = Path("file")
    assert report_lines(path, mistakes[:10], key="file", expected="a text") == mistakes[:10]
    *first, last = report_lines(path, mistakes, key="file", expected="a text")
    assert first == mistakes[:10]
    assert str(last) == "file: 'file' has 2 more lines with such mistakes; expected a text"
