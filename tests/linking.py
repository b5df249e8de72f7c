"""Makes this process the worker of a parent, for tests of what a worker reports."""

import faulthandler
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from wsgistack.serving.serve import open_listener


@contextmanager
def linked() -> Iterator[Connection]:
    """The parent's end of the connection. Everything is restored afterwards."""
    before = set(threading.enumerate())
    ours, theirs = Pipe()
    with pytest.MonkeyPatch.context() as patch, open_listener("127.0.0.1", 0) as listener, theirs:
        patch.setenv("WSGISTACK_WORKER", f"{os.dup(listener.fileno())} {os.dup(theirs.fileno())}")
        patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
        patch.setattr(sys, "meta_path", list(sys.meta_path))
        theirs.close()
        with ours:
            yield ours
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    faulthandler.cancel_dump_traceback_later()


def read_reports(link: Connection, *files: str | Path) -> list[bool]:
    """What a worker reports, each time whether it serves, until it reports these files."""
    reported = []
    while link.poll(30):
        is_ready, watched = link.recv()
        reported.append(is_ready)
        if set(map(str, files)) <= watched:
            return reported
    raise AssertionError("the worker has not reported these files")
