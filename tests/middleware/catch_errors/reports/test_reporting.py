"""What becomes of an error besides its answer: one record, reports, capsules, and no harm."""

import io
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf, nan
from pathlib import Path

import pytest

from tests.middleware.catch_errors.failing import Unprintable, fail, failing, send
from tests.waiting import MAX_WAIT
from wsgistack import CatchErrors, ConfigError, Pipeline
from wsgistack.middleware.catch_errors.reports.record import ErrorReport

HERE = __name__
RECEIVED: list[ErrorReport] = []


def receive(report: ErrorReport) -> None:
    RECEIVED.append(report)


@pytest.fixture(autouse=True)
def forget() -> None:
    RECEIVED.clear()


def raise_error(error: Exception) -> None:
    raise error


@contextmanager
def broken_logger(name: str) -> Iterator[None]:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    handler = Broken()
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


def test_reports_once_in_a_period_and_counts_the_others() -> None:
    layer = CatchErrors(failing(lambda _: fail()), reporters=[receive], report_in_background=False, report_interval=0)
    for _ in range(3):
        send(layer)
    assert len(RECEIVED) == 3
    RECEIVED.clear()
    layer = CatchErrors(failing(lambda _: fail()), reporters=[receive], report_in_background=False)
    for _ in range(3):
        send(layer)
    assert len(RECEIVED) == 1


def test_a_reporter_in_the_background_gets_the_report_too() -> None:
    received = threading.Event()
    threads: list[str] = []

    def reporter(report: ErrorReport) -> None:
        threads.append(threading.current_thread().name)
        received.set()

    send(CatchErrors(failing(lambda _: fail()), reporters=[reporter]))
    assert received.wait(MAX_WAIT)
    assert threads == ["wsgistack-reports"]


def test_is_configured_by_import_strings(tmp_path: Path) -> None:
    layer = {
        "use": "catch_errors",
        "reporters": [f"{HERE}:receive"],
        "report_file": str(tmp_path / "reports.jsonl"),
        "report_interval": "1h",
        "report_in_background": False,
        "redact": ["ahv"],
        "capsules": str(tmp_path / "capsules"),
    }
    app = Pipeline(["request_id", layer]).wrap(failing(lambda _: fail()))
    send(app, HTTP_X_AHV="756.1234", QUERY_STRING="a=756.1234")
    [report] = RECEIVED
    assert report.headers["X-Ahv"] == "[redacted]"
    assert report.request_line == "GET /?a=756.1234 HTTP/1.0", "only where its name says it"
    assert json.loads((tmp_path / "reports.jsonl").read_text()) == report._asdict()
    [capsule] = (tmp_path / "capsules").iterdir()
    assert json.loads(capsule.read_text())["layers"] == ["request_id", "catch_errors"]


@pytest.mark.parametrize("seconds", [-1, True, inf, nan])
def test_refuses_an_interval_that_is_not_a_duration(seconds: float) -> None:
    with pytest.raises(ConfigError, match=f"^report_interval: invalid value {seconds}; expected 0 seconds or more$"):
        CatchErrors(failing(print), report_interval=seconds)


def test_reports_all_mistakes_at_once(tmp_path: Path) -> None:
    layer = {
        "use": "catch_errors",
        "reporters": ["mail"],
        "report_file": str(tmp_path),
        "capsules": str(tmp_path / "a" / "b"),
    }
    with pytest.raises(ConfigError) as raised:
        Pipeline([layer]).wrap(failing(print))
    assert [each.key for each in raised.value.mistakes] == ["reporters", "report_file", "capsules"]
    assert [*tmp_path.iterdir()] == []


def test_a_message_of_100_mb_is_truncated_in_the_log_and_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = io.StringIO()
    logger = logging.getLogger("site.huge")
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(texts)])
    monkeypatch.setattr(logger, "propagate", False)
    error = ValueError("a" * 100_000_000)
    layer = CatchErrors(
        failing(lambda _: raise_error(error)),
        logger="site.huge",
        reporters=[receive],
        report_in_background=False,
        capsules=tmp_path,
    )
    assert send(layer)[0] == "500 Internal Server Error"
    [capsule] = tmp_path.iterdir()
    assert "ValueError: aaa" in texts.getvalue()
    assert max(len(texts.getvalue()), len(json.dumps(RECEIVED[0])), capsule.stat().st_size) < 200_000


def recurse(environ: object) -> None:
    recurse(environ)


def group(environ: object) -> None:
    noted = KeyError("inner")
    noted.add_note("a note")
    raise ExceptionGroup("several", [noted, ExceptionGroup("deeper", [Unprintable()])]) from OSError("cause")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (recurse, "RecursionError"),
        (group, "a note"),
        (lambda _: raise_error(MemoryError()), "MemoryError"),
        (lambda _: raise_error(Unprintable()), "Unprintable"),
        (lambda _: raise_error(SyntaxError("odd", ("file", 1, 9, "text", 0, 99))), "SyntaxError"),
    ],
    ids=["recursion", "group", "memory", "unprintable", "syntax"],
)
def test_reports_errors_of_every_kind(
    function: Callable[..., object], said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    layer = CatchErrors(
        failing(function),
        reporters=[receive],
        report_in_background=False,
        report_file=tmp_path / "file",
        capsules=tmp_path / "capsules",
    )
    assert send(layer)[0] == "500 Internal Server Error"
    assert said in RECEIVED[0].traceback
    assert said in caplog.text
    [capsule] = (tmp_path / "capsules").iterdir()
    assert said in capsule.read_text()


def test_an_error_with_broken_notes_is_reported(tmp_path: Path) -> None:
    class Broken(Exception):  # noqa: N818
        __notes__ = property(lambda self: 1 / 0)

    layer = CatchErrors(
        failing(lambda _: raise_error(Broken())), reporters=[receive], report_in_background=False, capsules=tmp_path
    )
    assert send(layer)[0] == "500 Internal Server Error"
    assert [report.exception.rpartition(".")[2] for report in RECEIVED] == ["Broken"]
    [capsule] = tmp_path.iterdir()
    assert json.loads(capsule.read_text())["errors"][0]["notes"] == []


def test_a_broken_log_keeps_no_reporter_from_its_work() -> None:
    errors = io.StringIO()
    layer = CatchErrors(
        failing(lambda _: fail()), logger="site.broken", reporters=[receive], report_in_background=False
    )
    with broken_logger("site.broken"):
        assert send(layer, "/", b"", **{"wsgi.errors": errors})[0] == "500 Internal Server Error"
    assert len(RECEIVED) == 1
    assert "disk full" in errors.getvalue()
    assert "ValueError: no" in errors.getvalue()


def test_the_client_gets_an_answer_even_if_nothing_can_be_logged(tmp_path: Path) -> None:
    def broken(report: ErrorReport) -> None:
        raise OSError("no network")

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("closed")

    file = tmp_path / "file"
    file.touch()
    layer = CatchErrors(
        failing(lambda _: fail()),
        logger="site.broken",
        reporters=[broken],
        report_in_background=False,
        capsules=tmp_path / "capsules",
    )
    (tmp_path / "capsules").symlink_to(file)
    with broken_logger("site.broken"):
        status, body = send(layer, "/", b"", **{"wsgi.errors": Closed()})
    assert status == "500 Internal Server Error"
    assert b'"status": 500' in body


def test_a_disabled_logger_makes_no_record_but_reports() -> None:
    layer = CatchErrors(
        failing(lambda _: fail()), logger="site.disabled", reporters=[receive], report_in_background=False
    )
    logger = logging.getLogger("site.disabled")
    logger.setLevel(logging.CRITICAL)
    try:
        send(layer)
    finally:
        logger.setLevel(logging.NOTSET)
    assert len(RECEIVED) == 1


def test_a_caller_that_wants_the_exception_is_no_incident(tmp_path: Path) -> None:
    layer = CatchErrors(
        failing(lambda _: fail()), reporters=[receive], report_in_background=False, capsules=tmp_path / "capsules"
    )
    with suppress(ValueError):
        send(layer, "/", b"", **{"wsgistack.raise_errors": True})
    assert RECEIVED == []
    assert os.listdir(tmp_path) == []  # noqa: PTH208
