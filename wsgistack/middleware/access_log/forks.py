"""What a child process needs of its own after a fork: threads are gone there, and their locks stay locked."""

import os
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

__all__ = ["register"]


class Forkable(Protocol):
    """A part with locks, threads or positions in files."""

    def after_fork(self) -> None:
        """Make them anew, in the child process."""


_PARTS: WeakSet[Forkable] = WeakSet()


def register(part: Forkable) -> None:
    """Call ``part.after_fork()`` in each child process, as long as the part is in use."""
    _PARTS.add(part)


def _after_fork() -> None:
    for part in [*_PARTS]:
        part.after_fork()


with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
