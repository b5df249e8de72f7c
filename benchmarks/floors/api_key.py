"""The floor of api_key."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from wsgistack import Identity
from wsgistack.types import App, Environ, StartResponse

__all__ = ["ApiKey", "refuse"]

_CHALLENGE = ("WWW-Authenticate", 'ApiKey realm="Restricted", header="X-API-Key"')
_BODY = b"401 Unauthorized\n\nThis resource needs valid credentials.\n"


class ApiKey:
    """Accept the keys with these digests; send a challenge to all others."""

    __slots__ = ("_app", "_keys")

    def __init__(self, app: App, keys: Mapping[str, Identity]) -> None:
        self._app = app
        self._keys = keys

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        key: str = environ.get("HTTP_X_API_KEY", "")
        found = self._keys.get(sha256(key.encode("latin-1", "replace")).hexdigest()) if len(key) <= 8192 else None
        if found is None:
            return refuse(environ, start_response, _CHALLENGE)
        environ["REMOTE_USER"] = found.user if found.user.isascii() else found.user.encode().decode("latin-1")
        environ["AUTH_TYPE"] = "ApiKey"
        environ["wsgistack.identity"] = found
        return self._app(environ, start_response)


def refuse(environ: Environ, start_response: StartResponse, challenge: tuple[str, str]) -> Iterable[bytes]:
    """Answer 401."""
    for name in ("REMOTE_USER", "AUTH_TYPE", "wsgistack.identity"):
        environ.pop(name, None)
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_BODY))), challenge]
    start_response("401 Unauthorized", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else _BODY]
