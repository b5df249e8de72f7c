"""The record of an error in the log."""

import logging
from collections.abc import Sequence
from traceback import format_tb, walk_tb
from typing import TYPE_CHECKING, NamedTuple

from wsgistack.environ import REQUEST_ID
from wsgistack.errors import class_name
from wsgistack.http.escaping import escape_quoted
from wsgistack.http.redaction import Redaction
from wsgistack.http.traceparent import find_trace_id
from wsgistack.middleware.catch_errors.attributes import cause_of, context_of, traceback_of
from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint
from wsgistack.middleware.catch_errors.request import list_headers, name_request
from wsgistack.types import App, Environ

if TYPE_CHECKING:
    from wsgistack.middleware.catch_errors.values import Values

__all__ = ["Sent", "log_error"]

_MAX_FRAMES = 100
_MAX_MESSAGE = 5000
_MAX_ERRORS = 10


class Sent(NamedTuple):
    """What the client had got of a response when an error happened.

    :param status: the status that was sent.
    :param bytes: how many bytes of the body were sent.
    :param is_whole: whether this was the whole body, so that ``close()`` has failed.
    """

    status: str
    bytes: int
    is_whole: bool


def log_error(
    logger_name: str,
    environ: Environ,
    error: Exception,
    sent: Sent | None,
    redaction: Redaction,
    pipeline: Sequence[tuple[str, App]] = (),
) -> None:
    """Log an error once, with its traceback and the redacted request.

    :param sent: what the client has got of a response before.
    :param pipeline: the layers, whose options may be secret.
    :raises Exception: of a handler of the log.
    """
    logger = logging.getLogger(logger_name)
    if not logger.isEnabledFor(logging.ERROR):
        return
    request_id = environ.get(REQUEST_ID, "-")
    extra = {
        "request_id": request_id,
        "trace_id": find_trace_id(environ) or "",
        "fingerprint": find_fingerprint(error),
        "request_headers": list_headers(environ, redaction),
        "sent_status": sent.status if sent else "",
        "sent_bytes": sent.bytes if sent else 0,
    }
    exc_info = (type(error), error, traceback_of(error))
    said = "%s failed%s, request %s"
    arguments = (name_request(environ, redaction), _describe_sent(sent), request_id)
    record = logger.makeRecord(logger_name, logging.ERROR, __file__, 0, said, arguments, exc_info, "", extra)
    try:
        record.exc_text = _write_text(environ, error, redaction, pipeline)
    except Exception:  # such as a MemoryError, because the frames of the error keep the memory
        calls = "".join(format_tb(traceback_of(error)))
        record.exc_text = f"{calls}{class_name(type(error))}: (its text can't be shown)"
    logger.handle(record)


def _write_text(
    environ: Environ, error: BaseException, redaction: Redaction, pipeline: Sequence[tuple[str, App]]
) -> str | None:
    """Write the traceback of an error; None if the formatter of each handler can make its own text."""
    from wsgistack.middleware.catch_errors.secrets import make_values  # slow to import

    values = make_values(redaction, environ, error, pipeline)
    if _is_plain(error, values):
        return None
    from wsgistack.middleware.catch_errors.tracebacks import format_error

    # a stream in UTF-8 can't write halves of characters
    return format_error(error, values).encode("utf-8", "backslashreplace").decode()


def _is_plain(error: BaseException, values: "Values") -> bool:
    """Whether Python can format an error, and its text will not be too long for a log, and has no secret."""
    errors: list[BaseException] = [error]
    try:
        for each in errors:  # which grows meanwhile
            is_odd = each.__class__ is not type(each) or isinstance(each, SyntaxError | BaseExceptionGroup)
            bool(each), type(each).__module__, type(each).__qualname__  # traceback asks for them
            if is_odd or hasattr(each, "__notes__") or len(errors) > _MAX_ERRORS:
                return False
            text = str(each)
            if len(text.encode()) > _MAX_MESSAGE or values.cut(text, _MAX_MESSAGE) != text:
                return False
            if sum(1 for _ in walk_tb(traceback_of(each))) > _MAX_FRAMES:
                return False
            related = (cause_of(each), context_of(each))
            errors += [other for other in related if other is not None and not any(other is seen for seen in errors)]
    except (Exception, SystemExit, GeneratorExit):  # its own code fails
        return False
    return True


def _describe_sent(sent: Sent | None) -> str:
    if sent is None:
        return ""
    if sent.is_whole:
        return f" in close() after {escape_quoted(sent.status)} with {sent.bytes} bytes"
    cut = ", so that the connection is cut" if sent.bytes else ""
    return f" after {escape_quoted(sent.status)} and {sent.bytes} bytes of the body{cut}"
