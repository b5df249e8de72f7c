"""Lines that could not be written: the operator reads about them once, and how many there were."""

import io
import logging
import sys
from pathlib import Path

import pytest

from tests.direct import Body, Call, answering
from wsgistack import AccessLog
from wsgistack.middleware.access_log import losses


@pytest.fixture
def no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report the end of a loss at once."""
    monkeypatch.setattr(losses, "INTERVAL", 0)


@pytest.mark.usefixtures("no_interval")
def test_a_loss_is_reported_once_and_so_is_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "access.log"
    layer = AccessLog(answering([b"123"]), format="%s", file=path)
    path.mkdir()
    for _ in range(3):
        assert Call(layer).read() == b"123"
    path.rmdir()
    for _ in range(3):
        assert Call(layer).read() == b"123"
    assert path.read_text() == "200\n" * 3
    lost, works = caplog.records
    assert (lost.levelname, works.levelname) == ("ERROR", "WARNING")
    assert lost.message == f"lines of the access log are being lost: [Errno 21] Is a directory: '{path}'"
    assert works.message == "the access log works again; lost lines: 3"
    assert lost.exc_info is None


def test_the_report_of_a_loss_shows_no_secrets_of_the_error_of_a_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    call = Call(AccessLog(answering(Body(b"123", ValueError("password=tr0ub4dor")))))
    with pytest.raises(ValueError, match="password"):
        call.read()
    assert "ValueError: I/O operation on closed file" in caplog.text
    assert "tr0ub4dor" not in caplog.text


def test_what_fails_now_and_then_does_not_flood_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 3600)
    layer = AccessLog(answering([b"123"]), format="%s")
    for _ in range(10):
        for stream in (None, io.StringIO()):
            monkeypatch.setattr(sys, "stderr", stream)
            Call(layer).read()
    [report] = caplog.records
    assert report.levelname == "ERROR"


def test_reports_go_to_the_logger_of_the_layer(caplog: pytest.LogCaptureFixture) -> None:
    layer = AccessLog(answering([b"123"]), file=Path("/dev/full"), logger="site.access")
    Call(layer).read()
    assert [(record.name, record.levelno) for record in caplog.records] == [("site.access", logging.ERROR)]


def test_an_end_is_reported_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 0)
    found = losses.Losses("wsgistack.access_log")
    found.add(OSError())
    found.end()
    found.end()  # by another thread, which saw the count before
    assert caplog.messages == [
        "lines of the access log are being lost: OSError",
        "the access log works again; lost lines: 1",
    ]


def test_reports_even_if_a_later_configuration_disabled_the_logger(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("site.access"), "disabled", True)
    losses.Losses("site.access").add(OSError())
    assert [record.name for record in caplog.records] == ["root"]
