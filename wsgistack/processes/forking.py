"""Objects with locks, threads or positions in files, which a forked process must make anew."""

import os
from threading import RLock
from typing import Protocol
from weakref import WeakSet

__all__ = ["renew_after_fork", "renew_if_forked"]


class Renewable(Protocol):
    """What has a lock, a thread, or an open file."""

    def renew(self) -> None:
        """Make them anew. In a child, the lock of another thread stays locked, and threads are not there."""


_KNOWN: WeakSet[Renewable] = WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Call ``thing.renew()`` in each child process, as long as the thing is in use."""
    _KNOWN.add(thing)


def renew_if_forked() -> None:
    """Renew everything in a child process whose server has not said that it forks, as uWSGI.

    A thread and a position in a file need it. The locks are free there, because uWSGI forks where no thread works.
    """
    if _process != os.getpid():
        with _lock:
            if _process != os.getpid():
                _renew_all()


def _renew_all() -> None:
    global _process
    for each in [*_KNOWN]:
        each.renew()
    _process = os.getpid()  # at the end: until then, other threads wait


_process = os.getpid()
_lock = RLock()  # a garbage collection may ask again
getattr(os, "register_at_fork", dict)(after_in_child=_renew_all)  # Windows does not fork
