"""Log lines that no client can make too many of."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from wsgistack.http import notices
from wsgistack.http.notices import Notice

LOGGER = logging.getLogger("tests.notices")


def test_a_notice_is_logged_once_and_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    notice = Notice(LOGGER)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: notice.log("the peer %s", number), [7] * 100))
    assert caplog.messages == ["the peer 7"]


def test_the_next_notice_says_how_many_were_left_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "INTERVAL", 0.0)
    notice = Notice(LOGGER)
    notice.log("first")
    notice.log("second")
    monkeypatch.setattr(notices, "INTERVAL", 1000.0)
    notice.log("third")
    notice.log("left out")
    notice.log("left out, too")
    notice._next = 0.0
    notice.log("%s", "last")
    assert caplog.messages == ["first", "second", "third", "last (2 more since the last one)"]


def test_a_notice_shows_an_error(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError("why")
    Notice(LOGGER).log("failed", error=error)
    [record] = caplog.records
    assert record.exc_info
    assert record.exc_info[1] is error


def test_the_text_of_an_error_has_no_secrets_and_an_end(caplog: pytest.LogCaptureFixture) -> None:
    def render() -> None:
        raise ValueError("no database at postgresql://shop:tr0ub4dor@db/, password=tr0ub4dor" + "x" * 1_000_000)

    try:
        render()
    except ValueError as error:
        error.__context__ = KeyError("token=tr0ub4dor")
        Notice(LOGGER).log("failed", error=error)
    text = logging.Formatter().format(caplog.records[0])
    assert "tr0ub4dor" not in text
    assert len(text) < 10_000
    start, *_, call, line, said = text.splitlines()
    assert start == "failed"
    assert call.endswith("in render")
    assert line.strip().startswith("raise ValueError(")
    assert said.startswith("ValueError: no database at postgresql://[redacted]@db/, password=[redacted]")


def test_a_logger_may_leave_out_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, LOGGER.name)
    Notice(LOGGER).log("failed", error=ValueError("why"))
    assert caplog.records == []
