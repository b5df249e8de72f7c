"""The ids in log records: through a filter, a formatter, the record factory, and the configuration of logging."""

import logging
import logging.config
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from tests.config.logging_tree import own_logging
from tests.direct import Call
from wsgistack import RequestId, current_request_id, request_id_var
from wsgistack import logging as ours
from wsgistack.exchange.current import Origin, origin_var
from wsgistack.types import Environ, StartResponse

FORMAT = "%(request_id)s %(trace_id)s %(global_request_id)s %(message)s"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def _keeps_the_factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture(name="log")
def _log() -> Iterator[logging.Logger]:
    """The application's logger, which the test sets up."""
    with own_logging():
        yield logging.getLogger("tests.shop")


def serve(log: logging.Logger) -> None:
    """One request, whose application logs, and some records outside of it."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        log.error("working")
        start_response("200 OK", [])
        yield b"first"
        log.error("streaming")

    log.error("before")
    Call(RequestId(app), HTTP_X_REQUEST_ID="mine", HTTP_TRACEPARENT=f"00-{TRACE}-00f067aa0ba902b7-01").read()
    log.error("after")


LINES = ["- - - before", f"mine {TRACE} - working", f"mine {TRACE} - streaming", "- - - after"]


def test_a_filter_adds_them(log: logging.Logger) -> None:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(ours.RequestIdFilter())
    log.addHandler(handler)
    serve(log)
    assert written.getvalue().splitlines() == LINES


def test_one_line_adds_them_to_all_records(log: logging.Logger) -> None:
    class Own(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Own)
    ours.add_to_records()
    factory = logging.getLogRecordFactory()
    ours.add_to_records()
    assert logging.getLogRecordFactory() is factory
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(lambda record: isinstance(record, Own))
    handler.setFormatter(logging.Formatter(FORMAT))
    log.addHandler(handler)
    serve(log)
    assert written.getvalue().splitlines() == LINES


def test_a_record_from_elsewhere_keeps_its_ids() -> None:
    ours.add_to_records()
    record = logging.makeLogRecord({"request_id": "theirs", "trace_id": "a", "global_request_id": "b", "msg": "sent"})
    assert ours.RequestIdFilter().filter(record)
    assert ours.RequestIdFormatter(FORMAT).format(record) == "theirs a b sent"


def test_dict_config_finds_the_filter_by_its_name(log: logging.Logger) -> None:
    written = StringIO()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_id": {"()": "wsgistack.logging.RequestIdFilter"}},
            "formatters": {"line": {"format": FORMAT}, "json": {"()": "wsgistack.logging.JsonFormatter"}},
            "handlers": {
                "written": {
                    "class": "logging.StreamHandler",
                    "stream": written,
                    "filters": ["request_id"],
                    "formatter": "line",
                }
            },
            "loggers": {log.name: {"handlers": ["written"], "propagate": False}},
        }
    )
    serve(log)
    assert written.getvalue().splitlines() == LINES


INI = """
[loggers]
keys = root, shop
[handlers]
keys = written
[formatters]
keys = line
[logger_root]
handlers =
[logger_shop]
qualname = tests.shop
handlers = written
propagate = 0
[handler_written]
class = FileHandler
args = ({path!r},)
formatter = line
[formatter_line]
class = wsgistack.logging.RequestIdFormatter
format = %(request_id)s %(trace_id)s %(global_request_id)s %(message)s
"""


def test_an_ini_file_finds_the_formatter_by_its_name(log: logging.Logger, tmp_path: Path) -> None:
    path, file = tmp_path / "app.log", tmp_path / "logging.ini"
    file.write_text(INI.format(path=str(path)), "utf-8")
    logging.config.fileConfig(file, disable_existing_loggers=False)
    serve(log)
    assert path.read_text("utf-8").splitlines() == LINES


def test_shows_the_global_id() -> None:
    tokens = request_id_var.set("own"), origin_var.set(Origin(global_id="shared"))
    record = logging.makeLogRecord({"msg": "sent"})
    try:
        assert ours.RequestIdFormatter(FORMAT).format(record) == "own - shared sent"
    finally:
        request_id_var.reset(tokens[0])
        origin_var.reset(tokens[1])
    assert current_request_id() == "-"


def test_promises_these_names() -> None:
    names = (
        "JsonFormatter RequestIdFilter RequestIdFormatter RequestIdJob add_to_records carry_request_id keep_request_id"
    )
    assert dir(ours) == names.split()
    with pytest.raises(AttributeError, match=r"^module 'wsgistack.logging' has no attribute 'Filter'$"):
        ours.Filter  # type: ignore[attr-defined]  # noqa: B018
