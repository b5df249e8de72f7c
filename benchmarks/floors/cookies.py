"""The floor of cookies."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Cookies"]


class Cookies:
    """Add Secure, HttpOnly and SameSite to each cookie without them."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        is_secure = environ["wsgi.url_scheme"] == "https"

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            for name, _ in headers:
                if name.lower() == "set-cookie":
                    headers = list(map(protect, headers))
                    break
            try:
                return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
            finally:
                exc_info = None

        def protect(header: tuple[str, str]) -> tuple[str, str]:
            name, cookie = header
            if name.lower() != "set-cookie":
                return header
            given = {part.partition("=")[0].strip().lower() for part in cookie.split(";")[1:]}
            added = [] if "samesite" in given else ["; SameSite=Lax"]
            if is_secure and "secure" not in given:
                added.append("; Secure")
            if "httponly" not in given:
                added.append("; HttpOnly")
            return name, cookie + "".join(added)

        return self._app(environ, start)
