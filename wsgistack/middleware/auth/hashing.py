"""The cost of hashes: few are computed at once, one at a time for a credential, and none again after a success."""

import os
from collections.abc import Callable
from math import inf
from threading import Event, Lock, Semaphore
from time import monotonic

from wsgistack.middleware.auth.remembering import put_newest
from wsgistack.processes.forking import renew_after_fork

__all__ = ["DEFAULT_HASHES", "LIFETIME", "MAX_REMEMBERED", "MAX_WAIT", "Hashing"]

DEFAULT_HASHES = max(1, (getattr(os, "process_cpu_count", os.cpu_count)() or 1) // 2)
"""Half of the processors: the other half serves users whose passwords are known, while somebody guesses."""

MAX_WAIT = 5.0
"""In seconds, for a hash that another thread computes or that has to wait for others."""

MAX_REMEMBERED = 10_000
"""Successes: about 2 MB."""

LIFETIME = 300.0
"""In seconds, for a success. It bounds how long a stolen memory image is of use; a changed hash counts at once."""


CAUTION = 10.0
"""In seconds after a failure: for so long somebody may be guessing."""


class Hashing:
    """Computes slow checks, whose results depend on a key alone, and remembers the successes.

    Of threads that bring the same key, one computes and the others wait for its result. At most ``max_running``
    checks run, and as many wait for them: if more waited, they would hold all threads of the server, and users whose
    passwords are remembered would wait as well. Any number may wait for the same result, as when a browser loads a
    page, but not while somebody may be guessing. Failures are never remembered.

    A lock is never held during a check, and the locks of a forked process are new.
    """

    def __init__(self, max_running: int) -> None:
        self._max_running = max_running
        self._expiries: dict[bytes, float] = {}  # the oldest first, as all have the same lifetime
        self._failed_at = -inf
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Forget what other threads are computing: after a fork they don't exist."""
        self._lock = Lock()
        self._running: dict[bytes, _Check] = {}
        self._slots = Semaphore(self._max_running)
        self._places = Semaphore(2 * self._max_running)

    def knows(self, key: bytes) -> bool:
        """Whether the check of a key has succeeded not long ago.

        The time of the search reveals nothing, because keys are digests with a secret.
        """
        expiry = self._expiries.get(key)
        return expiry is not None and monotonic() < expiry

    def compute(self, key: bytes, check: Callable[[], bool]) -> bool | None:
        """Return the result of a check. None if too many are running, or it takes too long."""
        with self._lock:
            running = self._running.get(key)
            if running is None:
                own = self._running[key] = _Check()
        if running is not None:
            return self._wait(running)
        try:
            # another thread may have finished it since the caller looked
            own.result = self.knows(key) or self._run(check)
            if own.result:
                put_newest(self._expiries, key, monotonic() + LIFETIME, limit=MAX_REMEMBERED)
            elif own.result is not None:
                self._failed_at = monotonic()
        finally:
            with self._lock:
                self._running.pop(key, None)
            own.is_done.set()
        return own.result

    def _wait(self, running: "_Check") -> bool | None:
        places = self._places if monotonic() < self._failed_at + CAUTION else None
        if places and not places.acquire(blocking=False):
            return None
        try:
            running.is_done.wait(MAX_WAIT)
        finally:
            if places:
                places.release()
        return running.result

    def _run(self, check: Callable[[], bool]) -> bool | None:
        places, slots = self._places, self._slots
        if not places.acquire(blocking=False):
            return None
        try:
            if not slots.acquire(timeout=MAX_WAIT):
                return None
            try:
                return check()
            finally:
                slots.release()
        finally:
            places.release()


class _Check:
    __slots__ = ("is_done", "result")

    def __init__(self) -> None:
        self.is_done = Event()
        self.result: bool | None = None
