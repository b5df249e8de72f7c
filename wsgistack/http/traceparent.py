"""The traceparent header (W3C Trace Context, levels 1 and 2)."""

import os
import re

from wsgistack.environ import TRACE_ID
from wsgistack.types import Environ

__all__ = ["find_trace_id", "make_traceparent", "read_trace_id"]

_PARTS = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?").fullmatch
_RANDOM = "02"


def read_trace_id(value: object) -> str | None:
    """Return the id of the trace in the value of a ``traceparent`` header. None if it is invalid (section 3.2.2)."""
    found = _PARTS(value) if isinstance(value, str) else None
    if found is None:
        return None
    version, trace_id, parent_id, more = found.groups()
    if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return trace_id


def find_trace_id(environ: Environ) -> str | None:
    """The id of the trace: the one that a layer has set, or else the one of the client's ``traceparent``.

    A layer that trusts nobody's trace sets an empty text.
    """
    known = environ.get(TRACE_ID)
    if isinstance(known, str):
        return known or None
    return read_trace_id(environ.get("HTTP_TRACEPARENT"))


def make_traceparent() -> tuple[str, str]:
    """Make a new trace, and return its id and the value of its ``traceparent``.

    The flags say that the id is random (level 2, section 3.2.2.5.2), and not that anybody has recorded the trace.
    """
    trace_id = f"{int.from_bytes(os.urandom(16), 'big') or 1:032x}"  # zero is not valid
    parent_id = f"{int.from_bytes(os.urandom(8), 'big') or 1:016x}"
    return trace_id, f"00-{trace_id}-{parent_id}-{_RANDOM}"
