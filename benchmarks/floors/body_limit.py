"""The floor of body_limit, for bodies with a length."""

import json
from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["body_limit"]


def body_limit(app: App, limit: int = 10485760) -> App:
    """Refuse a body that is larger than a limit, or whose length is not known."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        if "HTTP_TRANSFER_ENCODING" not in environ:
            if length:
                if length.isascii() and length.isdecimal() and len(length) < 20 and int(length) <= limit:
                    return app(environ, start_response)
            elif environ["REQUEST_METHOD"] in ("GET", "HEAD") and environ["SERVER_PROTOCOL"].startswith("HTTP/1"):
                return app(environ, start_response)
        body = json.dumps({"title": "Request Entity Too Large", "status": 413}).encode()
        headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
        start_response("413 Request Entity Too Large", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return layer
