"""The floor of maintenance."""

import os
from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["Maintenance"]


class Maintenance:
    """Answer 503 as long as the file exists."""

    __slots__ = ("_app", "_flag")

    def __init__(self, app: App, flag: str) -> None:
        self._app = app
        self._flag = flag

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if not os.access(self._flag, os.F_OK):
            return self._app(environ, start_response)
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "300")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"maintenance"]
