"""The floor of method_override."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["MethodOverride"]


_ALLOWED = frozenset(("PUT", "PATCH", "DELETE"))


class MethodOverride:
    """Take the method of a POST request from a header."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ["REQUEST_METHOD"] == "POST":
            wanted = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
            if wanted in _ALLOWED:
                environ["REQUEST_METHOD"] = wanted
        return self._app(environ, start_response)
