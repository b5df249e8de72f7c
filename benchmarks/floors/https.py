"""The floor of https."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["https"]


def https(app: App) -> App:
    """Redirect http to https, and set Strict-Transport-Security over https."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["wsgi.url_scheme"] != "https":
            location = f"https://{environ['HTTP_HOST']}{environ['PATH_INFO']}"
            start_response("308 Permanent Redirect", [("Location", location), ("Content-Length", "0")])
            return [b""]

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

        return app(environ, start)

    return layer
