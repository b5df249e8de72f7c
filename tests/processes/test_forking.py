"""Reports in a process that is forked while other threads report."""

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.direct import answering
from tests.forking import fork_like_uwsgi, wait_for_child
from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack import RequestFilter
from wsgistack.http.notices import Notice
from wsgistack.middleware.access_log.file import LogFile
from wsgistack.middleware.catch_errors.reports.delivery import BackgroundDelivery
from wsgistack.middleware.catch_errors.reports.limiting import Limiter
from wsgistack.processes import forking
from wsgistack.processes.background import Background, _wait_for_all
from wsgistack.processes.forking import _renew_all, renew_after_fork, renew_if_forked

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
    assert delivery._background.wait(10)
    with limiter._lock, delivery._background._lock, delivery._delivery._lock:
        child = os.fork()
        if child == 0:
            limiter.admit("a", 1)  # would wait for ever
            delivery.send(report)
            os._exit(0 if delivery._background.wait(10) else 1)
    _renew_all()
    delivery.send(report)
    assert delivery._background.wait(10)
    assert wait_for_child(child) == 0
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
            may_end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(10)
    assert not thing._lock.acquire(blocking=False)
    _renew_all()
    assert thing._lock.acquire(blocking=False)
    may_end.set()
    thread.join()


def test_a_child_of_uwsgi_has_its_own_thread(tmp_path: Path) -> None:
    file = tmp_path / "worked"
    background: Background[str] = Background(
        lambda text: file.write_text(f"{text} {os.getpid()}"), 10, name="forking", patience=10
    )
    background.put("parent")
    assert background.wait(10)
    child = fork_like_uwsgi()
    if not child:
        background.put("child")
        os._exit(0 if background.wait(10) else 1)
    assert wait_for_child(child) == 0
    assert file.read_text() == f"child {child}"


def test_a_child_of_uwsgi_that_has_no_thread_ends_at_once() -> None:
    background = Background(print, 10, name="forking", patience=20)
    background.put("parent")
    child = fork_like_uwsgi()
    if not child:
        signal.alarm(10)
        _wait_for_all()
        os._exit(0)
    assert wait_for_child(child) == 0


def test_a_child_of_uwsgi_has_its_own_position_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgistack.middleware.access_log.file.INTERVAL", 0)
    log = LogFile(tmp_path / "access.log", "site.forking")
    log.write("parent")
    position = os.lseek(log._file, 0, os.SEEK_CUR)
    child = fork_like_uwsgi()
    if not child:
        log.write("child")
        os._exit(0)
    assert wait_for_child(child) == 0
    assert os.lseek(log._file, 0, os.SEEK_CUR) == position


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
        has_asked.wait(10)
        renew_if_forked()
    second.join()
    assert thing.renewals == 1
