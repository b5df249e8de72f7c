"""The reporters that are included: a logger, and a file of JSON lines."""

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Mistakes, describe_type
from wsgistack.imports import import_object
from wsgistack.middleware.catch_errors.reports.record import ErrorReport, Reporter
from wsgistack.processes.writable import check_file

__all__ = ["REPORTS_LOGGER", "JsonLines", "find_reporters", "report_to_logging"]

REPORTS_LOGGER = "wsgistack.reports"
"""The logger of the reporter ``logging``."""

_LOGGING = "logging"
_EXPECTED = f"{_LOGGING}, or package.module:callable"


def find_reporters(given: Iterable[object]) -> list[Reporter]:
    """The reporters that names, import strings and callables mean.

    :raises ConfigError: one of them means none.
    """
    found: list[Reporter] = []
    mistakes = Mistakes()
    for each in given:
        with mistakes.collect(key="reporters"):
            meant = each
            if isinstance(each, str):
                hint = "write logging" if each.lower() == _LOGGING else ""
                if ":" not in each and each != _LOGGING:
                    raise ConfigError(Mistake(f"unknown reporter {each!r}", value=each, expected=_EXPECTED, hint=hint))
                meant = report_to_logging if each == _LOGGING else import_object(each)
            if not callable(meant) or isinstance(meant, type):
                raise ConfigError(Mistake(describe_type(meant), value=each, expected="a callable that takes a report"))
            found.append(meant)
    mistakes.raise_if_any()
    return found


def report_to_logging(report: ErrorReport) -> None:
    """Log a report at level ERROR, for handlers such as :class:`logging.handlers.SMTPHandler`.

    The record has every field of the report in ``record.report``.
    """
    logger = logging.getLogger(REPORTS_LOGGER)
    if not logger.isEnabledFor(logging.ERROR):
        return
    again = f" ({report.suppressed} more since the last report)" if report.suppressed else ""
    lines = [
        f"{report.exception}: {report.message}{again}",
        f"Request: {report.request_line}",
        f"Request id: {report.request_id}",
        f"Where: {report.origin}",
        f"Fingerprint: {report.fingerprint}",
        "",
        *(f"{name}: {value}" for name, value in report.headers.items()),
    ]
    # a traceback as text: the error itself would keep all variables of its frames alive in a queue
    extra = {"report": report._asdict(), "request_id": report.request_id, "fingerprint": report.fingerprint}
    record = logger.makeRecord(
        logger.name, logging.ERROR, __file__, 0, "%s", ("\n".join(lines),), None, "report_to_logging", extra
    )
    record.exc_text = report.traceback
    logger.handle(record)


class JsonLines:
    """Appends each report to a file, as one line of JSON. Each line is one write, so that processes can share it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """Check that the file can be made. It is made by the first report.

        :raises ConfigError: it can't.
        """
        check_file(self.path, "report_file", "a file to append to")

    def __call__(self, report: ErrorReport, /) -> None:
        """Append a line."""
        # a pipe that nobody reads fails, instead of keeping the client waiting; Windows has no such flag
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        file = os.open(self.path, flags, 0o600)
        try:
            os.write(file, f"{json.dumps(report._asdict())}\n".encode())
        finally:
            os.close(file)
