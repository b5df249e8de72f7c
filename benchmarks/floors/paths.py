"""The floor of paths."""

import re
from collections.abc import Iterable

from wsgistack.http.paths import is_ambiguous
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Paths"]

_ODD = re.compile(r"[%;\\\x00-\x1f\x7f-\xff]|//|/\.").search


class Paths:
    """Refuse ambiguous paths."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") or "/"
        if path[:1] == "/" and not (_ODD(path) and is_ambiguous(path)):
            return self._app(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []
