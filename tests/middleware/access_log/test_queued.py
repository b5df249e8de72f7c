"""The queue of an access log: lines are written elsewhere, and each one is written or counted."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.direct import Call, answering
from tests.waiting import MAX_WAIT
from wsgistack import AccessLog
from wsgistack.middleware.access_log import losses, queued
from wsgistack.middleware.access_log.file import LogFile
from wsgistack.processes.background import _wait_for_all


class Disk:
    """Writes lines to a list, and waits before each one until it may go on."""

    def __init__(self, *failures: Exception) -> None:
        self.lines: list[str] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self._failures = [*failures]

    def write(self, line: str) -> None:
        self.has_begun.set()
        assert self.may_go_on.wait(MAX_WAIT)
        if self._failures:
            raise self._failures.pop()
        self.lines.append(line)


def log_to(disk: Disk, path: Path, queue: int, monkeypatch: pytest.MonkeyPatch) -> AccessLog:
    monkeypatch.setattr(losses, "INTERVAL", 0)
    monkeypatch.setattr(queued, "PATIENCE", MAX_WAIT)
    monkeypatch.setattr(LogFile, "write", lambda file, line: disk.write(line))
    return AccessLog(answering([b"123"]), format="%U", file=path, queue=queue)


def test_lines_that_find_no_place_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    layer = log_to(disk, tmp_path / "log", 2, monkeypatch)
    Call(layer, "/first").read()
    assert disk.has_begun.wait(MAX_WAIT)  # the thread has taken the first line, and two more have a place
    for number in range(9):
        Call(layer, f"/{number}").read()
    assert disk.lines == []  # a slow disk delays nobody
    disk.may_go_on.set()
    _wait_for_all()  # as the end of the process does
    Call(layer, "/after").read()
    _wait_for_all()
    lost = "lines of the access log are being lost: 2 wait in the queue, which is the limit"
    assert caplog.messages == [lost, "the access log works again; lost lines: 7"]
    assert disk.lines == ["/first", "/0", "/1", "/after"]


def test_lines_that_cannot_be_written_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(OSError("no disk"), OSError("no disk"))
    layer = log_to(disk, tmp_path / "log", 10, monkeypatch)
    for number in range(4):
        Call(layer, f"/{number}").read()
    disk.may_go_on.set()
    _wait_for_all()
    assert disk.lines == ["/2", "/3"]
    lost, works = "lines of the access log are being lost: no disk", "the access log works again; lost lines: 2"
    assert caplog.messages == [lost, works]


def test_the_thread_ends_with_the_layer(tmp_path: Path) -> None:
    others = {*threading.enumerate()}
    layer = AccessLog(answering([b"123"]), file=tmp_path / "log", queue=10)
    Call(layer).read()
    [thread] = [each for each in threading.enumerate() if each not in others and each.name == "access_log"]
    del layer
    thread.join(MAX_WAIT)
    assert not thread.is_alive()
    assert len((tmp_path / "log").read_text().splitlines()) == 1


_LOG_AND_EXIT = f"""
import sys
from pathlib import Path
from wsgistack import AccessLog
from wsgistack.middleware.access_log import queued

def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]

queued.PATIENCE = {MAX_WAIT}
layer = AccessLog(app, format="%m", file=Path(sys.argv[1]), queue=100_000)
for number in range(20_000):
    body = layer({{"REQUEST_METHOD": str(number)}}, lambda status, headers: None)
    list(body)
    body.close()
"""
_WITH_GEVENT = f"""
import wsgistack.processes.background  # before gevent replaces what it uses, as with --preload
from gevent import monkey
monkey.patch_all()
{_LOG_AND_EXIT}
assert monkey.is_module_patched("queue")
"""


@pytest.mark.parametrize("program", [_LOG_AND_EXIT, _WITH_GEVENT], ids=["threads", "gevent"])
def test_the_end_of_a_process_waits_for_the_lines(program: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    command = (sys.executable, "-c", program, path)
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * MAX_WAIT, check=True)
    assert done.stderr == ""
    assert path.read_text().splitlines() == [*map(str, range(20_000))]
