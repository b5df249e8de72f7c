"""Log records as JSON, with the ids of the request."""

from copy import copy
from datetime import UTC, datetime
from logging import LogRecord
from typing import TYPE_CHECKING, Any

from wsgistack.exchange.current import NO_ID
from wsgistack.imports import require_extra
from wsgistack.logging.records import add_ids

if TYPE_CHECKING:
    from pythonjsonlogger.json import JsonFormatter as _Formatter
else:
    _Formatter = require_extra("pythonjsonlogger.json", extra="json", key="class").JsonFormatter

__all__ = ["JsonFormatter"]

_FIELDS = "%(levelname)s %(name)s %(message)s"
_NAMES = {"levelname": "level", "name": "logger"}
_IDS = ("request_id", "trace_id", "global_request_id")


class JsonFormatter(_Formatter):
    """Format each record as one JSON object on one line, with the time in UTC, what ``extra`` holds, and the ids.

    ::

        handler.setFormatter(JsonFormatter())

        [formatter_json]
        class = wsgistack.logging.JsonFormatter

    A line looks like this, with the end left out::

        {"time": "2026-01-31T12:00:00.123456Z", "level": "INFO", "logger": "shop", "message": "sold", "request_id": ...

    An id that is not known is left out. The name ``request_id`` is that of the access log's format ``json``.

    :param fmt: the fields, as ``%(name)s``. The default is the level, the logger and the message.
    :param datefmt: the format of ``asctime``, if ``fmt`` has it.
    :param style: the style of ``fmt``.
    :param validate: check ``fmt``.
    :param options: further options of python-json-logger's ``JsonFormatter``, such as ``static_fields``.
    :raises ConfigError: python-json-logger is not installed.
    """

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: str = "%",
        validate: bool = True,
        **options: Any,
    ) -> None:
        options["rename_fields"] = {**_NAMES, **(options.get("rename_fields") or {})}
        super().__init__(fmt or _FIELDS, datefmt, style if fmt else "%", validate, **options)

    def format(self, record: LogRecord) -> str:
        """Format a record. A traceback that was written before stays, as with the formatters of Python."""
        if record.exc_text:
            record = copy(record)
            record.exc_info = None  # python-json-logger would write it anew
        return super().format(record)

    def add_fields(self, log_data: dict[str, Any], record: LogRecord, message_dict: dict[str, Any]) -> None:
        """Add the time first, and the ids that are known last."""
        moment = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
        add_ids(record)
        super().add_fields(log_data, record, message_dict)
        for name in _IDS:
            if log_data.get(name) == NO_ID:
                del log_data[name]
