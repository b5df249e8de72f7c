"""The floor of https."""

from collections.abc import Iterable
from functools import lru_cache

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Https"]


@lru_cache(maxsize=256)
def _can_have_policy(host: str) -> bool:
    name = host.partition(":")[0]
    return host[:1] != "[" and not name.replace(".", "").isdecimal() and name.rpartition(".")[2] != "localhost"


class Https:
    """Redirect http to https, and set Strict-Transport-Security over https, except for addresses and localhost."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ["wsgi.url_scheme"] != "https":
            location = f"https://{environ['HTTP_HOST']}{environ['PATH_INFO']}"
            start_response("308 Permanent Redirect", [("Location", location), ("Content-Length", "0")])
            return [b""]

        if not _can_have_policy(environ["HTTP_HOST"]):
            return self._app(environ, start_response)

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            for name, _ in headers:
                if name.lower() == "strict-transport-security":
                    break
            else:
                headers = [*headers, ("Strict-Transport-Security", "max-age=2592000")]
            try:
                return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
            finally:
                exc_info = None

        return self._app(environ, start)
