"""The floor of hosts."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["Hosts"]


class Hosts:
    """Answer 400 for a host that is not one of the names. It knows no patterns, and only ports of digits."""

    __slots__ = ("_allowed", "_app")

    def __init__(self, app: App, allowed: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        name, _, port = environ.get("HTTP_HOST", "").lower().partition(":")
        if name in self._allowed and (not port or port.isdecimal()):
            return self._app(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Content-Length", "12")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"unknown host"]
