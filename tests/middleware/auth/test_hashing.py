"""Hashes at a bounded cost: each credential once, few at a time, successes for some minutes."""

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import MAX_WAIT, wait_until
from wsgistack.middleware.auth import hashing
from wsgistack.middleware.auth.hashing import Hashing


@pytest.fixture(autouse=True)
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for another thread for as long as it takes."""
    monkeypatch.setattr(hashing, "MAX_WAIT", MAX_WAIT)


class Slow:
    """A check that runs until the test lets it go on."""

    def __init__(self, result: bool = True) -> None:
        self.result = result
        self.calls = 0
        self.running = threading.Semaphore(0)
        self.may_go_on = threading.Event()

    def __call__(self) -> bool:
        self.calls += 1
        self.running.release()
        assert self.may_go_on.wait(MAX_WAIT)
        return self.result


def start(found: list[Any], compute: Callable[[], Any], times: int = 1) -> list[threading.Thread]:
    threads = [threading.Thread(target=lambda: found.append(compute())) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads


def waiting(hashing: Hashing, key: bytes) -> int:
    """How many threads wait for the check of a key."""
    with hashing._lock:
        running = hashing._running.get(key)
    return len(running.is_done._cond._waiters) if running else 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("result", [True, False])
def test_twenty_requests_with_one_credential_compute_one_hash(result: bool) -> None:
    limited, slow = Hashing(1), Slow(result)
    found: list[bool | None] = []
    threads = start(found, lambda: limited.compute(b"key", slow), 20)
    assert slow.running.acquire(timeout=MAX_WAIT)
    wait_until(lambda: waiting(limited, b"key") == 19)
    slow.may_go_on.set()
    for thread in threads:
        thread.join(MAX_WAIT)
    assert (slow.calls, found) == (1, [result] * 20)


def test_few_wait_for_one_result_while_somebody_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise many guesses of one password would hold all threads of a server."""
    now = [1000.0]
    monkeypatch.setattr(hashing, "monotonic", lambda: now[0])
    limited, slow = Hashing(2), Slow(False)
    assert limited.compute(b"other", lambda: False) is False
    found: list[bool | None] = []
    threads = start(found, lambda: limited.compute(b"key", slow), 16)
    assert slow.running.acquire(timeout=MAX_WAIT)
    wait_until(lambda: len(found) == 12)
    assert found == [None] * 12
    assert waiting(limited, b"key") == 3
    now[0] += hashing.CAUTION
    threads += start(found, lambda: limited.compute(b"key", slow), 5)
    wait_until(lambda: waiting(limited, b"key") == 8)
    slow.may_go_on.set()
    for thread in threads:
        thread.join(MAX_WAIT)
    assert (slow.calls, found[12:]) == (1, [False] * 9)


def test_successes_are_remembered_and_failures_are_not() -> None:
    limited, right, wrong = Hashing(1), Slow(True), Slow(False)
    right.may_go_on.set()
    wrong.may_go_on.set()
    for _ in range(3):
        assert limited.compute(b"right", right) is True
        assert limited.compute(b"wrong", wrong) is False
    assert (right.calls, wrong.calls) == (1, 3)
    assert limited.knows(b"right")
    assert not limited.knows(b"wrong")


def test_successes_are_forgotten_after_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(hashing, "monotonic", lambda: now[0])
    limited = Hashing(1)
    assert limited.compute(b"key", lambda: True)
    now[0] += hashing.LIFETIME - 1
    assert limited.knows(b"key")
    now[0] += 1
    assert not limited.knows(b"key")
    assert limited.compute(b"key", lambda: True)
    assert limited.knows(b"key")


def test_the_oldest_success_is_forgotten_if_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(hashing, "monotonic", lambda: now[0])
    monkeypatch.setattr(hashing, "MAX_REMEMBERED", 3)
    limited = Hashing(1)
    for key in (b"a", b"b", b"c"):
        limited.compute(key, lambda: True)
    now[0] += hashing.LIFETIME
    for key in (b"a", b"d", b"e"):
        limited.compute(key, lambda: True)
    assert [key for key in (b"a", b"b", b"c", b"d", b"e") if key in limited._expiries] == [b"a", b"d", b"e"]
    for number in range(1000):
        limited.compute(b"%d" % number, lambda: True)
    assert len(limited._expiries) == 3


def test_few_checks_run_and_as_many_wait_and_others_are_sent_away() -> None:
    limited, slow = Hashing(2), Slow()
    found: list[bool | None] = []
    keys = iter([b"%d" % number for number in range(100)])
    threads = start(found, lambda: limited.compute(next(keys), slow), 16)
    for _ in range(2):
        assert slow.running.acquire(timeout=MAX_WAIT)
    wait_until(lambda: len(found) == 12)
    assert found == [None] * 12
    assert not slow.running.acquire(blocking=False)
    assert limited.compute(b"another", slow) is None
    slow.may_go_on.set()
    for thread in threads:
        thread.join(MAX_WAIT)
    assert found[12:] == [True] * 4
    assert limited.compute(b"another", slow) is True


def test_nobody_waits_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MAX_WAIT", 0.01)
    limited, slow = Hashing(1), Slow()
    found: list[bool | None] = []
    threads = start(found, lambda: limited.compute(b"slow", slow))
    assert slow.running.acquire(timeout=MAX_WAIT)
    assert limited.compute(b"slow", slow) is None
    assert limited.compute(b"other", slow) is None
    slow.may_go_on.set()
    threads[0].join(MAX_WAIT)
    assert found == [True]
    assert limited.compute(b"other", slow) is True


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, MemoryError])
def test_a_check_that_fails_leaves_nothing_behind(error: type[BaseException]) -> None:
    limited = Hashing(1)

    def fail() -> bool:
        raise error

    for _ in range(5):
        with pytest.raises(error):
            limited.compute(b"key", fail)
    assert limited.compute(b"key", lambda: True)


def test_a_thread_that_comes_when_the_check_is_done_does_not_repeat_it() -> None:
    limited = Hashing(1)
    assert limited.compute(b"key", lambda: True)
    assert limited.compute(b"key", lambda: pytest.fail("it is repeated"))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")
def test_a_process_forked_during_a_check_is_not_busy() -> None:
    limited, slow = Hashing(1), Slow()
    limited.compute(b"known", lambda: True)
    threads = start([], lambda: limited.compute(b"slow", slow))
    assert slow.running.acquire(timeout=MAX_WAIT)
    child = os.fork()
    if not child:  # pragma: no cover
        is_right = limited.knows(b"known") and limited.compute(b"slow", lambda: True)
        os._exit(0 if is_right else 1)
    slow.may_go_on.set()
    threads[0].join(MAX_WAIT)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
