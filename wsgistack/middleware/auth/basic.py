"""Basic authentication (RFC 7617)."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, cast

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes
from wsgistack.http.responses import error_answer
from wsgistack.middleware.auth.credentials import parse_credentials
from wsgistack.middleware.auth.hashes import check_weak_hashes
from wsgistack.middleware.auth.hashing import DEFAULT_HASHES
from wsgistack.middleware.auth.htpasswd import watch_htpasswd
from wsgistack.middleware.auth.passwords import RIGHT, Passwords, Users, Verdict
from wsgistack.types import App, Changes, Environ, Secret, StartResponse

__all__ = ["BasicAuth"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DETAIL = "This resource needs a user name and a password."
_BUSY = "Too many passwords are being checked. Please try again."
_LATER = ("Retry-After", "1")


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
    :param htpasswd: a file in the format of Apache's htpasswd; ``wsgistack passwd`` writes it. A change takes effect
        within about a second. Needs the extra ``htpasswd``. Supported hashes are bcrypt, argon2, sha-crypt (``$5$``,
        ``$6$``), MD5 (``$apr1$`` and ``$1$``) and salted SHA-1 (``{SSHA}``). Prefer bcrypt or argon2: they resist
        guessing.
    :param check: a callable that takes the user name and the password and returns whether they are right. Its
        exceptions are not caught here: catch_errors answers them.
    :param realm: what the password is for. Browsers may show it. The default reveals nothing about the application.
    :param weak_hashes: weak formats that are allowed as well: ``sha1`` for ``{SHA}``, ``des`` for DES crypt, and
        ``plain`` for passwords in the file as they are. None by default: whoever reads such a file soon knows the
        passwords.
    :param latin_1: read as ISO-8859-1 what is not UTF-8, for old clients that ignore the charset of the challenge.
        False by default, because such text may mean something else.
    :param max_hashes: how many hashes each process computes at once. As many wait; further requests are answered 503
        with ``Retry-After``. By default half of the processors, so that guesses leave the others to the application.
    :raises ConfigError: not exactly one of the first three options is set, one of them can't be used, the realm has
        characters that a header can't contain, or another option is not valid.

    Names and passwords are compared in NFC (RFC 8265), and a password has at most 512 bytes; this does not hold for
    ``check`` and ASCII. Of a password with a bcrypt hash, 72 bytes count. A wrong password takes as long for an unknown
    user as for a known one, whatever mix of hashes the file has. A right one is remembered as a keyed digest for five
    minutes, so that a slow hash costs its time only once; many first requests with one password compute one hash.
    Under gevent and eventlet a hash stops the whole process for its time.

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
        weak_hashes: Collection[str] = (),
        latin_1: bool = False,
        max_hashes: int | None = None,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if sum(source is not None for source in (users, htpasswd, check)) != 1:
            mistakes.append(Mistake("needs one source of users", expected="exactly one of users, htpasswd and check"))
        if _CONTROL.search(realm) or not realm.isascii():
            mistakes.append(
                Mistake("a header can't contain this realm", key="realm", value=realm, expected="printable ASCII")
            )
        if max_hashes is not None and max_hashes < 1:
            mistakes.append(
                Mistake("is not a number of hashes", key="max_hashes", value=max_hashes, expected="1 or more")
            )
        with mistakes.collect():
            check_weak_hashes(weak_hashes)
        self.htpasswd = htpasswd
        self.check = check
        self.realm = realm
        self.weak_hashes = weak_hashes
        self.latin_1 = latin_1
        self.max_hashes = max_hashes
        self._verify: Callable[[str, str], Verdict] = partial(_call, cast(Callable[[str, str], bool], check))
        if users is not None:
            with mistakes.collect():
                known = Users.from_mapping(users, key="users", weak=weak_hashes)
                self._verify = Passwords(lambda: known, max_hashes=max_hashes or DEFAULT_HASHES).verify
        if htpasswd is not None:
            with mistakes.collect():
                file = watch_htpasswd(Path(htpasswd), key="htpasswd", weak=weak_hashes)
                self._verify = Passwords(file.read, max_hashes=max_hashes or DEFAULT_HASHES).verify
        mistakes.raise_if_any()
        escaped = realm.replace("\\", "\\\\").replace('"', '\\"')
        self._challenge = ("WWW-Authenticate", f'Basic realm="{escaped}", charset="UTF-8"')

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        credentials = parse_credentials(environ.get("HTTP_AUTHORIZATION", ""), self.latin_1)
        if credentials is None:
            return self._refuse(environ, start_response, Verdict.WRONG)
        user, password = credentials
        verdict = self._verify(user, password)
        if verdict is not RIGHT:
            return self._refuse(environ, start_response, verdict)
        # PEP 3333: bytes as latin-1
        environ["REMOTE_USER"] = user if user.isascii() else user.encode().decode("latin-1")
        environ["AUTH_TYPE"] = "Basic"
        return self.app(environ, start_response)

    def _refuse(self, environ: Environ, start_response: StartResponse, verdict: Verdict) -> Iterable[bytes]:
        for key in ("REMOTE_USER", "AUTH_TYPE"):
            environ.pop(key, None)
        if verdict is Verdict.BUSY:
            status, headers, body = error_answer(environ, 503, _BUSY, headers=[_LATER])
        else:
            status, headers, body = error_answer(environ, 401, _DETAIL, headers=[self._challenge])
        start_response(status, headers)
        return body


def _call(check: Callable[[str, str], bool], user: str, password: str) -> Verdict:
    return Verdict.RIGHT if check(user, password) else Verdict.WRONG
