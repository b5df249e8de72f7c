"""Reports in a process that is forked while other threads report."""

import os
from pathlib import Path

import pytest

from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack.forking import _renew_all
from wsgistack.middleware.catch_errors.delivery import Delivery
from wsgistack.middleware.catch_errors.limiting import Limiter

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_has_its_own_locks_and_threads(tmp_path: Path) -> None:
    file = tmp_path / "reported"

    def reporter(report: object) -> None:
        with file.open("a") as opened:
            opened.write(f"{os.getpid()}\n")

    delivery = Delivery(reporter, "site.forking", in_background=True)
    limiter = Limiter(60)
    report = report_of(caught(fail))
    delivery.send(report)
    assert delivery.wait(10)
    with limiter._lock, delivery._lock:
        child = os.fork()
        if child == 0:
            limiter.admit("a", 1)  # would wait for ever
            delivery.send(report)
            os._exit(0 if delivery.wait(10) else 1)
    _renew_all()
    delivery.send(report)
    assert delivery.wait(10)
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(file.read_text().split()) == sorted(map(str, [os.getpid(), os.getpid(), child]))
