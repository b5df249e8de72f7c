"""The record of one error that reporters get: plain values without secrets."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

__all__ = ["ErrorReport", "Reporter"]


class ErrorReport(NamedTuple):
    """One error, for a reporter. All values are plain, and secrets are redacted.

    :param time: when it happened, in seconds since 1970.
    :param fingerprint: the same for the same error: see :func:`find_fingerprint`.
    :param exception: the class of the error, with its module.
    :param message: what the error says, shortened.
    :param origin: the innermost function of the application, its module and line; empty if unknown.
    :param request_line: the method, the target and the protocol.
    :param headers: of the request, shortened.
    :param request_id: the id of the request; ``-`` without one.
    :param trace_id: the id of the trace (W3C Trace Context); empty without one.
    :param traceback: the text of the traceback, shortened.
    :param suppressed: how many errors with this fingerprint were not reported since the last one that was.
    """

    time: float
    fingerprint: str
    exception: str
    message: str
    origin: str
    request_line: str
    headers: Mapping[str, str]
    request_id: str
    trace_id: str
    traceback: str
    suppressed: int = 0


Reporter: TypeAlias = Callable[[ErrorReport], object]
