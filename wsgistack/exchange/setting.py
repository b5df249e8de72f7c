"""A response header that a layer sets, whatever the application sends (T1)."""

from wsgistack.exchange import refuse_write
from wsgistack.http import headers as h
from wsgistack.types import ExcInfo, Headers, StartResponse, Write

__all__ = ["setting"]


def setting(start_response: StartResponse, lowered: str, field: tuple[str, str], /) -> StartResponse:
    """Return a ``start_response`` that sends exactly one header with a name, as its last one. The body stays untouched.

    It does what :func:`~wsgistack.exchange.editing` could do as well, with one call less in each response.

    :param lowered: the name in lower case.
    :param field: the name and the value.
    """
    length = len(lowered)

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        for key, _ in headers:
            if len(key) == length and key.lower() == lowered:  # len() is faster, and nearly always enough
                headers = h.without(headers, lowered)
                break
        if exc_info is None:  # some servers accept only two arguments
            write: Write | None = start_response(status, [*headers, field])
            return refuse_write if write is None else write
        try:
            write = start_response(status, [*headers, field], exc_info)
            return refuse_write if write is None else write
        finally:
            exc_info = None  # PEP 3333: no circular reference through the traceback

    return start
