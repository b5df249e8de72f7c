"""The record of one error that reporters get: plain values without secrets."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from wsgistack.environ import REQUEST_ID, escape_word, request_target
from wsgistack.errors import class_name
from wsgistack.http.redaction import Redaction
from wsgistack.http.traceparent import find_trace_id
from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint, find_origin
from wsgistack.middleware.catch_errors.tracebacks import format_error, message_of
from wsgistack.middleware.catch_errors.values import MAX_TEXT, Hiding, cut
from wsgistack.types import Environ

__all__ = ["ErrorReport", "list_headers", "make_report", "name_request"]

_MAX_HEADER = 1000
"""Characters of one header's value."""

_MAX_TARGET = 4000
_MAX_HEADERS = 100
_NOT_PREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")
_URLS = ("Referer", "Origin", "Location")


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


def make_report(environ: Environ, error: BaseException, redaction: Redaction, hiding: Hiding) -> ErrorReport:
    """Describe an error of a request.

    :param redaction: which names of the request have secret values.
    :param hiding: removes the secrets from texts of the error.
    """

    def edit(part: str) -> str:
        # lines of code show names beside values: in a frame, only the known secrets are certain
        return hiding.hide_known(part) if part.lstrip(" |+-").startswith("File ") else hiding.hide(part)

    return ErrorReport(
        time=time.time(),
        fingerprint=find_fingerprint(error),
        exception=class_name(type(error)),
        message=cut(hiding.hide(message_of(error)), MAX_TEXT),
        origin=find_origin(error),
        request_line=f"{name_request(environ, redaction)} {escape_word(environ.get('SERVER_PROTOCOL', ''))}".rstrip(),
        headers=list_headers(environ, redaction),
        request_id=environ.get(REQUEST_ID, "-"),
        trace_id=find_trace_id(environ) or "",
        traceback=format_error(error, edit)[0],
    )


def name_request(environ: Environ, redaction: Redaction) -> str:
    """The method and the redacted target of a request, without control characters."""
    path = request_target(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), "")
    query = escape_word(redaction.redact_query(environ.get("QUERY_STRING", "")))
    target = redaction.redact_path(path) + (f"?{query}" if query else "")
    return f"{escape_word(environ.get('REQUEST_METHOD', '-'))} {cut(target, _MAX_TARGET)}"


def list_headers(environ: Environ, redaction: Redaction) -> dict[str, str]:
    """The headers of the request, redacted and shortened."""
    found: dict[str, str] = {}
    for key, value in list(environ.items()):
        if (key[:5] == "HTTP_" or key in _NOT_PREFIXED) and isinstance(value, str) and len(found) < _MAX_HEADERS:
            name = key.removeprefix("HTTP_").replace("_", "-").title()
            shown = redaction.redact_url(value) if name in _URLS else redaction.redact_value(name, value)
            found[name] = cut(shown, _MAX_HEADER)
    return found
