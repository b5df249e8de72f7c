"""The floor of csrf."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["Csrf"]


class Csrf:
    """Refuse requests of other origins that change data; only hosts in their plain form are compared."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site == "same-origin" or site == "none":
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD", "OPTIONS") and not (
            "HTTP_X_HTTP_METHOD_OVERRIDE" in environ
            or "HTTP_X_HTTP_METHOD" in environ
            or "HTTP_X_METHOD_OVERRIDE" in environ
        ):
            return self._app(environ, start_response)
        if not site:
            origin = environ.get("HTTP_ORIGIN")
            if not origin or origin.partition("://")[2] == environ.get("HTTP_HOST", ""):
                return self._app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []
