"""The ids of the current request in log records."""

import logging
from collections.abc import Callable

from wsgistack.exchange.current import origin_var, request_id_var

__all__ = ["RequestIdFilter", "RequestIdFormatter", "add_ids", "add_to_records"]


class RequestIdFilter(logging.Filter):
    """Add the id of the current request to each log record, as ``record.request_id``.

    ::

        handler.addFilter(RequestIdFilter())

    Also ``record.trace_id`` and ``record.global_request_id``. Add the filter to a handler: the filter of a logger does
    not see the records of the loggers below it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Accept every record."""
        add_ids(record)
        return True


class RequestIdFormatter(logging.Formatter):
    """A formatter that knows ``%(request_id)s`` without a filter, for the files of ``fileConfig``.

    ::

        [formatter_line]
        class = wsgistack.logging.RequestIdFormatter
        format = %(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s
    """

    def format(self, record: logging.LogRecord) -> str:
        """Add the ids that the record does not have, and format it."""
        add_ids(record)
        return super().format(record)


def add_to_records() -> None:
    """Add the ids to all records that this process makes from now on.

    The record factory that is set stays in effect. A second call does nothing. Records have the names then, so that
    logging refuses them in ``extra``; if the application uses them there, add :class:`RequestIdFilter` to its handlers.
    """
    make = logging.getLogRecordFactory()
    if not isinstance(make, _Factory):
        logging.setLogRecordFactory(_Factory(make))


class _Factory:
    """Makes records with the ids."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: object, **kwargs: object) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        add_ids(record)
        return record


def add_ids(record: logging.LogRecord) -> None:
    """Add the ids, unless the record has one already: it may come from another thread through a queue."""
    kept = vars(record)
    if "request_id" not in kept:
        origin = origin_var.get()
        kept.update(request_id=request_id_var.get(), trace_id=origin.trace_id, global_request_id=origin.global_id)
