"""Objects with a lock or a thread, which a forked process must make anew."""

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["renew_after_fork"]


class Renewable(Protocol):
    """What has a lock or a thread."""

    def renew(self) -> None:
        """Make both anew. The lock of another thread stays locked in a child, and a thread is not there."""


_KNOWN: WeakSet[Renewable] = WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Renew an object in each process that is forked from this one."""
    _KNOWN.add(thing)


def _renew_all() -> None:
    for each in [*_KNOWN]:
        each.renew()


getattr(os, "register_at_fork", dict)(after_in_child=_renew_all)  # Windows does not fork
