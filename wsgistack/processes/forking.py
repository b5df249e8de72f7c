"""Objects with locks, threads or positions in files, which a forked process must make anew."""

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["renew_after_fork"]


class Renewable(Protocol):
    """What has a lock, a thread, or an open file."""

    def renew(self) -> None:
        """Make them anew. In a child, the lock of another thread stays locked, and threads are not there."""


_KNOWN: WeakSet[Renewable] = WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Call ``thing.renew()`` in each child process, as long as the thing is in use."""
    _KNOWN.add(thing)


def _renew_all() -> None:
    for each in [*_KNOWN]:
        each.renew()


getattr(os, "register_at_fork", dict)(after_in_child=_renew_all)  # Windows does not fork
