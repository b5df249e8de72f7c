"""Forks of other programs than Python, and the end of a child."""

import ctypes
import os
import signal
from time import monotonic, sleep

__all__ = ["fork_like_uwsgi", "wait_for_child"]


def fork_like_uwsgi() -> int:
    """Fork as a program in C does, which calls none of the functions of ``os.register_at_fork``."""
    sleep(0.2)  # a thread that waits for the interpreter during the fork would make the child hang, as in any program
    return int(ctypes.PyDLL(None).fork())


def wait_for_child(child: int, seconds: float = 30) -> int:
    """The exit code of a child, which is killed if it hangs."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
