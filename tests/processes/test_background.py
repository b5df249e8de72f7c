"""Work in a thread: in order, within a limit, once in each process, and until its end."""

import gc
import os
import queue
import signal
import threading
from pathlib import Path

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.processes import background as home
from wsgistack.processes import forking
from wsgistack.processes.background import Background

NAME = "tests of background"


class Gate:
    """Works on items once it may go on."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.threads: set[int] = set()
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def work(self, item: str) -> None:
        self.has_begun.set()
        assert self.may_go_on.wait(MAX_WAIT)
        self.threads.add(threading.get_ident())
        self.items.append(item)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def make(gate: Gate, size: int = 1000, patience: float = MAX_WAIT) -> Background[str]:
    return Background(gate.work, size, name=NAME, patience=patience)


def test_slow_work_delays_nobody_and_keeps_its_order(gate: Gate) -> None:
    background = make(gate)
    for number in range(100):
        background.put(str(number))
    assert gate.items == []
    gate.may_go_on.set()
    home._wait_for_all()  # as the end of the process does
    assert gate.items == [*map(str, range(100))]
    assert len(gate.threads) == 1
    assert threading.get_ident() not in gate.threads


def test_refuses_more_items_than_may_wait(gate: Gate) -> None:
    background = make(gate, size=2)
    background.put("first")
    assert gate.has_begun.wait(MAX_WAIT)
    background.put("second")
    background.put("third")
    with pytest.raises(queue.Full, match="2 wait in the queue, which is the limit"):
        background.put("fourth")
    gate.may_go_on.set()
    assert background.wait(MAX_WAIT)
    background.put("fifth")
    assert background.wait(MAX_WAIT)
    assert gate.items == ["first", "second", "third", "fifth"]


def test_waits_for_nothing_without_items_and_not_longer_than_it_may(gate: Gate) -> None:
    background = make(gate)
    assert background.wait(0)
    background.put("one")
    assert not background.wait(0.01)
    gate.may_go_on.set()
    assert background.wait(MAX_WAIT)


def test_the_end_of_a_process_waits_no_longer_for_two_than_for_one(gate: Gate) -> None:
    both = [make(gate, patience=0.1), make(gate, patience=0.1)]
    for each in both:
        each.put("one")
    home._wait_for_all()
    assert gate.items == []
    gate.may_go_on.set()
    assert all(each.wait(MAX_WAIT) for each in both)


def test_the_thread_ends_with_the_object(gate: Gate) -> None:
    others = {*threading.enumerate()}
    gate.may_go_on.set()
    background = make(gate)
    background.put("one")
    [thread] = [each for each in threading.enumerate() if each not in others and each.name == NAME]
    del background
    thread.join(MAX_WAIT)
    assert not thread.is_alive()
    assert gate.items == ["one"]


def test_the_end_of_a_process_waits_for_items_of_an_object_that_is_gone(gate: Gate) -> None:
    make(gate).put("one")
    assert gate.has_begun.wait(MAX_WAIT)
    threading.Timer(0.05, gate.may_go_on.set).start()
    home._wait_for_all()
    assert gate.items == ["one"]
    assert not home._ENDING


def test_threads_that_come_first_start_one_thread(gate: Gate) -> None:
    gate.may_go_on.set()
    background = make(gate)
    barrier = threading.Barrier(8, timeout=MAX_WAIT)

    def put_one() -> None:
        barrier.wait()
        background.put("one")

    threads = [threading.Thread(target=put_one) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert background.wait(MAX_WAIT)
    assert gate.items == ["one"] * 8
    assert len(gate.threads) == 1


def test_an_item_of_a_garbage_collection_does_not_wait_for_the_one_before(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.may_go_on.set()
    background = make(gate)

    class Dropped:
        """A body that the server drops, whose close() fails, and which a cycle keeps until then."""

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            background.put("of the collection")

    class Queue(queue.SimpleQueue[str]):
        def __init__(self) -> None:
            monkeypatch.undo()
            Dropped()
            gc.collect()

    monkeypatch.setattr(queue, "SimpleQueue", Queue)
    thread = threading.Thread(target=background.put, args=["one"], daemon=True)
    thread.start()
    thread.join(MAX_WAIT)
    assert not thread.is_alive()
    assert background.wait(MAX_WAIT)
    assert gate.items == ["of the collection", "one"]
    assert len(gate.threads) == 1


def test_a_thread_that_can_not_start_loses_no_later_item(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.may_go_on.set()
    background = make(gate)

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start"):
            background.put("lost")
    background.put("one")
    assert background.wait(MAX_WAIT)
    assert gate.items == ["one"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_has_a_thread_of_its_own_and_leaves_the_items_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "items"
    may_go_on = threading.Event()

    def append(item: str) -> None:
        may_go_on.wait()
        with path.open("a") as file:
            file.write(f"{item}\n")

    background = Background(append, 10, name=NAME, patience=MAX_WAIT)
    background.put("parent")
    with background._lock:
        child = os.fork()
        if not child:
            signal.alarm(2 * MAX_WAIT)  # ends a child that hangs
            may_go_on.set()
            background.put("child")
            os._exit(0 if background.wait(MAX_WAIT) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert path.read_text() == "child\n"
    may_go_on.set()
    assert background.wait(MAX_WAIT)
    assert path.read_text() == "child\nparent\n"


def test_the_same_in_this_process(gate: Gate) -> None:
    """What a child does can't be measured there."""
    gate.may_go_on.set()
    background = make(gate)
    for item in "ab":
        background.put(item)
        assert background.wait(MAX_WAIT)
        forking._renew_all()
    assert gate.items == ["a", "b"]
    assert len(gate.threads) <= 2
