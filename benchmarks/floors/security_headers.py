"""The floor of security_headers."""

from collections.abc import Iterable
from secrets import token_urlsafe

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Nonce", "SecurityHeaders", "SecurityHeadersWithNonce"]

_HEADERS = (
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("X-Frame-Options", "SAMEORIGIN"),
)
_POLICY = "base-uri 'self'; frame-ancestors 'self'; object-src 'none'"
_NAMES = frozenset(name.lower() for name, _ in (*_HEADERS, ("Content-Security-Policy", _POLICY)))


_ADDED = [*_HEADERS, ("Content-Security-Policy", _POLICY)]


class SecurityHeaders:
    """Add the headers for pages that the application has not set."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            names = {name.lower() for name, _ in headers}
            if names.isdisjoint(_NAMES):
                given = [*headers, *_ADDED]
            else:
                given = [*headers, *(item for item in _ADDED if item[0].lower() not in names)]
            try:
                return start_response(status, given, exc_info) if exc_info else start_response(status, given)
            finally:
                exc_info = None

        return self._app(environ, start)


class Nonce:
    """It is made when something reads it."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = ""

    def __str__(self) -> str:
        self.value = self.value or token_urlsafe(18)
        return self.value


class SecurityHeadersWithNonce:
    """The same with a policy for scripts with a nonce."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        nonce = environ["wsgistack.csp_nonce"] = Nonce()

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            names = {name.lower() for name, _ in headers}
            source = f"'nonce-{nonce.value}'" if nonce.value else "'none'"
            added = [*_HEADERS, ("Content-Security-Policy", f"{_POLICY}; script-src {source}")]
            if status.startswith("304"):
                added.pop()
            if names.isdisjoint(_NAMES):
                given = [*headers, *added]
            else:
                given = [*headers, *(item for item in added if item[0].lower() not in names)]
            try:
                return start_response(status, given, exc_info) if exc_info else start_response(status, given)
            finally:
                exc_info = None

        return self._app(environ, start)
