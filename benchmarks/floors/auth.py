"""The floor of auth."""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

from benchmarks.floors.api_key import refuse
from wsgistack import Identity
from wsgistack.http.paths import path_forms
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Auth"]

_ODD = re.compile(r"[%;\\\x00-\x1f\x7f-\xff]|//|/\.").search
_CHALLENGE = ("WWW-Authenticate", 'ApiKey realm="Restricted", header="X-API-Key"')


class Auth:
    """Accept the keys with these digests; where a path begins like this, they need the scope."""

    __slots__ = ("_app", "_is_under", "_keys", "_scope")

    def __init__(self, app: App, keys: Mapping[str, Identity], under: str, scope: str) -> None:
        self._app = app
        self._keys = keys
        self._is_under = re.compile(rf"{re.escape(under)}(?=/|\Z)").match
        self._scope = scope

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        key: str = environ.get("HTTP_X_API_KEY", "")
        found = self._keys.get(sha256(key.encode("latin-1", "replace")).hexdigest()) if len(key) <= 8192 else None
        if found is None:
            return refuse(environ, start_response, _CHALLENGE)
        path: str = environ.get("PATH_INFO", "")
        if path[:1] == "/" and not _ODD(path) and not environ.get("SCRIPT_NAME") and "HTTP_X_VHM_ROOT" not in environ:
            is_ruled: object = self._is_under(path)
        else:
            is_ruled = path_forms(environ).any(self._is_under)
        if is_ruled and found.scopes is not None and self._scope not in found.scopes:
            start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return [b""]
        environ["REMOTE_USER"] = found.user if found.user.isascii() else found.user.encode().decode("latin-1")
        environ["AUTH_TYPE"] = "ApiKey"
        environ["wsgistack.identity"] = found
        return self._app(environ, start_response)
