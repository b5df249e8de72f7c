"""Starts of responses among middlewares that are made with WebOb, as those of oslo.middleware and of the services."""

from wsgistack.types import ExcInfo, Headers, StartResponse, Write

__all__ = ["hide_first_error"]


def hide_first_error(start_response: StartResponse) -> StartResponse:
    """Start a response without ``exc_info``, which WebOb raises again instead of passing the answer on.

    An error is necessary only to replace a start (PEP 3333), and so later starts keep it.
    """
    has_started = False

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        nonlocal has_started
        try:
            if exc_info is None or not has_started:
                has_started = True
                return start_response(status, headers)
            return start_response(status, headers, exc_info)
        finally:
            exc_info = None

    return start
