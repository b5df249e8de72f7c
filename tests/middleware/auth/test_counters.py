"""Counters in memory: exact, without a thread, and usable in a forked process."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from wsgistack.middleware.auth import counters as module
from wsgistack.middleware.auth.counters import Counters


def test_a_period_begins_with_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    monkeypatch.setattr(module, "time", lambda: 1_000_000 + now)
    counters = Counters(10)
    assert counters.get("a") == 0
    assert counters.get_expiry("a") == 1_001_000
    assert [counters.incr("a", 1), counters.incr("a", 60), counters.get("a")] == [1, 2, 2]
    assert counters.get_expiry("a") == 1_001_001
    now = 1000.9
    assert counters.get("a") == 2
    now = 1001.0
    assert [counters.get("a"), counters.incr("a", 60)] == [0, 1]


def test_forgets_the_one_that_was_unchanged_for_the_longest_time() -> None:
    counters = Counters(2)
    for key in "abac":
        counters.incr(key, 3600)
    assert [counters.get(key) for key in "abc"] == [2, 0, 1]


def test_many_threads_lose_no_count() -> None:
    class Key(str):
        """Each look at its counter, and each change of it, gives other threads a turn."""

        __slots__ = ()

        def __hash__(self) -> int:
            sleep(0.001)
            return str.__hash__(self)

    counters, key = Counters(10), Key("a")
    with ThreadPoolExecutor(8) as threads:
        sums = [*threads.map(lambda _: counters.incr(key, 3600), range(40))]
    assert sorted(sums) == [*range(1, 41)]
    assert counters.get("a") == 40


def test_starts_no_thread() -> None:
    before = threading.active_count()
    Counters(10).incr("a", 60)
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")
def test_a_process_forked_while_another_thread_counts_can_count() -> None:
    counters = Counters(10)
    counters.incr("a", 3600)
    with counters._lock:
        child = os.fork()
        if not child:  # pragma: no cover
            os._exit(0 if counters.incr("a", 3600) == 2 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
