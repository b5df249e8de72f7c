"""Handing reports to a reporter, in the request or in a thread."""

import logging
import sys
from contextlib import suppress
from queue import Full
from threading import RLock

from wsgistack.errors import forget_handled
from wsgistack.middleware.catch_errors.reports.record import ErrorReport, Reporter
from wsgistack.processes.background import Background, call_at_end, cancel_at_end
from wsgistack.processes.forking import renew_after_fork

__all__ = ["BackgroundDelivery", "Delivery"]

_MAX_WAITING = 100
"""Reports that wait for one reporter. More are dropped and counted: they would only fill the memory."""

_PATIENCE = 2.0
"""Seconds that the end of the process waits for reports."""


class Delivery:
    """One reporter, which is called at once. Whatever happens there, the request does not notice.

    :param logger: the name of the logger for what goes wrong here.
    :param failures: what it may raise. In a request, all else is for the server, such as KeyboardInterrupt.
    """

    def __init__(
        self, reporter: Reporter, logger: str, failures: tuple[type[BaseException], ...] = (Exception, SystemExit)
    ) -> None:
        self._reporter = reporter
        self._failures = failures
        self._name = str(getattr(reporter, "__qualname__", type(reporter).__qualname__))
        self._logger = logger
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Make the lock anew, and begin to count."""
        self._lock = RLock()  # a garbage collection may close a body, whose error comes from the same thread
        self._dropped = 0
        cancel_at_end(self.report_dropped)

    def send(self, report: ErrorReport) -> None:
        """Deliver a report."""
        handled = sys.exc_info()[1]
        try:
            self._reporter(report)
        except self._failures as failure:
            with suppress(Exception):
                forget_handled(failure, handled)
                self._log("the reporter %s failed", failure=failure)
        self.report_dropped()

    def drop(self, problem: str) -> None:
        """Count a report that is not delivered, and log the first one: a reporter that never returns would hide it."""
        with self._lock:
            self._dropped += 1
            is_first = self._dropped == 1
            call_at_end(self.report_dropped)
        if is_first:
            self._log(problem)

    def report_dropped(self) -> None:
        """Log how many reports were not delivered: when one is, or when the process ends."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            cancel_at_end(self.report_dropped)
        if dropped:
            self._log("the reporter %s was too slow: %d reports were dropped", dropped)

    def _log(self, message: str, *facts: object, failure: BaseException | None = None) -> None:
        with suppress(Exception):  # the logger may be what fails
            logging.getLogger(self._logger).error(message, self._name, *facts, exc_info=failure)


class BackgroundDelivery:
    """One reporter, which is called in a thread. If it hangs, it delays only itself."""

    def __init__(self, reporter: Reporter, logger: str) -> None:
        # also what else may come, such as gevent.Timeout and CancelledError: it would end the thread
        self._delivery = Delivery(reporter, logger, (BaseException,))
        self._background = Background(self._delivery.send, _MAX_WAITING, name="wsgistack-reports", patience=_PATIENCE)

    def send(self, report: ErrorReport) -> None:
        """Deliver a report soon."""
        try:
            self._background.put(report)
        except Full:
            self._delivery.drop("the reporter %s is too slow: reports are dropped")
        except RuntimeError:  # too many threads, or the process ends
            self._delivery.drop("no thread can be started for the reporter %s: reports are dropped")
