"""Counters in the memory of this process, with the methods of a storage of the library limits.

Its own memory storage starts a thread every ten milliseconds during an attack, which looks at all counters, and loses
counts when several threads count at once.
"""

from threading import Lock
from time import monotonic, time
from typing import NamedTuple

from wsgistack.middleware.auth.remembering import put_newest
from wsgistack.processes.forking import renew_after_fork

__all__ = ["Counters"]


class Counters:
    """Counters that begin again after some time. The one that was not changed for the longest time is forgotten first.

    :param limit: how many are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counters: dict[str, _Counter] = {}
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Make a new lock: in a child process, nobody would release the one that another thread was holding."""
        self._lock = Lock()

    def incr(self, key: str, expiry: int) -> int:
        """Add one, and return the sum. The first one begins a period of so many seconds."""
        with self._lock:
            now = monotonic()
            found = self._counters.get(key)
            if found is None or found.end <= now:
                found = _Counter(0, now + expiry)
            put_newest(self._counters, key, _Counter(found.failures + 1, found.end), limit=self._limit)
        return found.failures + 1

    def get(self, key: str) -> int:
        """The sum of this period."""
        found = self._counters.get(key)
        return found.failures if found and monotonic() < found.end else 0

    def get_expiry(self, key: str) -> float:
        """When the period of a counter ends, in seconds since the epoch."""
        found = self._counters.get(key)
        return time() + (found.end - monotonic() if found else 0)


class _Counter(NamedTuple):
    failures: int
    end: float
