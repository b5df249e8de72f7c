"""What an access log knows about a request."""

from typing import Protocol

from wsgistack.types import Environ, Headers

__all__ = ["Entry"]


class Entry(Protocol):
    """What is known about a request at the end of its response."""

    environ: Environ
    headers: Headers
    client: str
    method: str
    path: str
    query: str
    protocol: str
    code: str
    outcome: str
    sent: int
    started: float
    """Seconds since 1970."""
    duration: float
    """Seconds from the call of the application to the end of the response."""
    first_byte: float | None
    """Seconds to the first byte of the body. None without one, and for a file that the server sends."""
    failure: str | None
    """The type of the exception, if the application failed."""
