"""Handing reports to a reporter, in the request or in a thread."""

import atexit
import logging
import time
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Lock, Thread
from weakref import WeakSet

from wsgistack.forking import renew_after_fork
from wsgistack.middleware.catch_errors.report import ErrorReport, Reporter

__all__ = ["Delivery"]

_MAX_WAITING = 100
"""Reports that wait for one reporter. More are dropped and counted: they would only fill the memory."""

_IDLE = 10.0
"""Seconds without a report after which the thread ends."""

_LAST = 2.0
"""Seconds that the end of the process waits for reports."""


class Delivery:
    """One reporter. Whatever happens there, the request does not notice.

    In a thread, a reporter that hangs delays only itself. The thread starts with the first report, once in each
    process.

    :param logger: the name of the logger for what goes wrong here.
    """

    def __init__(self, reporter: Reporter, logger: str, *, in_background: bool) -> None:
        self._reporter = reporter
        self._logger = logger
        self._in_background = in_background
        self._dropped = 0
        self.renew()
        renew_after_fork(self)
        if in_background:
            _IN_BACKGROUND.add(self)

    def renew(self) -> None:
        """Begin without a thread and a queue: what waits is delivered by the process that was forked."""
        self._lock = Lock()  # nothing that waits may happen while it is held: gevent would switch there
        self._queue: Queue[ErrorReport] | None = None
        self._thread: Thread | None = None

    def send(self, report: ErrorReport) -> None:
        """Deliver a report, now or soon."""
        if not self._in_background:
            self._deliver(report)
            return
        with self._lock:
            # not before the first report: gevent may replace the locks of queues after a fork
            queue = self._queue = self._queue or Queue(_MAX_WAITING)
        try:
            queue.put_nowait(report)
        except Full:
            with self._lock:
                self._dropped += 1
                is_first = self._dropped == 1
            if is_first:  # a reporter that never returns would hide it
                self._log("the reporter %s is too slow: reports are dropped", self._name)
        if self._thread is None:  # two at once do no harm
            self._thread = Thread(target=self._work, args=(queue,), name="wsgistack-reports", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # too many threads, or the process ends: the next report tries again
                self._thread = None
                self._log("no thread can be started for the reporter %s", self._name)

    def wait(self, seconds: float) -> bool:
        """Wait until all reports are delivered, but not longer than some seconds. Return whether they are."""
        until = time.monotonic() + seconds
        queue = self._queue
        while queue and queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)
        return not (queue and queue.unfinished_tasks)

    def _work(self, queue: Queue[ErrorReport]) -> None:
        while True:
            try:
                report = queue.get(timeout=_IDLE)
            except Empty:
                self._thread = None  # and a report that comes from now on starts another thread
                if queue.empty():
                    return
                continue
            self._deliver(report)
            queue.task_done()

    def _deliver(self, report: ErrorReport) -> None:
        try:
            self._reporter(report)
        except (Exception, SystemExit):
            self._log("the reporter %s failed", self._name, with_error=True)
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            self._log("the reporter %s was too slow: %d reports were dropped", self._name, dropped)

    @property
    def _name(self) -> str:
        return str(getattr(self._reporter, "__qualname__", type(self._reporter).__qualname__))

    def _log(self, message: str, *facts: object, with_error: bool = False) -> None:
        with suppress(Exception):  # the logger may be what fails
            logging.getLogger(self._logger).error(message, *facts, exc_info=with_error)


_IN_BACKGROUND: WeakSet[Delivery] = WeakSet()


def _finish() -> None:
    until = time.monotonic() + _LAST
    for each in [*_IN_BACKGROUND]:
        each.wait(until - time.monotonic())


atexit.register(_finish)
