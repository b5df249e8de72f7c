"""Objects with a lock, a thread or a position in a file, which a forked process must make anew."""

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Renewable", "renew_after_fork"]


class Renewable(Protocol):
    """What a forked process can't use as it is."""

    def renew(self) -> None:
        """Begin anew. In a child process, other threads are gone, and what they have locked stays locked."""


def renew_after_fork(thing: Renewable, /) -> None:
    """Call ``thing.renew()`` in each process that is forked from this one, as long as something uses the thing."""
    _KNOWN.add(thing)


def _renew_all() -> None:
    for each in [*_KNOWN]:
        each.renew()


_KNOWN: WeakSet[Renewable] = WeakSet()
getattr(os, "register_at_fork", dict)(after_in_child=_renew_all)  # Windows does not fork
