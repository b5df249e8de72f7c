"""A child process of a process that logs: it waits for no thread of its parent, and repeats none of its lines."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.http.notices import Notice
from wsgistack.middleware.access_log.file import LogFile
from wsgistack.middleware.access_log.losses import Losses
from wsgistack.processes import forking

REPORTS = "wsgistack.access_log"
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@contextmanager
def held_elsewhere(thing: Any) -> Iterator[None]:
    """Another thread holds the lock of a thing."""
    is_held, may_go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with thing._lock:
            is_held.set()
            assert may_go_on.wait(2 * MAX_WAIT)

    holding = threading.Thread(target=hold)
    holding.start()
    assert is_held.wait(MAX_WAIT)
    try:
        yield
    finally:
        may_go_on.set()
        holding.join()


def test_a_child_process_opens_the_file_again_and_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = LogFile(path, REPORTS)
    log.write("parent")
    with held_elsewhere(log):  # as during a write
        child = os.fork()
        if not child:
            signal.alarm(MAX_WAIT)  # ends a child that hangs
            log.write("child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.write("parent")
    assert path.read_text() == "parent\nchild\nparent\n"


def test_the_same_in_this_process(tmp_path: Path) -> None:
    """What a child does can't be measured there."""
    path = tmp_path / "access.log"
    file = LogFile(path, REPORTS)
    for line in "ab":
        file.write(line)
        forking._renew_all()
    file.write("c")
    assert path.read_text() == "a\nb\nc\n"
    assert [link.resolve() for link in Path("/dev/fd").iterdir()].count(path) == 1


@pytest.mark.parametrize(
    ("thing", "use"),
    [
        pytest.param(Notice(logging.getLogger("tests")), lambda notice: notice.log("odd"), id="notice"),
        pytest.param(Losses("tests"), lambda losses: losses.add(OSError()), id="losses"),
    ],
)
def test_a_child_process_waits_for_no_lock_of_its_parent(thing: Any, use: Callable[[Any], object]) -> None:
    with held_elsewhere(thing):
        child = os.fork()
        if not child:
            signal.alarm(MAX_WAIT)  # ends a child that hangs
            use(thing)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
