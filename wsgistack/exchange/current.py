"""The request that the running code works on: its id, and what belongs to the same work elsewhere.

The variables are set while an application works, for each chunk, and in ``close()``; never in between.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import NamedTuple

__all__ = ["NO_ID", "Origin", "current_request_id", "origin_var", "request_id_var"]

NO_ID = "-"

request_id_var: ContextVar[str] = ContextVar("wsgistack.request_id", default=NO_ID)
"""The id of the current request; ``-`` between requests. To read it, call :func:`current_request_id`."""


class Origin(NamedTuple):
    """What a request belongs to.

    :param trace_id: the trace (W3C Trace Context).
    :param global_id: the id that several services share.
    :param headers: the headers that carry both on to other services.
    """

    trace_id: str = NO_ID
    global_id: str = NO_ID
    headers: Mapping[str, str] = {}


origin_var: ContextVar[Origin] = ContextVar("wsgistack.origin", default=Origin())  # noqa: B039 (it can't be changed)
"""What the current request belongs to, if a layer knows."""


def current_request_id() -> str:
    """Return the id of the request that this thread, greenlet or task works on; ``-`` outside of requests."""
    return request_id_var.get()
