"""Makes this process the worker of a parent, for tests of what a worker reports."""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.serving.listener import open_listener


class _AuditHook:
    """The audit hook of one test. Python itself never forgets one.

    Between the tests it is a function of C, which no other thread can interrupt. Where coverage is measured, each
    thread begins with ``sys.settrace``, which fails if two threads meet in its audit hook.
    """

    __cantrace__ = True  # otherwise coverage does not see what the hook runs
    __call__: Callable[..., object] = staticmethod({}.get)


sys.addaudithook(_AuditHook())


@contextmanager
def linked() -> Iterator[Connection]:
    """The parent's end of the connection. Everything is restored afterwards."""
    before = set(threading.enumerate())
    ours, theirs = Pipe()
    with pytest.MonkeyPatch.context() as patch, open_listener("127.0.0.1", 0) as listener, theirs:
        patch.setenv("WSGISTACK_WORKER", f"{os.dup(listener.fileno())} {os.dup(theirs.fileno())}")
        patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
        patch.setattr(sys, "addaudithook", lambda hook: patch.setattr(_AuditHook, "__call__", staticmethod(hook)))
        theirs.close()
        with ours:
            yield ours
    for thread in set(threading.enumerate()) - before:
        thread.join(MAX_WAIT)
    faulthandler.cancel_dump_traceback_later()


def read_reports(link: Connection, *files: str | Path) -> set[str]:
    """Read what a worker reports until it has reported these files. ``""`` means that it serves."""
    reported: set[str] = set()
    while missing := set(map(str, files)) - reported:
        assert link.poll(MAX_WAIT), f"the worker has not reported {missing}"
        reported.add(link.recv()[0])
    return reported
