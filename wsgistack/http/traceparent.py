"""The traceparent header (W3C Trace Context, levels 1 and 2)."""

import re
from typing import NamedTuple

from wsgistack.environ import TRACE_ID
from wsgistack.types import Environ

__all__ = ["TraceParent", "find_trace_id", "parse_traceparent"]

_PARTS = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?").fullmatch


class TraceParent(NamedTuple):
    """The trace that a request belongs to."""

    trace_id: str
    parent_id: str
    flags: int


def parse_traceparent(value: str | None) -> TraceParent | None:
    """Parse the value of a ``traceparent`` header. None if it is invalid (section 3.2.2)."""
    found = _PARTS(value or "")
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return TraceParent(trace_id, parent_id, int(flags, 16))


def find_trace_id(environ: Environ) -> str | None:
    """The id of the trace: the one that a layer has set, or else the one of the client's ``traceparent``."""
    known: str | None = environ.get(TRACE_ID)
    if known:
        return known
    parsed = parse_traceparent(environ.get("HTTP_TRACEPARENT"))
    return parsed and parsed.trace_id
