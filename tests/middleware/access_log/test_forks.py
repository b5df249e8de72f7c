"""A child process of a process that logs: it waits for no thread of its parent, and repeats none of its lines."""

import os
import signal
import threading
from pathlib import Path

import pytest

from wsgistack.forking import _renew_all
from wsgistack.middleware.access_log.file import LogFile
from wsgistack.middleware.access_log.queued import Queued

REPORTS = "wsgistack.access_log"
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def test_a_child_process_opens_the_file_again_and_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    write = LogFile(path, REPORTS)
    write("parent")
    is_held, may_go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with write._lock:  # as during a write
            is_held.set()
            may_go_on.wait()

    holding = threading.Thread(target=hold)
    holding.start()
    is_held.wait()
    child = os.fork()
    if not child:
        signal.alarm(30)  # ends a child that hangs
        write("child")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    may_go_on.set()
    holding.join()
    write("parent")
    assert path.read_text() == "parent\nchild\nparent\n"


def test_a_child_process_has_a_thread_of_its_own_and_leaves_the_lines_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    may_go_on = threading.Event()

    def append(line: str) -> None:
        may_go_on.wait()
        with path.open("a") as file:
            file.write(f"{line}\n")

    write = Queued(append, 10, REPORTS)
    write("parent")
    child = os.fork()
    if not child:
        signal.alarm(30)  # ends a child that hangs
        may_go_on.set()
        write("child")
        write.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert path.read_text() == "child\n"
    may_go_on.set()
    write.flush()
    assert path.read_text() == "child\nparent\n"


def test_the_same_in_this_process(tmp_path: Path) -> None:
    """What a child does can't be measured there."""
    path, lines = tmp_path / "access.log", list[str]()
    file, queued = LogFile(path, REPORTS), Queued(lines.append, 10, REPORTS)
    for line in "ab":
        file(line)
        queued(line)
        queued.flush()
        _renew_all()
    file("c")
    assert path.read_text() == "a\nb\nc\n"
    assert [link.resolve() for link in Path("/dev/fd").iterdir()].count(path) == 1
    assert lines == ["a", "b"]
