"""The floor of method_override."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["method_override"]


def method_override(app: App) -> App:
    """Take the method of a POST request from a header."""
    allowed = frozenset(("PUT", "PATCH", "DELETE"))

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            wanted = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
            if wanted in allowed:
                environ["REQUEST_METHOD"] = wanted
        return app(environ, start_response)

    return layer
