"""The floors of bearer_auth: for tokens that do not change, and for JWTs that were verified before."""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b, sha256
from time import time

from benchmarks.floors.api_key import refuse
from wsgistack import Identity
from wsgistack.types import App, Environ, StartResponse

__all__ = ["BearerAuth", "RememberedJwts", "make_digest"]

_CHALLENGE = ("WWW-Authenticate", 'Bearer realm="Restricted"')
_is_token = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch
_KEYED = blake2b(key=bytes(32), digest_size=32)


class BearerAuth:
    """Accept the tokens with these digests; send a challenge to all others."""

    __slots__ = ("_app", "_tokens")

    def __init__(self, app: App, tokens: Mapping[str, Identity]) -> None:
        self._app = app
        self._tokens = tokens

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "")[:8212].partition(" ")
        token = token.strip(" ")
        found = None
        if scheme.lower() == "bearer" and _is_token(token):
            found = self._tokens.get(sha256(token.encode()).hexdigest())
        if found is None:
            return refuse(environ, start_response, _CHALLENGE)
        environ["REMOTE_USER"] = found.user if found.user.isascii() else found.user.encode().decode("latin-1")
        environ["AUTH_TYPE"] = "Bearer"
        environ["wsgistack.identity"] = found
        return self._app(environ, start_response)


class RememberedJwts:
    """Accept the tokens with these keyed digests until they expire; send a challenge to all others."""

    __slots__ = ("_app", "_remembered")

    def __init__(self, app: App, remembered: Mapping[bytes, tuple[Identity, float]]) -> None:
        self._app = app
        self._remembered = remembered

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "")[:8212].partition(" ")
        found = self._remembered.get(make_digest(token.strip(" "))) if scheme.lower() == "bearer" else None
        if found is None or found[1] <= time():
            return refuse(environ, start_response, _CHALLENGE)
        identity = found[0]
        user = identity.user
        environ["REMOTE_USER"] = user if user.isascii() else user.encode().decode("latin-1")
        environ["AUTH_TYPE"] = "Bearer"
        environ["wsgistack.identity"] = identity
        return self._app(environ, start_response)


def make_digest(token: str) -> bytes:
    """The key of a token."""
    digest = _KEYED.copy()
    digest.update(token.encode("utf-8", "replace"))
    return digest.digest()
