"""The request id in the application's own log records, and in what it asks other services, threads and tasks to do.

One line adds it to all records of the process, where the application sets up logging::

    wsgistack.logging.add_to_records()

A filter adds it to those of one handler. ``dictConfig`` takes the filter by its name::

    {"filters": {"request_id": {"()": "wsgistack.logging.RequestIdFilter"}}}

A file for ``fileConfig`` has no filters. There, name a formatter, :class:`RequestIdFormatter` or
:class:`JsonFormatter`, which needs ``pip install 'wsgistack[json]'``::

    [formatter_json]
    class = wsgistack.logging.JsonFormatter

With each of them, a format can have ``%(request_id)s``, ``%(trace_id)s`` and ``%(global_request_id)s``, which are ``-``
where no id is known. A record that already has them keeps them: it may come from another thread through a queue.

:func:`carry_request_id` sends the id on: with the requests of ``requests``, ``httpx`` and ``urllib3``, into threads and
executors, and with the tasks of Celery. :func:`keep_request_id` does so for one function. For the jobs of RQ, there is
:class:`RequestIdJob`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgistack.logging.carrying import carry_request_id as carry_request_id
    from wsgistack.logging.formatting import JsonFormatter as JsonFormatter
    from wsgistack.logging.jobs import RequestIdJob as RequestIdJob
    from wsgistack.logging.keeping import keep_request_id as keep_request_id
    from wsgistack.logging.records import RequestIdFilter as RequestIdFilter
    from wsgistack.logging.records import RequestIdFormatter as RequestIdFormatter
    from wsgistack.logging.records import add_to_records as add_to_records

_HOMES = {
    "JsonFormatter": "formatting",
    "RequestIdFilter": "records",
    "RequestIdFormatter": "records",
    "RequestIdJob": "jobs",
    "add_to_records": "records",
    "carry_request_id": "carrying",
    "keep_request_id": "keeping",
}
__all__ = sorted(_HOMES.keys() - {"JsonFormatter", "RequestIdJob"})
# These two need a library. They are left out, so that "import *" works without it.


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Import each name when it is first used: some need a library."""
        if name not in _HOMES:
            raise AttributeError(f"module 'wsgistack.logging' has no attribute {name!r}")
        found: object = getattr(import_module(f"wsgistack.logging.{_HOMES[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted(_HOMES)
