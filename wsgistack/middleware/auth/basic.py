"""Basic authentication (RFC 7617)."""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, cast

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes
from wsgistack.http.responses import error_answer
from wsgistack.middleware.auth.htpasswd import HtpasswdFile
from wsgistack.middleware.auth.passwords import Passwords
from wsgistack.types import App, Changes, Environ, Secret, StartResponse

__all__ = ["BasicAuth"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DETAIL = "This resource needs a user name and a password."


class BasicAuth(Middleware):
    """Let in only users with the right password. Answer others 401 with a challenge (RFC 7617 section 2).

    For the application, ``environ["REMOTE_USER"]`` is the user and ``AUTH_TYPE`` is ``Basic``; earlier values are not
    trusted. A malformed header is answered like a wrong password. ::

        BasicAuth(app, users={"ada": "lovelace"}, realm="Staging")

        [filter:auth]
        use = egg:wsgistack#basic_auth
        htpasswd = %(here)s/users.htpasswd

    Exactly one of the first three options is required:

    :param users: a mapping of user names to passwords. A password that begins with ``$`` or ``{`` is a hash, in one of
        the formats below, and needs the extra ``htpasswd``. A hash of another system, such as Django, is refused.
    :param htpasswd: a file in the format of Apache's htpasswd. A change takes effect at the next request. Needs the
        extra ``htpasswd``. Supported hashes are bcrypt, argon2, sha-crypt (``$5$``, ``$6$``), MD5 (``$apr1$`` and
        ``$1$``), SHA-1 (``{SHA}`` and ``{SSHA}``) and DES crypt. Prefer bcrypt or argon2: they resist guessing.
    :param check: a callable that takes the user name and the password and returns whether they are right. Its
        exceptions are not caught here: catch_errors answers them.
    :param realm: what the password is for. Browsers may show it. The default reveals nothing about the application.
    :raises ConfigError: not exactly one of the first three options is set, one of them can't be used, or the realm has
        characters that a header can't contain.

    A hashed password has at most 512 bytes, because sha-crypt would need seconds for a long one.
    A wrong password takes as long for an unknown user as for a known one. A right one is remembered as a keyed digest,
    so that a slow hash costs its time only once.

    Cost tier T0.

    Place it inside catch_errors and compress, around what it protects. A condition should list what is public:
    ``when = { not = { under = ["/health"] } }``, so that everything else is protected. Use it only over TLS, because
    each request carries the password in readable form. Not for many users: a login page in the application is better.
    """

    must_be_inside: ClassVar = {
        "access_log": "refused requests would not be logged",
        "catch_errors": "an error of the check would reach the server",
    }
    is_guard: ClassVar = True
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
            mistakes.append(
                Mistake("a header can't contain this realm", key="realm", value=realm, expected="printable ASCII")
            )
        self.htpasswd = htpasswd
        self.check = check
        self.realm = realm
        problem = "has a colon or a control character, which no client can send"
        unsendable = [user for user in users or () if ":" in user or _CONTROL.search(user)]
        mistakes += [Mistake(f"the name of user {user!r} {problem}", key="users") for user in unsendable]
        self._verify = cast(Callable[[str, str], bool], check)
        if users is not None:
            with mistakes.collect():
                self._verify = Passwords.from_users(users, key="users").verify
        if htpasswd is not None:
            with mistakes.collect():
                self._verify = HtpasswdFile(Path(htpasswd), key="htpasswd").verify
        mistakes.raise_if_any()
        escaped = realm.replace("\\", "\\\\").replace('"', '\\"')
        self._challenge = ("WWW-Authenticate", f'Basic realm="{escaped}", charset="UTF-8"')

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        credentials = _parse_credentials(environ.get("HTTP_AUTHORIZATION", ""))
        if credentials is None or not self._verify(*credentials):
            for key in ("REMOTE_USER", "AUTH_TYPE"):
                environ.pop(key, None)
            status, headers, body = error_answer(environ, 401, _DETAIL, headers=[self._challenge])
            start_response(status, headers)
            return body
        user = credentials[0]
        environ["REMOTE_USER"] = (
            user if user.isascii() else user.encode().decode("latin-1")
        )  # PEP 3333: bytes as latin-1
        environ["AUTH_TYPE"] = "Basic"
        return self.app(environ, start_response)


def _parse_credentials(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = a2b_base64(encoded.strip(" "), strict_mode=True).decode()
    except ValueError:
        return None
    user, colon, password = decoded.partition(":")
    return (user, password) if colon and not _CONTROL.search(decoded) else None
