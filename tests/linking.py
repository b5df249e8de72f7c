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


class _AuditHooks(list[Callable[..., object]]):
    """The audit hooks of one test. Python itself never forgets one."""

    __cantrace__ = True  # otherwise coverage does not see what they run

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        for hook in self:
            hook(event, arguments)


_AUDIT_HOOKS = _AuditHooks()
sys.addaudithook(_AUDIT_HOOKS)


@contextmanager
def linked() -> Iterator[Connection]:
    """The parent's end of the connection. Everything is restored afterwards."""
    before = set(threading.enumerate())
    ours, theirs = Pipe()
    with pytest.MonkeyPatch.context() as patch, open_listener("127.0.0.1", 0) as listener, theirs:
        patch.setenv("WSGISTACK_WORKER", f"{os.dup(listener.fileno())} {os.dup(theirs.fileno())}")
        patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
        patch.setattr(sys, "addaudithook", _AUDIT_HOOKS.append)
        theirs.close()
        try:
            with ours:
                yield ours
        finally:
            _AUDIT_HOOKS.clear()
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
