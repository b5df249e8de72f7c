"""The queue of an access log: lines are written elsewhere, in order, and each one is written or counted."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.direct import Call, answering
from wsgistack import AccessLog
from wsgistack.middleware.access_log import losses, queued
from wsgistack.middleware.access_log.queued import Queued

REPORTS = "wsgistack.access_log"


class Disk:
    """Writes lines to a list, and waits before each one until it may go on."""

    def __init__(self, *failures: Exception) -> None:
        self.lines: list[str] = []
        self.threads: set[int] = set()
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self._failures = [*failures]

    def write(self, line: str) -> None:
        self.has_begun.set()
        self.may_go_on.wait()
        self.threads.add(threading.get_ident())
        if self._failures:
            raise self._failures.pop()
        self.lines.append(line)


def test_a_slow_disk_delays_nobody_and_the_lines_keep_their_order() -> None:
    disk = Disk()
    log = Queued(disk.write, 1000, REPORTS)
    for number in range(100):
        log.write(str(number))
    assert disk.lines == []
    disk.may_go_on.set()
    queued._flush()  # as the end of the process does
    assert disk.lines == [*map(str, range(100))]
    assert len(disk.threads) == 1
    assert threading.get_ident() not in disk.threads


def test_lines_after_a_flush_start_another_thread() -> None:
    disk = Disk()
    disk.may_go_on.set()
    log = Queued(disk.write, 1000, REPORTS)
    log.flush()
    for line in "ab":
        log.write(line)
        log.flush()
    assert disk.lines == ["a", "b"]


def test_lines_that_find_no_place_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 0)
    layer = AccessLog(answering([b"123"]), format="%U", file=tmp_path / "log", queue=2)
    queue = getattr(layer._write, "__self__", None)
    assert isinstance(queue, Queued)
    disk = Disk()
    queue._write = disk.write
    Call(layer, "/first").read()
    disk.has_begun.wait()  # the thread has taken the first line, and two more have a place
    for number in range(9):
        Call(layer, f"/{number}").read()
    disk.may_go_on.set()
    queue.flush()
    Call(layer, "/after").read()
    queue.flush()
    lost = "lines of the access log are being lost: 2 lines wait in the queue, which is the limit"
    assert caplog.messages == [lost, "the access log works again; lost lines: 7"]
    assert disk.lines == ["/first", "/0", "/1", "/after"]


def test_lines_that_cannot_be_written_are_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 0)
    disk = Disk(OSError("no disk"), OSError("no disk"))
    log = Queued(disk.write, 10, REPORTS)
    for number in range(4):
        log.write(str(number))
    disk.may_go_on.set()
    log.flush()
    assert disk.lines == ["2", "3"]
    lost, works = "lines of the access log are being lost: no disk", "the access log works again; lost lines: 2"
    assert caplog.messages == [lost, works]


def test_the_thread_ends_with_the_layer(tmp_path: Path) -> None:
    layer = AccessLog(answering([b"123"]), file=tmp_path / "log", queue=10)
    Call(layer).read()
    [thread] = [each for each in threading.enumerate() if each.name == "access_log"]
    del layer
    thread.join(30)
    assert not thread.is_alive()
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_threads_that_come_first_start_one_thread() -> None:
    disk = Disk()
    disk.may_go_on.set()
    log = Queued(disk.write, 1000, REPORTS)
    barrier = threading.Barrier(8)

    def write_one() -> None:
        barrier.wait()
        log.write("one")

    threads = [threading.Thread(target=write_one) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    log.flush()
    assert disk.lines == ["one"] * 8
    assert len(disk.threads) == 1


_LOG_AND_EXIT = """
import sys
from pathlib import Path
from wsgistack import AccessLog

def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]

layer = AccessLog(app, format="%m", file=Path(sys.argv[1]), queue=100_000)
for number in range(20_000):
    body = layer({"REQUEST_METHOD": str(number)}, lambda status, headers: None)
    list(body)
    body.close()
"""
_WITH_GEVENT = f"""
import wsgistack.middleware.access_log.queued  # before gevent replaces what it uses, as with --preload
from gevent import monkey
monkey.patch_all()
{_LOG_AND_EXIT}
assert monkey.is_module_patched("queue")
"""


@pytest.mark.parametrize("program", [_LOG_AND_EXIT, _WITH_GEVENT], ids=["threads", "gevent"])
def test_the_end_of_a_process_waits_for_the_lines(program: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert path.read_text().splitlines() == [*map(str, range(20_000))]
