"""Reporters that fail, hang or are slow."""

import subprocess
import sys
import threading
from asyncio import CancelledError
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from gevent import Timeout

from tests.direct import Call, raising
from tests.middleware.catch_errors.failing import caught, fail, report_of
from tests.waiting import MAX_WAIT
from wsgistack import CatchErrors
from wsgistack.middleware.catch_errors.reports import delivery as home
from wsgistack.middleware.catch_errors.reports.delivery import BackgroundDelivery, Delivery
from wsgistack.middleware.catch_errors.reports.record import ErrorReport

REPORT = report_of(caught(fail))


class Gate:
    """A reporter that waits until it may go on."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.reports: list[ErrorReport] = []

    def __call__(self, report: ErrorReport) -> None:
        self.entered.set()
        assert self.open.wait(MAX_WAIT)
        self.reports.append(report)


def wait(delivery: BackgroundDelivery, seconds: float = MAX_WAIT) -> bool:
    """Wait until all reports are delivered."""
    return delivery._background.wait(seconds)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.mark.parametrize(
    ("in_background", "kind"),
    [*product([False, True], [OSError, SystemExit]), *product([True], [CancelledError, Timeout, KeyboardInterrupt])],
)
def test_a_reporter_that_fails_is_logged(
    in_background: bool, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(report: ErrorReport) -> None:
        raise kind(*["no network"] * (kind is not Timeout))

    delivery = BackgroundDelivery(broken, "site.reports") if in_background else Delivery(broken, "site.reports")
    for _ in range(2):
        delivery.send(REPORT)
    assert not isinstance(delivery, BackgroundDelivery) or wait(delivery)
    assert [record.name for record in caplog.records] == ["site.reports"] * 2
    assert "broken failed" in caplog.text
    assert kind is Timeout or "no network" in caplog.text


@pytest.mark.parametrize("reporter", ["broken", "file"])
def test_the_log_of_a_reporter_that_fails_shows_no_secrets_of_the_error(
    reporter: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(report: ErrorReport) -> None:
        try:
            int("no number")
        except ValueError as error:
            raise RuntimeError("not sent") from error

    options: dict[str, Any] = {"reporters": [broken], "report_in_background": False}
    if reporter == "file":
        options = {"report_file": tmp_path / "reports.jsonl"}
    app = CatchErrors(raising(ValueError("password=tr0ub4dor")), **options)
    (tmp_path / "reports.jsonl").mkdir()
    Call(app).read()
    assert ("no number" if reporter == "broken" else "IsADirectoryError") in caplog.text
    assert "tr0ub4dor" not in caplog.text


def test_a_reporter_that_hangs_delays_nobody_else(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    got: list[ErrorReport] = []
    hanging = BackgroundDelivery(gate, "site.reports")
    other = BackgroundDelivery(got.append, "site.reports")
    hanging.send(REPORT)
    assert gate.entered.wait(MAX_WAIT)
    for _ in range(103):
        hanging.send(REPORT)
    other.send(REPORT)
    assert wait(other)
    assert got == [REPORT]
    assert not wait(hanging, 0)
    gate.open.set()
    assert wait(hanging)
    assert len(gate.reports) == 101
    assert "the reporter Gate was too slow: 3 reports were dropped" in caplog.text


def test_the_last_reports_are_delivered_before_the_process_ends(tmp_path: Path) -> None:
    file = tmp_path / "reported"
    code = f"""
import time
from pathlib import Path
from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack.middleware.catch_errors.reports import delivery

def slow(report):
    time.sleep(0.2)
    Path({str(file)!r}).write_text(report.message)

delivery._PATIENCE = {MAX_WAIT}
delivery.BackgroundDelivery(slow, "site").send(report_of(caught(fail)))
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], check=True, timeout=2 * MAX_WAIT)
    assert file.read_text() == "no"


def test_says_that_a_thread_can_not_start(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate.open.set()
    delivery = BackgroundDelivery(gate, "wsgistack.catch_errors")

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        delivery.send(REPORT)
    delivery.send(REPORT)
    assert wait(delivery)
    assert gate.reports == [REPORT]
    assert caplog.messages == [
        "no thread can be started for the reporter Gate: reports are dropped",
        "the reporter Gate was too slow: 1 reports were dropped",
    ]


def test_says_at_once_that_a_reporter_hangs(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    delivery = BackgroundDelivery(gate, "wsgistack.catch_errors")
    delivery.send(REPORT)
    assert gate.entered.wait(MAX_WAIT)
    for _ in range(home._MAX_WAITING + 3):
        delivery.send(REPORT)
    assert [each.getMessage() for each in caplog.records] == ["the reporter Gate is too slow: reports are dropped"]
    gate.open.set()
    assert wait(delivery)
    assert "the reporter Gate was too slow: 3 reports were dropped" in caplog.text


_DROP_AND_EXIT = """
import logging, os, sys, threading
from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack.middleware.catch_errors.reports import delivery

entered = threading.Event()

def hanging(report):
    entered.set()
    threading.Event().wait()

def main():
    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
    delivery._PATIENCE = 0
    reporter = delivery.BackgroundDelivery(hanging, "site")
    report = report_of(caught(fail))
    reporter.send(report)
    entered.wait()
    for _ in range(103):
        reporter.send(report)

main()  # no name refers to the reporter when the process ends
"""
_FORK = "child = os.fork()\nif child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"


@pytest.mark.parametrize("after", ["", _FORK], ids=["process", "child"])
def test_the_end_of_a_process_reports_once_how_many_reports_were_dropped(after: str) -> None:
    program = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _DROP_AND_EXIT + after]
    done = subprocess.run(
        program, cwd=Path(__file__).parents[4], capture_output=True, text=True, check=True, timeout=MAX_WAIT
    )
    assert done.stderr.splitlines() == [
        "ERROR the reporter hanging is too slow: reports are dropped",
        "ERROR the reporter hanging was too slow: 3 reports were dropped",
    ]
