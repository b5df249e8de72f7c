"""Lines that could not be written: counted, and reported without a flood of messages."""

import logging
import sys
from contextlib import suppress
from queue import Full
from threading import RLock
from time import monotonic

from wsgistack.errors import forget_handled
from wsgistack.processes.background import call_at_end, cancel_at_end
from wsgistack.processes.forking import renew_after_fork, renew_if_forked

__all__ = ["Losses"]

INTERVAL = 10.0  # seconds: an outlet that fails for every other line must not fill the log of the operator


class Losses:
    """The lines that one place has lost. It reports the first one, and how many there were when lines come through.

    If none comes through any more, the end of the process reports how many there were. It serves many threads. Each
    process has its own count.

    :param logger: the name of the logger for the reports.
    """

    __slots__ = ("__weakref__", "_end", "_lock", "_logger", "count")

    def __init__(self, logger: str) -> None:
        self._logger = logging.getLogger(logger)
        self._end = 0.0
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Make a new lock, which no thread holds, and begin to count."""
        self._lock = RLock()  # a garbage collection may write another line
        self.count: int = 0
        cancel_at_end(self.report_at_end)

    def add(self, error: Exception) -> None:
        """Count a line. The first one is reported, with the traceback if the error is not one of the system."""
        renew_if_forked()
        with self._lock:
            self.count += 1
            if self.count > 1:
                return
            self._end = monotonic() + INTERVAL
            call_at_end(self.report_at_end)  # which keeps this object, although its layer may be gone
        said = str(error) or type(error).__name__
        details = None if isinstance(error, (Full, OSError)) else error
        with suppress(Exception):  # the logger may be what fails
            forget_handled(error, sys.exc_info()[1])  # of the application, which has secrets
            self._find_logger().error("lines of the access log are being lost: %s", said, exc_info=details)

    def end(self) -> None:
        """Report that a line came through. It is called only while the count is not 0."""
        with self._lock:
            if monotonic() < self._end:
                return
        self._report("the access log works again; lost lines: %d")

    def report_at_end(self) -> None:
        """Report the lines that are lost when the process ends."""
        self._report("the process ends; lost lines of the access log: %d")

    def _report(self, message: str) -> None:
        with self._lock:
            count, self.count = self.count, 0
            cancel_at_end(self.report_at_end)
        if count:  # another thread may have been faster
            with suppress(Exception):
                self._find_logger().warning(message, count)

    def _find_logger(self) -> logging.Logger:
        """The logger, or that of the root if a configuration that came later has disabled it."""
        return logging.getLogger() if self._logger.disabled else self._logger
