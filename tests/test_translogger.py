"""The layer in the place of Paste's TransLogger: its options in an ini file, and its lines."""

import logging
import re
import time
from collections.abc import Iterator
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any

import paste.deploy
import pytest
from paste.httpexceptions import HTTPNotFound
from paste.translogger import TransLogger as Original
from webob.exc import HTTPForbidden
from werkzeug.exceptions import Gone
from zExceptions import NotFound, Redirect

from tests.direct import Body, Call, answering, raising
from wsgistack import ConfigError, load
from wsgistack.testing import Judge
from wsgistack.translogger import TransLogger
from wsgistack.types import App

LOGGER = "wsgi"
BROWSER = {
    "REMOTE_ADDR": "192.0.2.7",
    "REMOTE_USER": "ann",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_REFERER": "https://example.org/a?b=c",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64)",
}


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The logger wsgi, which is as before after the test."""
    logger = logging.getLogger(LOGGER)
    handlers, level, propagate = logger.handlers[:], logger.level, logger.propagate
    yield logger
    logger.handlers, logger.propagate = handlers, propagate
    logger.setLevel(level)


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Paste writes the offset of summer all year, where there is one. Another test may have set such a zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def records(logger: logging.Logger) -> list[logging.LogRecord]:
    handler = BufferingHandler(1000)
    logger.addHandler(handler)
    return handler.buffer


@pytest.mark.usefixtures("in_utc")
@pytest.mark.parametrize(
    ("path", "environ"),
    [
        ("/", {}),
        ("/orders/42", BROWSER),
        ("/orders/42", {**BROWSER, "QUERY_STRING": "page=2&all"}),
        ("/a b/~c", {**BROWSER, "SCRIPT_NAME": "/shop"}),
        ("/", {**BROWSER, "REQUEST_METHOD": "HEAD"}),
    ],
)
@pytest.mark.parametrize(
    "app",
    [
        answering([b"12345"], ("Content-Length", "5")),
        answering([], ("Content-Length", "0"), status="404 Not Found"),
        answering(Body(b"123", b"45"), ("Content-Type", "text/html")),
    ],
    ids=["a length", "no body", "no length"],
)
@pytest.mark.parametrize(
    "format",
    [
        None,
        "%(REMOTE_ADDR)s [%(time)s] %(status)s",
        '%(REQUEST_METHOD)s %(REQUEST_URI)s %(HTTP_VERSION)s %(bytes)s 100%% %(REMOTE_USER)s "%(HTTP_USER_AGENT)s"',
        "%(HTTP_REFERER)s",
    ],
)
def test_lines_and_levels_are_those_of_paste(
    path: str, environ: dict[str, Any], app: App, format: str | None, records: list[logging.LogRecord]
) -> None:
    for layer in (Original, TransLogger):
        Call(layer(app, format=format, setup_console_handler=False), path, **environ).read()
    theirs, ours = records
    assert _hide_time(ours.getMessage()) == _hide_time(theirs.getMessage())
    assert (ours.name, ours.levelno) == (theirs.name, theirs.levelno)


def _hide_time(line: str) -> str:
    """Without the minute and the second, which may have changed between two requests."""
    return re.sub(r":\d\d:\d\d ([+-]\d{4}\])", r" \1", line)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("/nix"), "404"),
        (Redirect("/there"), "302"),
        (HTTPNotFound(), "404"),
        (HTTPForbidden(), "403"),
        (Gone(), "410"),
        (SystemExit(3), "500"),
        (RuntimeError("oops"), "500"),
    ],
)
def test_logs_the_status_of_an_error_that_is_an_answer(
    error: BaseException, status: str, records: list[logging.LogRecord]
) -> None:
    layer = TransLogger(raising(error), format="%(status)s", setup_console_handler=False)
    with pytest.raises(type(error)):
        Call(layer).read()
    assert [record.getMessage() for record in records] == [status]


INI = """
[pipeline:main]
pipeline = translogger app

[filter:translogger]
use = egg:wsgistack#translogger
logger_name = site.requests
format = %%(REQUEST_METHOD)s %%(status)s
logging_level = WARN
set_logger_level = ERROR
setup_console_handler = False

[app:app]
use = call:tests.test_translogger:make_app
"""


def make_app(global_conf: object) -> App:
    return answering([b"123"])


@pytest.mark.parametrize("loader", ["wsgistack", "PasteDeploy"])
def test_takes_the_options_of_paste_in_an_ini_file(loader: str, tmp_path: Path) -> None:
    (tmp_path / "site.ini").write_text(INI)
    logger = logging.getLogger("site.requests")
    handler = BufferingHandler(10)
    logger.addHandler(handler)
    file = tmp_path / "site.ini"
    app: App = load(file) if loader == "wsgistack" else paste.deploy.loadapp(f"config:{file}")
    try:
        Call(app).read()
        assert (logger.level, logger.propagate, handler.buffer) == (logging.ERROR, True, [])
        logger.setLevel(logging.INFO)
        Call(app).read()
        [record] = handler.buffer
        assert (record.getMessage(), record.levelname) == ("GET 200", "WARNING")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_prints_each_line_once_by_default(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logger.handlers = []
    layers = [TransLogger(answering([b"123"]), format="%(status)s") for _ in range(2)]
    for layer in layers:
        Call(layer).read()
    assert capsys.readouterr().err == "200\n200\n"
    assert (logger.level, logger.propagate) == (logging.DEBUG, False)


def test_can_leave_the_level_of_the_logger(logger: logging.Logger) -> None:
    logger.setLevel(logging.CRITICAL)
    TransLogger(answering([]), set_logger_level=None, setup_console_handler=False)
    assert logger.level == logging.CRITICAL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "%(REMOTE_ADR)s"}, "format: unknown name 'REMOTE_ADR' in the log format; did you mean 'REMOTE_A"),
        ({"format": "%h %l"}, "format: not a name: '%h'; expected names such as %(status)s; for directives of Apache"),
        ({"format": "%(status)5s"}, "format: not a name: '%'; expected names such as %(status)s"),
        ({"format": "%(status)s\n"}, "format: the log format has a line break; expected one line"),
        (
            {"format": "combined"},
            "format: all lines would be equal; expected names such as %(status)s; for a format that",
        ),
        ({"format": "line"}, "format: all lines would be equal; expected names such as %(status)s"),
        ({"logging_level": "LOUD"}, "logging_level: unknown level 'LOUD'; choose from"),
        ({"set_logger_level": "ERR"}, "set_logger_level: unknown level 'ERR'; did you mean 'error'?"),
    ],
)
def test_refuses_an_invalid_option_with_the_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        TransLogger(answering([]), setup_console_handler=False, **options)
    assert str(raised.value).startswith(message)


def test_refuses_an_unknown_option_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"site\.ini: translogger logger: unknown option of TransLogger; did you mean"
    ):
        TransLogger.factory({"__file__": str(tmp_path / "site.ini")}, logger="x")


def test_a_line_cannot_be_broken_or_forged(records: list[logging.LogRecord]) -> None:
    layer = TransLogger(answering([]), setup_console_handler=False)
    Call(layer, "/\r\n", HTTP_USER_AGENT='a" \n\x1b[31m', HTTP_X_FORWARDED_FOR="6.6.6.6").read()
    [record] = records
    assert re.search(r' "GET /%0D%0A HTTP/1.0" 200 - "-" "a\\" \\x0a\\x1b\[31m"$', record.getMessage())
    assert "6.6.6.6" not in record.getMessage()


def test_keeps_the_contract() -> None:
    class Built:
        changes = TransLogger.changes

        def __call__(self, app: App, /) -> App:
            return TransLogger(app, logger_name="tests.contract", setup_console_handler=False)

    judge = Judge(Built())
    verdicts = [judge.judge(name) for name in judge.names()]
    assert len(verdicts) > 200
    assert [verdict for verdict in verdicts if verdict.breaches] == []
