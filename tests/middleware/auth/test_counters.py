"""Counters in memory: exact, without a thread, and usable in a forked process."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep, time

import pytest

from wsgistack.middleware.auth.counters import Counters


def test_a_period_begins_with_the_first_one() -> None:
    counters = Counters(10)
    assert counters.get("a") == 0
    assert counters.get_expiry("a") == pytest.approx(time(), abs=1)
    assert [counters.incr("a", 1), counters.incr("a", 60), counters.get("a")] == [1, 2, 2]
    assert counters.get_expiry("a") == pytest.approx(time() + 1, abs=0.5)
    sleep(1.1)
    assert [counters.get("a"), counters.incr("a", 60)] == [0, 1]


def test_forgets_the_one_that_was_unchanged_for_the_longest_time() -> None:
    counters = Counters(2)
    for key in "abac":
        counters.incr(key, 60)
    assert [counters.get(key) for key in "abc"] == [2, 0, 1]


def test_many_threads_lose_no_count() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            counters = Counters(10)
            together = Barrier(8)

            def count(counters: Counters = counters, together: Barrier = together) -> None:
                together.wait(10)
                for _ in range(5):
                    counters.incr("a", 60)

            with ThreadPoolExecutor(8) as threads:
                for each in [threads.submit(count) for _ in range(8)]:
                    each.result()
            assert counters.get("a") == 40
    finally:
        sys.setswitchinterval(interval)


def test_starts_no_thread() -> None:
    before = threading.active_count()
    Counters(10).incr("a", 60)
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")
def test_a_process_forked_while_another_thread_counts_can_count() -> None:
    counters = Counters(10)
    counters.incr("a", 60)
    with counters._lock:
        child = os.fork()
        if not child:  # pragma: no cover
            os._exit(0 if counters.incr("a", 60) == 2 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
