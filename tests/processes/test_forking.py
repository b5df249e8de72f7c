"""Reports in a process that is forked while other threads report."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.direct import answering
from tests.middleware.catch_errors.failing import caught, fail, report_of
from tests.waiting import MAX_WAIT
from wsgistack import RequestFilter
from wsgistack.http.notices import Notice
from wsgistack.middleware.catch_errors.reports.delivery import BackgroundDelivery
from wsgistack.middleware.catch_errors.reports.limiting import Limiter
from wsgistack.processes import forking
from wsgistack.processes.forking import _renew_all, renew_after_fork, renew_if_forked

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_has_its_own_locks_and_threads(tmp_path: Path) -> None:
    file = tmp_path / "reported"

    def reporter(report: object) -> None:
        with file.open("a") as opened:
            opened.write(f"{os.getpid()}\n")

    delivery = BackgroundDelivery(reporter, "site.forking")
    limiter = Limiter(60)
    report = report_of(caught(fail))
    delivery.send(report)
    assert delivery._background.wait(MAX_WAIT)
    with limiter._lock, delivery._background._lock, delivery._delivery._lock:
        child = os.fork()
        if child == 0:
            limiter.admit("a", 1)  # would wait for ever
            delivery.send(report)
            os._exit(0 if delivery._background.wait(MAX_WAIT) else 1)
    _renew_all()
    delivery.send(report)
    assert delivery._background.wait(MAX_WAIT)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(file.read_text().split()) == sorted(map(str, [os.getpid(), os.getpid(), child]))


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(Notice(logging.getLogger("site.forking")), id="notice"),
        pytest.param(RequestFilter(answering([])), id="request_filter"),
    ],
)
def test_a_child_does_not_inherit_a_lock_of_another_thread(thing: Any) -> None:
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with thing._lock:
            is_held.set()
            assert may_end.wait(MAX_WAIT)

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(MAX_WAIT)
    assert not thing._lock.acquire(blocking=False)
    _renew_all()
    assert thing._lock.acquire(blocking=False)
    thing._lock.release()
    may_end.set()
    thread.join()


@pytest.mark.parametrize("name", ["start_own_thread", "end_at_once", "keep_position_of_parent"])
def test_a_child_of_uwsgi(name: str, tmp_path: Path) -> None:
    """In a process without threads of other tests: one that waits for the interpreter would make the child hang."""
    command = [sys.executable, "-m", "tests.processes.like_uwsgi", name, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=3 * MAX_WAIT)


class Thing:
    """Counts how often it is renewed."""

    def __init__(self) -> None:
        self.renewals = 0
        renew_after_fork(self)

    def renew(self) -> None:
        self.renewals += 1


def test_the_first_use_in_a_process_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a child does can't be measured there."""
    thing = Thing()
    renew_if_forked()
    assert thing.renewals == 0
    monkeypatch.setattr(forking, "_process", 0)
    for _ in range(2):
        renew_if_forked()
    assert thing.renewals == 1


def test_only_one_thread_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    thing = Thing()
    process, has_asked = os.getpid(), threading.Event()

    def getpid() -> int:
        has_asked.set()
        return process

    monkeypatch.setattr(forking, "_process", 0)
    monkeypatch.setattr(os, "getpid", getpid)
    second = threading.Thread(target=renew_if_forked)
    with forking._lock:
        second.start()
        assert has_asked.wait(MAX_WAIT)
        renew_if_forked()
    second.join()
    assert thing.renewals == 1
