"""The floor of hosts."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["hosts"]


def hosts(app: App, allowed: frozenset[str]) -> App:
    """Answer 400 for a host that is not one of the names. It knows no patterns, and only ports of digits."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        name, _, port = environ.get("HTTP_HOST", "").lower().partition(":")
        if name in allowed and (not port or port.isdecimal()):
            return app(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Content-Length", "12")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"unknown host"]

    return layer
