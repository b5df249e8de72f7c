"""Applications that take over the connection, as for a WebSocket: nothing may be sent after that."""

from collections.abc import Iterable

from wsgistack.testing.hostile.case import hostile
from wsgistack.types import Environ, StartResponse

__all__: list[str] = []

UPGRADE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)


@hostile(headers=UPGRADE)
def takes_over_and_raises_stop_iteration(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A WebSocket under gunicorn: StopIteration from the call means that the connection is finished."""
    raise StopIteration


@hostile(headers=UPGRADE)
def takes_over_and_never_starts(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A WebSocket under gevent and eventlet: an empty list, without a call of start_response."""
    return []


@hostile(headers=UPGRADE)
def switches_protocols(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The status 101 with its Connection and Upgrade headers: the connection belongs to the application after that."""
    start_response("101 Switching Protocols", [("Upgrade", "websocket"), ("Connection", "Upgrade")])
    return []
