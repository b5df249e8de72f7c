"""Work that a thread does, so that no request waits for it."""

import atexit
import queue
import threading
from collections.abc import Callable
from threading import RLock
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakSet, finalize

from wsgistack.processes.forking import renew_after_fork, renew_if_forked

__all__ = ["Background", "call_at_end", "cancel_at_end"]

Item = TypeVar("Item")
_Items: TypeAlias = queue.SimpleQueue[Item | threading.Event | None]


class Background(Generic[Item]):
    """A thread that works on items, and the queue in which they wait.

    ::

        background = Background(write, 1000, name="access_log", patience=10)
        background.put(line)

    The thread starts with the first item in each process, and ends when nothing refers to this object any more. A
    child process leaves the items that wait to its parent. The end of a process waits for them.

    :param work: gets each item. It must not raise an exception, and must not refer to this object.
    :param size: the number of items that may wait.
    :param name: the name of the thread.
    :param patience: how long the end of a process waits, in seconds.
    """

    def __init__(self, work: Callable[[Item], object], size: int, *, name: str, patience: float) -> None:
        self._work = work
        self._size = size
        self._name = name
        self.patience = patience
        self.renew()
        renew_after_fork(self)
        _KNOWN.add(self)

    def renew(self) -> None:
        """Forget the thread and the items in a child process."""
        self._lock = RLock()  # a garbage collection may put another item while it is held
        self._items: _Items[Item] | None = None

    def put(self, item: Item) -> None:
        """Pass an item to the thread.

        :raises queue.Full: too many items wait.
        :raises RuntimeError: the thread can't be started.
        """
        renew_if_forked()
        items = self._items
        if items is None:
            items = self._start()
        if items.qsize() >= self._size:
            raise queue.Full(f"{self._size} wait in the queue, which is the limit")
        items.put(item)

    def wait(self, seconds: float) -> bool:
        """Wait until the thread has worked on all items, but not longer than some seconds. Return whether it has."""
        renew_if_forked()
        if self._items is None:
            return True
        is_done = threading.Event()
        self._items.put(is_done)
        return is_done.wait(seconds)

    def _start(self) -> _Items[Item]:
        with self._lock:
            if self._items is None:
                # not before, and by these names: gevent may have replaced both since the import
                items: _Items[Item] = queue.SimpleQueue()
                thread = threading.Thread(target=_work, args=(items, self._work), name=self._name, daemon=True)
                thread.start()
                if self._items is None:
                    self._items = items
                    finalize(self, _end, thread, items, self.patience).atexit = False
                else:  # a garbage collection has put an item meanwhile, and started another thread
                    items.put(None)
            return self._items


def _work(items: _Items[Item], work: Callable[[Item], object]) -> None:
    while (item := items.get()) is not None:
        if isinstance(item, threading.Event):
            item.set()
        else:
            work(item)
    _ENDING.pop(threading.current_thread(), None)


def _end(thread: threading.Thread, items: _Items[Item], patience: float) -> None:
    _ENDING[thread] = patience
    items.put(None)


_ENDING: dict[threading.Thread, float] = {}  # how long the end of the process waits for those that still work
_KNOWN: WeakSet[Background[Any]] = WeakSet()
_AT_END: dict[Callable[[], object], None] = {}


def call_at_end(report: Callable[[], object]) -> None:
    """Call a function once when the process ends, after all threads had the time to work on their items."""
    _AT_END[report] = None


def cancel_at_end(report: Callable[[], object]) -> None:
    """Do not call a function when the process ends, if it was to be called."""
    _AT_END.pop(report, None)


@atexit.register
def _end_process() -> None:
    renew_if_forked()
    _wait_for_all()
    for report in [*_AT_END]:
        report()


def _wait_for_all() -> None:
    begin = monotonic()
    for each in [*_KNOWN]:
        each.wait(max(0, begin + each.patience - monotonic()))
    for thread, patience in [*_ENDING.items()]:
        thread.join(max(0, begin + patience - monotonic()))
