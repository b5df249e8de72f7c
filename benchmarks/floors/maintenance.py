"""The floor of maintenance."""

import os
from collections.abc import Iterable

from wsgistack.types import App, Environ, StartResponse

__all__ = ["maintenance"]


def maintenance(app: App, flag: str) -> App:
    """Answer 503 as long as the file exists."""
    exists = os.path.exists

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not exists(flag):
            return app(environ, start_response)
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "300")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"maintenance"]

    return layer
