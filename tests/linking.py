"""Stands in this process for the one that started a worker."""

import faulthandler
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wsgistack.serving.server import listen


@contextmanager
def linked() -> Iterator[socket.socket]:
    """The other end of the link of a worker that this process is, with all put back afterwards."""
    before = set(threading.enumerate())
    ours, theirs = socket.socketpair()
    with pytest.MonkeyPatch.context() as patch, listen("127.0.0.1", 0) as listener:
        patch.setenv("WSGISTACK_WORKER", f"{os.dup(listener.fileno())} {theirs.detach()}")
        patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
        patch.setattr(sys, "meta_path", list(sys.meta_path))
        with ours:
            ours.settimeout(30)
            yield ours
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    faulthandler.cancel_dump_traceback_later()


def told(link: socket.socket, *files: str | Path) -> list[bool]:
    """What a worker says, each time whether it serves, until it tells of these files."""
    said = []
    for line in link.makefile():
        is_ready, there = json.loads(line)
        said.append(is_ready)
        if set(map(str, files)) <= set(there):
            break
    return said
