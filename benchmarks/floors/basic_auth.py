"""The floor of basic_auth."""

import re
from binascii import a2b_base64
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest

from wsgistack.types import App, Environ, StartResponse

__all__ = ["CHALLENGE", "BasicAuth", "find_user"]

_has_control = re.compile(r"[\x00-\x1f\x7f]").search
CHALLENGE = ("WWW-Authenticate", 'Basic realm="Restricted", charset="UTF-8"')
_BODY = b"401 Unauthorized\n\nThis resource needs valid credentials.\n"


class BasicAuth:
    """Accept one user with a password, compared in constant time; send a challenge to all others."""

    __slots__ = ("_app", "_right", "_user")

    def __init__(self, app: App, user: str, password: str) -> None:
        self._app = app
        self._user = user
        self._right = sha256(password.encode()).digest()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        given = find_user(environ.get("HTTP_AUTHORIZATION", ""), self._user, self._right)
        if given is None:
            environ.pop("REMOTE_USER", None)
            environ.pop("AUTH_TYPE", None)
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_BODY))), CHALLENGE]
            start_response("401 Unauthorized", headers)
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else _BODY]
        environ["REMOTE_USER"] = given
        environ["AUTH_TYPE"] = "Basic"
        return self._app(environ, start_response)


def find_user(authorization: str, user: str, right: bytes) -> str | None:
    """Return the user name as an environ contains it, or None for wrong credentials."""
    if authorization[:6].lower() != "basic ":
        return None
    try:
        decoded = a2b_base64(authorization[6:].strip(" "), strict_mode=True).decode()
    except ValueError:
        return None
    given, colon, password = decoded.partition(":")
    if not colon or given != user or _has_control(decoded):
        return None
    if not compare_digest(sha256(password.encode()).digest(), right):
        return None
    return given if given.isascii() else given.encode().decode("latin-1")
