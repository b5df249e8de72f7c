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
