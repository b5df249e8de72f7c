"""The floor of body_limit, for bodies with a length."""

import json
from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["BodyLimit"]


class BodyLimit:
    """Refuse a body that is larger than a limit, or whose length is not known."""

    __slots__ = ("_app", "_limit")

    def __init__(self, app: App, limit: int = 10485760) -> None:
        self._app = app
        self._limit = limit

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        length = environ.get("CONTENT_LENGTH")
        if "HTTP_TRANSFER_ENCODING" not in environ:
            if length:
                if length.isascii() and length.isdecimal() and len(length) < 20 and int(length) <= self._limit:
                    return self._app(environ, start_response)
            elif environ["REQUEST_METHOD"] in ("GET", "HEAD") and environ["SERVER_PROTOCOL"].startswith("HTTP/1"):
                return self._app(environ, start_response)
        body = json.dumps({"title": "Request Entity Too Large", "status": 413}).encode()
        headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
        start_response("413 Request Entity Too Large", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
