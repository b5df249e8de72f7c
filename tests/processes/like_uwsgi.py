"""What happens after a fork of uWSGI, in a process of its own: ``python -m tests.processes.like_uwsgi NAME FOLDER``.

A program in C forks without the functions of ``os.register_at_fork``.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep

from tests.waiting import MAX_WAIT
from wsgistack.middleware.access_log import file
from wsgistack.processes.background import Background, _wait_for_all


def fork() -> int:
    """Fork when each thread waits for work, and none for the interpreter."""
    for _ in range(10):  # a machine that stops for a while does not take away all of them
        sleep(0.02)
    return int(ctypes.PyDLL(None).fork())


def has_ended_well(child: int) -> bool:
    """Whether the exit code is 0."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def start_own_thread(folder: Path) -> None:
    """The child works on what it is given."""
    worked = folder / "worked"
    background: Background[str] = Background(
        lambda text: worked.write_text(f"{text} {os.getpid()}"), 10, name="forking", patience=MAX_WAIT
    )
    background.put("parent")
    assert background.wait(MAX_WAIT)
    child = fork()
    if not child:
        background.put("child")
        os._exit(0 if background.wait(MAX_WAIT) else 1)
    assert has_ended_well(child)
    assert worked.read_text() == f"child {child}"


def end_at_once(folder: Path) -> None:
    """A child without a thread waits for none."""
    background = Background(print, 10, name="forking", patience=2 * MAX_WAIT)
    background.put("parent")
    child = fork()
    if not child:
        signal.alarm(MAX_WAIT)
        _wait_for_all()
        os._exit(0)
    assert has_ended_well(child)


def keep_position_of_parent(folder: Path) -> None:
    """The child opens the file of the log again."""
    file.INTERVAL = 0
    log = file.LogFile(folder / "access.log", "site.forking")
    log.write("parent")
    position = os.lseek(log._file, 0, os.SEEK_CUR)
    child = fork()
    if not child:
        log.write("child")
        os._exit(0)
    assert has_ended_well(child)
    assert os.lseek(log._file, 0, os.SEEK_CUR) == position


if __name__ == "__main__":
    what: Callable[[Path], None] = globals()[sys.argv[1]]
    what(Path(sys.argv[2]))
