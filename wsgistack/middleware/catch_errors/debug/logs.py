"""The log records of one request.

The factory of log records is replaced, once for a process. A handler at the root logger would see fewer of them, and
without other handlers ``logging`` would no longer print warnings, and ``basicConfig()`` would do nothing.
"""

import logging
from collections import deque
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple

from wsgistack.errors import class_name
from wsgistack.exchange.context import call_in_context
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Entry", "Recording", "describe_records"]

RECORDS = "wsgistack.debug_records"
MAX_RECORDS = 200
"""Of one request: the last ones."""

MAX_MESSAGE = 2000
"""In characters."""

_PLAIN = (str, int, float, bool, type(None))


class _Kept(NamedTuple):
    created: float
    level: str
    logger: str
    message: object
    arguments: Any
    error: str


class Entry(NamedTuple):
    """A log record, as texts."""

    time: str
    level: str
    logger: str
    message: str


class _Records:
    """The records of one request. Without a ``__dict__``, they are not shown among the values."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: deque[_Kept] = deque(maxlen=MAX_RECORDS)


_records: ContextVar[_Records | None] = ContextVar("wsgistack.debug_records", default=None)


class Recording:
    """An application whose log records are kept for each request."""

    def __init__(self, app: App) -> None:
        self._app = app
        make = logging.getLogRecordFactory()
        if not isinstance(make, _Factory):
            logging.setLogRecordFactory(_Factory(make))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if RECORDS in environ:  # an outer layer keeps them
            return self._app(environ, start_response)
        records = environ[RECORDS] = _Records()
        return call_in_context(_records, records, self._app, environ, start_response)


class _Factory:
    """Makes log records as before, and keeps them for the request that is being served."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **kwargs)
        records = _records.get()
        if records is not None:
            kind = record.exc_info[0] if record.exc_info else None
            error = class_name(kind) if kind else ""
            records.kept.append(_Kept(record.created, record.levelname, record.name, record.msg, record.args, error))
        return record


def describe_records(environ: Environ, values: Values) -> list[Entry]:
    """The log records of a request so far, the oldest first."""
    records = environ.get(RECORDS)
    return [_describe(each, values) for each in [*records.kept]] if type(records) is _Records else []


def _describe(kept: _Kept, values: Values) -> Entry:
    message = kept.message if type(kept.message) is str else values.show(kept.message)
    arguments = kept.arguments
    if arguments:
        try:
            shown: Any
            if type(arguments) is dict:
                shown = {name: _fit(each, values) for name, each in arguments.items()}
            else:
                shown = tuple(_fit(each, values) for each in arguments)
            message = message % shown
        except Exception:
            message = f"{message} {values.show(arguments)}"
    error = f" ({kept.error})" if kept.error else ""
    time = datetime.fromtimestamp(kept.created, UTC).strftime("%H:%M:%S.%f")[:-3]
    return Entry(time, kept.level, kept.logger, values.cut(message, MAX_MESSAGE) + error)


def _fit(argument: object, values: Values) -> object:
    """An argument that formatting can use without running code of the application."""
    if type(argument) in _PLAIN:
        return argument[:MAX_MESSAGE] if type(argument) is str else argument
    return _Shown(values.show(argument))


class _Shown:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text
