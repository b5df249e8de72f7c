"""How often an error is reported that happens again and again."""

from threading import RLock

from wsgistack.processes.forking import renew_after_fork

__all__ = ["Limiter"]

_MAX_FINGERPRINTS = 1000
"""So many are remembered in each process. Code with more different errors reports some of them too often."""


class Limiter:
    """Admits each fingerprint once in a period, and counts what it suppresses.

    :param period: seconds; 0 admits everything.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._admitted: dict[str, tuple[float, int]] = {}
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Make the lock anew. A garbage collection may close a body, whose error comes from the same thread."""
        self._lock = RLock()

    def admit(self, fingerprint: str, now: float) -> int | None:
        """Count an error.

        :param now: seconds of a clock that never goes back.
        :returns: None if it is suppressed, or else how many were suppressed since the last one that was not.
        """
        with self._lock:
            since, suppressed = self._admitted.pop(fingerprint, (None, 0))
            if since is not None and now - since < self._period:
                self._admitted[fingerprint] = since, suppressed + 1
                return None
            self._admitted[fingerprint] = now, 0
            if len(self._admitted) > _MAX_FINGERPRINTS:
                del self._admitted[next(iter(self._admitted))]  # the one that happened longest ago
            return suppressed
