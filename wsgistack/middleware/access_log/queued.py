"""Writing the lines of an access log in a thread of its own, so that a slow disk delays no response."""

import atexit
import queue
import threading
import weakref
from collections.abc import Callable
from threading import RLock

from wsgistack.forking import renew_after_fork
from wsgistack.middleware.access_log.losses import Losses

__all__ = ["Queued"]

PATIENCE = 10.0  # seconds: how long the end of a process waits until the lines are written

_Write = Callable[[str], object]


class Queued:
    """Passes lines to a thread, which writes them.

    The thread starts with the first line in each process. At the end of the process, the lines that wait are written.

    :param write: writes one line. It may fail, which is reported.
    :param size: the number of lines that may wait.
    :param logger: the name of the logger for lost lines.
    """

    def __init__(self, write: _Write, size: int, logger: str) -> None:
        self._write = write
        self._size = size
        self._losses = Losses(logger)
        # The rest changes under the lock, once in each process. A garbage collection may write another line there.
        self._lock = RLock()
        self._lines: queue.SimpleQueue[str | None] | None = None
        self._thread: threading.Thread | None = None
        renew_after_fork(self)
        _QUEUED.add(self)

    def write(self, line: str, entry: object = None, /) -> None:
        """Pass one line on.

        :raises queue.Full: the line is lost.
        """
        lines = self._lines
        if lines is None:
            lines = self._start()
        if lines.qsize() >= self._size:
            raise queue.Full(f"{self._size} lines wait in the queue, which is the limit")
        lines.put(line)

    def flush(self) -> None:
        """Write the lines that wait, and end the thread. The next line starts another one."""
        with self._lock:
            lines, thread, self._lines, self._thread = self._lines, self._thread, None, None
        if lines is not None and thread is not None:
            lines.put(None)
            thread.join(PATIENCE)

    def renew(self) -> None:
        """Forget the thread and the lines in a child process: the parent writes them."""
        self._lock = RLock()
        self._lines = self._thread = None

    def _start(self) -> "queue.SimpleQueue[str | None]":
        with self._lock:
            if self._lines is None:
                # not before, and by these names: gevent may have replaced both since the import
                lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
                self._thread = threading.Thread(
                    target=_work, args=(lines, self._write, self._losses), name="access_log", daemon=True
                )
                self._thread.start()
                weakref.finalize(self, lines.put, None).atexit = False
                self._lines = lines
            return self._lines


def _work(lines: "queue.SimpleQueue[str | None]", write: _Write, losses: Losses) -> None:
    while (line := lines.get()) is not None:
        try:
            write(line)
        except Exception as error:
            losses.add(error)
        else:
            if losses.count:
                losses.end()


_QUEUED: weakref.WeakSet[Queued] = weakref.WeakSet()


@atexit.register
def _flush() -> None:
    for each in [*_QUEUED]:
        each.flush()
