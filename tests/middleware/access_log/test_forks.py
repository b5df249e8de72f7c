"""A child process of a process that logs: it waits for no thread of its parent, and repeats none of its lines."""

import os
import threading
from pathlib import Path

import pytest

from wsgistack.middleware.access_log.file import LogFile
from wsgistack.middleware.access_log.queued import Queued

REPORTS = "wsgistack.access_log"
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def test_a_child_process_opens_the_file_again_and_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    write = LogFile(path, REPORTS)
    write("parent")
    with write._lock:  # as another thread holds it during a write
        child = os.fork()
        if not child:
            write("child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
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
        may_go_on.set()
        write("child")
        write.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert path.read_text() == "child\n"
    may_go_on.set()
    write.flush()
    assert path.read_text() == "child\nparent\n"
