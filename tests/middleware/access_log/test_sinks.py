"""The logger of an access log: levels, attributes of the records, and a logger that was disabled later."""

import logging
from collections.abc import Iterator
from logging.config import dictConfig
from logging.handlers import BufferingHandler
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Body, Call, answering, raising
from wsgistack import AccessLog, ConfigError, RequestId
from wsgistack.types import App

LOGGER = "site.access"
SECOND = 1.0


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """The records that the logger gets."""
    handler = BufferingHandler(1000)
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.buffer
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def around(app: App, **options: Any) -> AccessLog:
    return AccessLog(app, output="logging", logger=LOGGER, format="%s", **options)


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("200 OK", "INFO"),
        ("101 Switching Protocols", "INFO"),
        ("304 Not Modified", "INFO"),
        ("404 Not Found", "WARNING"),
        ("500 Internal Server Error", "ERROR"),
        ("", "INFO"),
    ],
)
def test_the_level_follows_the_status(status: str, level: str, records: list[logging.LogRecord]) -> None:
    Call(around(answering([b"123"], status=status))).read()
    assert [record.levelname for record in records] == [level]


def test_what_failed_is_an_error_whatever_its_status(records: list[logging.LogRecord]) -> None:
    for app in (raising(RuntimeError("early")), answering(Body(b"12", RuntimeError("late")))):
        with pytest.raises(RuntimeError):
            Call(around(app)).read()
    Call(around(answering(Body(b"12")))).close()  # the client has gone
    assert [record.levelname for record in records] == ["ERROR", "ERROR", "INFO"]


@pytest.mark.parametrize(("level", "expected"), [("debug", 10), ("Warning", 30), (logging.INFO, 20), (15, 15)])
def test_the_level_can_be_the_same_for_all(level: int | str, expected: int, records: list[logging.LogRecord]) -> None:
    for status in ("200 OK", "500 Oops"):
        Call(around(answering([b"123"], status=status), level=level)).read()
    assert [record.levelno for record in records] == [expected] * 2


def test_a_level_that_the_logger_leaves_out_makes_no_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    Call(around(answering([b"123"]))).read()
    assert caplog.records == []


def test_slow_requests_are_at_least_warnings(records: list[logging.LogRecord]) -> None:
    for status in ("200 OK", "500 Oops"):
        for slow in (0.0, 60 * SECOND):
            Call(around(answering([b"123"], status=status), slow=slow)).read()
    assert [record.levelname for record in records] == ["WARNING", "INFO", "ERROR", "ERROR"]


def test_records_have_the_facts_as_attributes(records: list[logging.LogRecord]) -> None:
    sent = {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "caf\u00c3\u00a9", "HTTP_X_REQUEST_ID": "mine"}
    layer = around(answering([b"123"], status="404 Not Found"), extra_fields=["user_agent"])
    Call(RequestId(layer), "/a", QUERY_STRING="b=c", **sent).read()
    [record] = records
    expected = {
        "client": "192.0.2.7",
        "user": None,
        "method": "GET",
        "target": "/a?b=c",
        "status": 404,
        "bytes": 3,
        "outcome": "complete",
        "request_id": "mine",
        "user_agent": "caf\u00e9",
    }
    assert {name: getattr(record, name) for name in expected} == expected
    assert record.duration > 0  # type: ignore[attr-defined]
    assert record.getMessage() == "404"


@pytest.fixture
def disabled() -> Iterator[logging.Logger]:
    """A logger that a configuration of logging disables."""
    yield (logger := logging.getLogger(LOGGER))
    logger.disabled = False


@pytest.mark.usefixtures("disabled")
def test_warns_once_if_a_later_configuration_disabled_the_logger(caplog: pytest.LogCaptureFixture) -> None:
    layer = around(answering([b"123"]), level="critical")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    others = {
        logger: logger.disabled for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger)
    }
    try:
        dictConfig({"version": 1})
        for _ in range(3):
            Call(layer).read()
    finally:
        root.handlers, root.level = handlers, level
        for logger, was_disabled in others.items():
            logger.disabled = was_disabled
    [warning] = caplog.records
    assert (warning.name, warning.levelname) == ("root", "WARNING")
    assert warning.getMessage() == (
        "the access log is off: a configuration of logging has disabled the logger 'site.access'; name the logger "
        "there, or set disable_existing_loggers to false"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "wraning"}, "level: unknown level 'wraning'; did you mean 'warning'?"),
        ({"level": "staus"}, "level: unknown level 'staus'; did you mean 'status'?"),
        *(
            ({"queue": number}, f"queue: invalid value {number}; expected 0 lines or more")
            for number in (-1, True, inf, nan)
        ),
        *(
            ({"slow": number, "sample": 0}, f"slow: invalid value {number}; expected 0 seconds or more")
            for number in (-1, True, inf, nan)
        ),
        ({"queue": 9, "output": "logging"}, "queue: not for the output logging; use logging.handlers.QueueHandler"),
        ({"sample": 10}, "sample: not a rate: 10; expected 0 to 1; for 10 %, write 0.1"),
        ({"sample": -1}, "sample: not a rate: -1; expected 0 to 1"),
        ({"level": "info"}, "level: changes nothing without logging; write output = logging; or sample = 0 for errors"),
        ({"file": "x/stdout"}, "file: would be a file with the name 'stdout'; write output = stdout"),
        ({"file": "x", "output": "logging"}, "file: can't be used with output = logging; remove one of them"),
        ({"slow": 1.0}, "slow: changes nothing without sample or output; write sample = 0 to log slow requests and "),
    ],
)
def test_refuses_an_option_that_is_wrong_or_has_no_effect(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        AccessLog(answering([]), **options)
    assert str(raised.value).startswith(message)


def test_a_file_can_be_a_device() -> None:
    assert AccessLog(answering([]), file=Path("/dev/stdout"))


def test_a_slow_request_is_one_thing_for_a_file_and_for_a_logger(tmp_path: Path) -> None:
    AccessLog(answering([]), file=tmp_path / "log", slow=1.0, sample=0)
    AccessLog(answering([]), output="logging", slow=1.0)


def test_the_attributes_of_records_can_be_chosen(records: list[logging.LogRecord]) -> None:
    Call(around(answering([b"123"]), fields=["status"], extra_fields={"agent": "user_agent"})).read()
    Call(around(answering([b"123"]), extra_fields=["host"])).read()
    chosen, extended = map(vars, records)
    assert (chosen["status"], chosen["agent"]) == (200, None)
    assert "client" not in chosen
    assert {"client", "host"} <= {*extended}
    assert [record.getMessage() for record in records] == ["200", "200"]


@pytest.mark.parametrize("name", ["name", "args", "message", "asctime"])
def test_refuses_an_attribute_that_every_record_has(name: str) -> None:
    hint = f"{name!r} is an attribute that every log record has; write another name, such as http_{name}"
    for option in ("fields", "extra_fields"):
        with pytest.raises(ConfigError) as raised:
            around(answering([]), **{option: {name: "status"}})
        assert str(raised.value) == f"{option}: {hint}"
    AccessLog(answering([]), format="json", fields={name: "status"})
