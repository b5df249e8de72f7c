"""Basic authentication (RFC 7617)."""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, cast

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes
from wsgistack.http.responses import error_answer
from wsgistack.middleware.auth.passwords import HtpasswdFile, checks_of, verifier
from wsgistack.types import App, Changes, Environ, Secret, StartResponse

__all__ = ["BasicAuth"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DETAIL = "This resource needs a user name and a password."


class BasicAuth(Middleware):
    """Let in only users who give the right password, and answer others 401 with a challenge (RFC 7617).

    Inside, ``environ["REMOTE_USER"]`` is the user and ``AUTH_TYPE`` is ``Basic``; what they were before is not trusted.
    A header that is malformed in any way is answered like a wrong password. Name exactly one source of users:

    :param users: a mapping of user names to passwords, plain or as hashes, which begin with ``$`` or ``{``. Hashes need
        the extra ``htpasswd``.
    :param htpasswd: a file as Apache's htpasswd writes it, read again when it changes. Needs the extra ``htpasswd``.
    :param check: a callable that is given user name and password, and tells whether they belong together.
    :param realm: what the password is for, in the words that a browser shows.
    :raises ConfigError: none or several sources are named, one can't be used, or the realm holds what a header can't.

    A wrong password takes as long for an unknown user as for a known one. A right one is remembered as a keyed
    digest, so that a slow hash costs its time once. What a callable raises is not caught here.

    Cost tier T0.

    Place it inside catch_errors and compress, around what it protects. Only over TLS: the password comes with every
    request, readable. Not for passwords of many users; an application with a login page serves them better.
    """

    must_be_inside: ClassVar = {
        "access_log": "refused requests would not be logged",
        "catch_errors": "an error of the check would reach the server",
    }
    changes: ClassVar = Changes(answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        users: Annotated[Mapping[str, str] | None, Secret] = None,
        htpasswd: Path | None = None,
        check: Callable[[str, str], bool] | None = None,
        realm: str = "Restricted",
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if sum(source is not None for source in (users, htpasswd, check)) != 1:
            mistakes.append(Mistake("needs one source of users", expected="exactly one of users, htpasswd and check"))
        if _CONTROL.search(realm) or not realm.isascii():
            mistakes.append(Mistake("can't stand in a header", key="realm", value=realm, expected="printable ASCII"))
        self.htpasswd = htpasswd
        self.check = check
        self.realm = realm
        problem = "no client can send a name with a colon or a control character"
        unsendable = [user for user in users or () if ":" in user or _CONTROL.search(user)]
        mistakes += [Mistake(f"user {user!r}: {problem}", key="users") for user in unsendable]
        self._verify = cast(Callable[[str, str], bool], check)
        if users is not None:
            with mistakes.collect():
                checks = checks_of(users, key="users")
                self._verify = verifier(lambda: checks)
        if htpasswd is not None:
            with mistakes.collect():
                self._verify = verifier(HtpasswdFile(Path(htpasswd), key="htpasswd").checks)
        mistakes.raise_if_any()
        escaped = realm.replace("\\", "\\\\").replace('"', '\\"')
        self._challenge = ("WWW-Authenticate", f'Basic realm="{escaped}", charset="UTF-8"')

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        given = _credentials(environ.get("HTTP_AUTHORIZATION", ""))
        if given is None or not self._verify(*given):
            for key in ("REMOTE_USER", "AUTH_TYPE"):
                environ.pop(key, None)
            status, headers, body = error_answer(environ, 401, _DETAIL, headers=[self._challenge])
            start_response(status, headers)
            return body
        user = given[0]
        environ["REMOTE_USER"] = user if user.isascii() else user.encode().decode("latin-1")  # as PEP 3333 writes bytes
        environ["AUTH_TYPE"] = "Basic"
        return self.app(environ, start_response)


def _credentials(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = a2b_base64(encoded.strip(" "), strict_mode=True).decode()
    except ValueError:
        return None
    user, colon, password = decoded.partition(":")
    return (user, password) if colon and not _CONTROL.search(decoded) else None
