"""Reporters that fail, hang or are slow."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack.middleware.catch_errors import delivery as home
from wsgistack.middleware.catch_errors.delivery import Delivery
from wsgistack.middleware.catch_errors.report import ErrorReport

REPORT = report_of(caught(fail))


class Gate:
    """A reporter that waits until it may go on."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.reports: list[ErrorReport] = []

    def __call__(self, report: ErrorReport) -> None:
        self.entered.set()
        assert self.open.wait(30)
        self.reports.append(report)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.mark.parametrize("in_background", [False, True])
@pytest.mark.parametrize("kind", [OSError, SystemExit])
def test_a_reporter_that_fails_is_logged(
    in_background: bool, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(report: ErrorReport) -> None:
        raise kind("no network")

    delivery = Delivery(broken, "site.reports", in_background=in_background)
    for _ in range(2):
        delivery.send(REPORT)
    assert delivery.wait(10)
    assert [record.name for record in caplog.records] == ["site.reports"] * 2
    assert "broken failed" in caplog.text
    assert "no network" in caplog.text


def test_a_reporter_that_hangs_delays_nobody_else(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    got: list[ErrorReport] = []
    hanging = Delivery(gate, "site.reports", in_background=True)
    other = Delivery(got.append, "site.reports", in_background=True)
    hanging.send(REPORT)
    assert gate.entered.wait(10)
    for _ in range(103):
        hanging.send(REPORT)
    other.send(REPORT)
    assert other.wait(10)
    assert got == [REPORT]
    assert not hanging.wait(0)
    gate.open.set()
    assert hanging.wait(10)
    assert len(gate.reports) == 101
    assert "the reporter Gate was too slow: 3 reports were dropped" in caplog.text


def test_the_thread_ends_when_it_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "_IDLE", 0.01)
    got: list[ErrorReport] = []
    delivery = Delivery(got.append, "site.reports", in_background=True)
    assert delivery.wait(1)
    for number in (1, 2):
        delivery.send(REPORT)
        assert delivery.wait(10)
        for thread in threading.enumerate():
            if thread.name == "wsgistack-reports" and thread._target == delivery._work:  # type: ignore[attr-defined]
                thread.join(10)
        assert delivery._thread is None
        assert len(got) == number


def test_an_idle_thread_goes_on_if_a_report_has_just_come() -> None:
    got: list[ErrorReport] = []
    delivery = Delivery(got.append, "site.reports", in_background=True)

    class Late(Queue[ErrorReport]):
        """A report comes between the timeout and the lock."""

        calls = 0

        def get(self, block: bool = True, timeout: float | None = None) -> ErrorReport:
            self.calls += 1
            if self.calls == 1:
                raise Empty
            return super().get(block, timeout)

    delivery._queue = Late()
    delivery.send(REPORT)
    home._finish()
    assert got == [REPORT]


def test_the_last_reports_are_delivered_before_the_process_ends(tmp_path: Path) -> None:
    file = tmp_path / "reported"
    code = f"""
import time
from pathlib import Path
from queue import Empty, Queue
from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack.middleware.catch_errors.delivery import Delivery

def slow(report):
    time.sleep(0.2)
    Path({str(file)!r}).write_text(report.message)

Delivery(slow, "site", in_background=True).send(report_of(caught(fail)))
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True, timeout=60)
    assert file.read_text() == "no"


def test_a_thread_that_can_not_start_loses_no_later_report(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.open.set()
    delivery = Delivery(gate, "wsgistack.catch_errors", in_background=True)

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        delivery.send(REPORT)
    delivery.send(REPORT)
    assert delivery.wait(30)
    assert gate.reports == [REPORT, REPORT]


def test_says_at_once_that_a_reporter_hangs(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    delivery = Delivery(gate, "wsgistack.catch_errors", in_background=True)
    delivery.send(REPORT)
    assert gate.entered.wait(30)
    for _ in range(home._MAX_WAITING + 3):
        delivery.send(REPORT)
    assert [each.getMessage() for each in caplog.records] == ["the reporter Gate is too slow: reports are dropped"]
    gate.open.set()
    assert delivery.wait(30)
    assert "the reporter Gate was too slow: 3 reports were dropped" in caplog.text
