"""The scheme Basic (RFC 7617): user names and passwords."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Annotated, Literal, TypedDict

from wsgistack.errors import Mistake, Mistakes, check_counts
from wsgistack.middleware.auth.credentials import MAX_HEADER, has_scheme, parse_credentials
from wsgistack.middleware.auth.groups import Groups, watch_groups
from wsgistack.middleware.auth.hashes import check_weak_hashes
from wsgistack.middleware.auth.hashing import LIFETIME, MAX_REMEMBERED
from wsgistack.middleware.auth.htpasswd import watch_htpasswd
from wsgistack.middleware.auth.layer import AuthLayer
from wsgistack.middleware.auth.passwords import Passwords, Users, Verification
from wsgistack.middleware.auth.remembering import digest_secret, put_newest
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.middleware.auth.scheme import Credentials, Identity, Refusal, Scheme
from wsgistack.middleware.auth.throttle import ThrottleOptions
from wsgistack.processes.watched_file import WatchedFile
from wsgistack.types import App, Environ, Secret

__all__ = ["Basic", "BasicAuth", "BasicOptions"]

_MALFORMED = Refusal("malformed credentials")
_NONE: frozenset[str] = frozenset()
_REFUSALS = {
    Verification.BUSY: Refusal(Verification.BUSY.value, 503, retry_after=1),
    **{
        verdict: Refusal(verdict.value, is_guess=True)
        for verdict in (Verification.WRONG, Verification.UNKNOWN, Verification.LOCKED, Verification.TOO_LONG)
    },
}


class BasicOptions(TypedDict, total=False):
    """The first options of :class:`BasicAuth`, which are those of :class:`Basic`."""

    users: Annotated[Mapping[str, str], Secret]
    htpasswd: Path
    groups: Path
    check: Callable[[str, str], bool]
    weak_hashes: Collection[str]
    latin_1: bool
    max_hashes: int


class Basic(Scheme):
    """User names and passwords. The options are those of the layer :class:`BasicAuth`."""

    auth_type = "Basic"
    keys: tuple[str, ...] = ("HTTP_AUTHORIZATION",)
    opens_dialog = True

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        htpasswd: Path | None = None,
        groups: Path | None = None,
        check: Callable[[str, str], bool] | None = None,
        weak_hashes: Collection[str] = (),
        latin_1: bool = False,
        max_hashes: int | None = None,
    ) -> None:
        mistakes = Mistakes()
        if sum(source is not None for source in (users, htpasswd, check)) != 1:
            mistakes.append(Mistake("needs one source of users", expected="exactly one of users, htpasswd and check"))
        with mistakes.collect():
            check_counts("", 1, max_hashes=1 if max_hashes is None else max_hashes)
        if mistakes:
            max_hashes = None  # so that further mistakes are found
        with mistakes.collect():
            check_weak_hashes(weak_hashes)
        self._latin_1 = latin_1
        self._check = check
        self._passwords: Passwords
        self._known: dict[bytes, tuple[Identity, str | bytes | None, float]] = {}
        self._groups: WatchedFile[Groups] | None = None
        if users is not None:
            with mistakes.collect():
                known = Users.from_mapping(users, key="users", weak=weak_hashes)
                self._passwords = Passwords(lambda: known, max_hashes=max_hashes)
        if htpasswd is not None:
            with mistakes.collect():
                file = watch_htpasswd(Path(htpasswd), key="htpasswd", weak=weak_hashes)
                self._passwords = Passwords(file.read, max_hashes=max_hashes)
        if groups is not None:
            with mistakes.collect():
                self._groups = watch_groups(Path(groups), key="groups")
        mistakes.raise_if_any()

    def read(self, environ: Environ) -> Credentials | Identity | Refusal | None:
        """Read the name and the password. A header that was right not long ago is not parsed again."""
        written: str = environ.get("HTTP_AUTHORIZATION", "")
        if not has_scheme(written, "basic"):
            return None
        known = self._recall(written)
        if known is not None:
            return known
        found = parse_credentials(written, self._latin_1)
        if found is None:
            return _MALFORMED
        user, password = found
        # read first: what is stored after a change was not verified
        stored = None if self._check is not None else self._passwords.find_stored(user)
        return Credentials(user, (password, written, stored))

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        """Check the password."""
        user, password = credentials.user, credentials.secret[0]
        if self._check is not None:
            # only True: the coroutine of an async function, for example, is true whatever the password is
            return self._identify(user) if self._check(user, password) is True else _REFUSALS[Verification.WRONG]
        verdict = self._passwords.verify(user, password)
        return self._identify(user) if verdict is Verification.RIGHT else _REFUSALS[verdict]

    def remember(self, credentials: Credentials, identity: Identity) -> None:
        """Remember the header. What ``check`` says is not remembered."""
        _, written, stored = credentials.secret
        if stored is not None:
            known = identity, stored, monotonic() + LIFETIME
            put_newest(self._known, digest_secret(written), known, limit=MAX_REMEMBERED)

    def challenge(self, realm: str, refusal: Refusal | None) -> str:
        """The challenge of RFC 7617 section 2."""
        return f'Basic realm={realm}, charset="UTF-8"'

    def _recall(self, written: str) -> Identity | None:
        if len(written) > MAX_HEADER:
            return None
        found = self._known.get(digest_secret(written))
        if found is None or found[2] < monotonic():
            return None
        identity, stored, _ = found
        user = identity.user
        is_same = stored == self._passwords.find_stored(user)
        if self._groups is not None:
            is_same = is_same and identity.groups == self._groups.read().get(user, _NONE)
        return identity if is_same else None

    def _identify(self, user: str) -> Identity:
        return Identity(user, self.auth_type, self._groups.read().get(user, _NONE) if self._groups else _NONE)


class BasicAuth(AuthLayer):
    """Let in only users with the right password. Answer others 401 with a challenge (RFC 7617 section 2).

    For the application, ``environ["REMOTE_USER"]`` is the user and ``AUTH_TYPE`` is ``Basic``; earlier values are not
    trusted. A malformed header is answered like a wrong password. Each failure is logged as ``auth`` does it. ::

        BasicAuth(app, users={"ada": "lovelace"}, realm="Staging")

        [filter:auth]
        use = egg:wsgistack#basic_auth
        htpasswd = %(here)s/users.htpasswd

    Exactly one of users, htpasswd and check is required.

    :param users: a mapping of user names to passwords. A password that begins with ``$`` or ``{`` is a hash, in one of
        the formats of ``htpasswd``, and needs the extra ``htpasswd``. A hash of another system, such as Django, is
        refused.
    :param htpasswd: a file in the format of Apache's htpasswd; ``wsgistack passwd`` writes it. A change takes effect
        within about a second. Needs the extra ``htpasswd``. Supported hashes are bcrypt, argon2, sha-crypt (``$5$``,
        ``$6$``), MD5 (``$apr1$`` and ``$1$``) and salted SHA-1 (``{SSHA}``). Prefer bcrypt or argon2: they resist
        guessing.
    :param groups: a file of groups for ``rules``, in the format of Apache's AuthGroupFile: ``staff: ada bob``. A
        change takes effect within about a second. None by default.
    :param check: a callable that takes the user name and the password, and returns True if they are right. Anything
        else counts as wrong. Its exceptions are not caught here: catch_errors answers them.
    :param weak_hashes: weak formats that are allowed as well: ``sha1`` for ``{SHA}``, ``des`` for DES crypt, and
        ``plain`` for passwords in the file as they are. None by default: whoever reads such a file soon knows the
        passwords.
    :param latin_1: read as ISO-8859-1 what is not UTF-8, for old clients that ignore the charset of the challenge.
        False by default, because such text may mean something else.
    :param max_hashes: how many hashes each process computes at once. As many wait; further requests are answered 503
        with ``Retry-After``, but not those that wait for the same password, unless a password was wrong in the last 10
        seconds. By default half of the processors, so that guesses leave the others to the application.
    :param public: the beginnings of paths that need no password, such as ``/health``. Empty by default.
    :param optional: let requests without credentials in, except where a rule matches. False by default.
    :param rules: who may do what, as for ``auth``. None by default.
    :param realm: what the password is for. Browsers may show it. The default reveals nothing about the application.
    :param throttle: refuse more attempts after too many failures, with 429: a mapping of options of
        :class:`~wsgistack.middleware.auth.throttle.Throttle`. Off by default.
    :param dialog: ``always``, the default, or ``pages``: browsers ask for a password only when they load a page, and
        not for requests of a script.
    :param withhold: remove the password from the environ, so that the application can't log it. False by default.
    :raises ConfigError: not exactly one of users, htpasswd and check is set, one of them can't be used, the realm has
        characters that a header can't contain, or another option is not valid.

    Names and passwords are compared in NFC (RFC 8265). A password of more than 512 bytes is
    refused; with ``check``, only if it is not ASCII. bcrypt reads only the first 72 bytes. A wrong password takes as
    long for an unknown user as for a known one, whatever hashes the file has. A right one is remembered as a keyed
    digest for five minutes, so that a slow hash costs its time only once. If many requests with one password come at
    the same time, its hash is computed once. Under gevent and eventlet, a hash stops the whole process for its time.

    Cost tier T0.

    Place it inside catch_errors and compress, around what it protects. Use it only over TLS, because
    each request carries the password in readable form. Not for many users: a login page in the application is better.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        users: Annotated[Mapping[str, str] | None, Secret] = None,
        htpasswd: Path | None = None,
        groups: Path | None = None,
        check: Callable[[str, str], bool] | None = None,
        weak_hashes: Collection[str] = (),
        latin_1: bool = False,
        max_hashes: int | None = None,
        public: Sequence[str] = (),
        optional: bool = False,
        rules: Sequence[RuleOptions] = (),
        realm: str = "Restricted",
        throttle: ThrottleOptions | None = None,
        dialog: Literal["always", "pages"] = "always",
        withhold: bool = False,
    ) -> None:
        make_basic = partial(
            Basic,
            users=users,
            htpasswd=htpasswd,
            groups=groups,
            check=check,
            weak_hashes=weak_hashes,
            latin_1=latin_1,
            max_hashes=max_hashes,
        )
        super().__init__(
            app,
            {"": make_basic},
            public=public,
            optional=optional,
            rules=rules,
            realm=realm,
            throttle=throttle,
            withhold=withhold,
            dialog=dialog,
        )
        self.users = users
        self.htpasswd = htpasswd
        self.groups = groups
        self.check = check
        self.weak_hashes = weak_hashes
        self.latin_1 = latin_1
        self.max_hashes = max_hashes
