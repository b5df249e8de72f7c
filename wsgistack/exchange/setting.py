"""A response header that a layer sets (T1)."""

from collections.abc import Callable

from wsgistack.exchange import refuse_write
from wsgistack.http import headers as h
from wsgistack.types import ExcInfo, Headers, StartResponse, Write

__all__ = ["setting"]


def setting(name: str, /, *, keeps_own: bool = False) -> Callable[[StartResponse, str], StartResponse]:
    """Return a function that wraps a ``start_response`` so that it sends exactly one header with this name, at the end.

    Example, in a middleware::

        self._set_id = setting("X-Request-ID")

        return self.app(environ, self._set_id(start_response, request_id))

    :param keeps_own: whether a header of the application stays, and then nothing is added.

    It does what :func:`~wsgistack.exchange.editing` could do as well, with one call less in each response.
    """
    lowered, length = name.lower(), len(name)

    def set_value(start_response: StartResponse, value: str) -> StartResponse:
        field = name, value

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            edited = [*headers, field]
            for key, _ in headers:
                if len(key) == length and key.lower() == lowered:  # len() is faster, and nearly always enough
                    edited = headers if keeps_own else [*h.without(headers, lowered), field]
                    break
            if exc_info is None:  # some servers accept only two arguments
                write: Write | None = start_response(status, edited)
                return refuse_write if write is None else write
            try:
                write = start_response(status, edited, exc_info)
                return refuse_write if write is None else write
            finally:
                exc_info = None  # PEP 3333: no circular reference through the traceback

        return start

    return set_value
