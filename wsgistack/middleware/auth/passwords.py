"""Who may enter with which password. Passwords are stored plain or as hashes."""

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import partial
from hashlib import blake2b
from hmac import compare_digest
from typing import Self

from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, check_mappings
from wsgistack.middleware.auth.credentials import MAX_TEXT, find_problem, prepare_name, prepare_password
from wsgistack.middleware.auth.hashes import (
    HashError,
    identify_hash,
    refuse_foreign_hash,
    require_libraries,
    verify_hash,
)
from wsgistack.middleware.auth.hashing import DEFAULT_HASHES, Hashing
from wsgistack.middleware.auth.remembering import digest_secret

__all__ = ["EXPECTED_HASH", "LOCKED", "Passwords", "Users", "Verification"]

EXPECTED_HASH = "a hash as wsgistack passwd writes it"
LOCKED = ""
"""Stored in place of a hash, for a user who can't enter with any password."""

_NOBODY = bytes(32)  # no digest; to compare it takes an unknown user as long as others


class Verification(Enum):
    """Whether a user may enter with a password, or the reason why not. The value is for a log."""

    RIGHT = "right password"
    WRONG = "wrong password"
    UNKNOWN = "unknown user"
    LOCKED = "locked user"
    TOO_LONG = "password too long"
    BUSY = "too many passwords are being checked"
    """It says nothing about the password, which was not checked."""


class Users:
    """All users with what is stored of their passwords. It never changes.

    :param hashes: a supported hash for each user, or ``LOCKED``.
    :param plain: other users' passwords as they are, of which only digests are kept.
    """

    __slots__ = ("_decoys", "_seed", "hashes", "plain")

    def __init__(self, hashes: Mapping[str, str], plain: Mapping[str, str] | None = None) -> None:
        self.hashes: Mapping[str, str] = hashes
        self.plain: dict[str, bytes] = {user: digest_secret(password) for user, password in (plain or {}).items()}
        self._decoys = [*filter(None, hashes.values())]
        # the same in all processes, and secret
        self._seed = blake2b(self._decoys[0].encode()).digest() if self._decoys else b""

    @classmethod
    def from_mapping(cls, users: Mapping[str, str], *, key: str, weak: Collection[str] = ()) -> Self:
        """Read a mapping of users to passwords. A password is a hash if it begins with ``$`` or ``{``.

        :param key: the option that holds the mapping.
        :param weak: the names of weak formats that are allowed.
        :raises ConfigError: the mapping is empty, a name, a hash or a password can't be used, or a library is not
            installed.
        """
        check_mappings(**{key: users})
        if not users:
            raise ConfigError(Mistake("has no user", key=key, expected="at least one"))
        hashes: dict[str, str] = {}
        plain: dict[str, str] = {}
        schemes = set()
        mistakes = Mistakes()
        for number, (given, stored) in enumerate(users.items(), 1):
            where = Where(line=number)  # the item, whose line the loader knows
            user = prepare_name(given)
            if ":" in user:
                problem = f"the name of user {user!r} has a colon, which no client can send"
                mistakes.append(Mistake(problem, key=key, expected="a name without a colon", where=where))
            elif problem := find_problem(user):
                problem = f"the name of user {user!r} {problem}"
                mistakes.append(Mistake(problem, key=key, expected="a name", where=where))
            elif user in hashes or user in plain:
                problem = f"user {user!r} is there twice, as Unicode has two forms of the name"
                mistakes.append(Mistake(problem, key=key, expected="one of them", where=where))
            try:
                if stored.startswith(("$", "{")):
                    schemes.add(identify_hash(stored, weak))
                    hashes[user] = stored
                elif problem := find_problem(stored) or "is empty" * (not stored):
                    problem = f"the password of user {user!r} {problem}"
                    mistakes.append(Mistake(problem, key=key, expected="a password", where=where))
                else:
                    refuse_foreign_hash(stored)
                    plain[user] = prepare_password(stored)
            except HashError as error:
                problem = f"the password of user {user!r} {error}"
                expected = f"a password or {EXPECTED_HASH}"
                mistakes.append(Mistake(problem, key=key, expected=expected, hint=error.hint, where=where))
        mistakes.raise_if_any()
        require_libraries(schemes, key=key)
        return cls(hashes, plain)

    def find_decoy(self, user: str) -> str:
        """Find the hash to check for a user who has none, so that the time does not reveal it. Empty without one.

        A user always gets the same hash. Some get a slow one and some a quick one, as often as they are in the file:
        so the times of unknown users are like those of known ones, whatever mix of hashes the file has. A new line
        moves a user to the next hash at most. Only a new password for the first user gives others to all.
        """
        if not self._decoys:
            return LOCKED
        place = int.from_bytes(blake2b(user.encode(), key=self._seed, digest_size=8).digest(), "big")
        return self._decoys[place * len(self._decoys) >> 64]


class Passwords:
    """Checks passwords, at a bounded cost. Users come from :class:`Users`, which may be another one at each call.

    A right password costs its hash once; then its keyed digest is remembered for some minutes, together with the
    stored hash, so that a changed hash counts at once. A wrong one costs a hash each time, also for an unknown user.

    :param read_users: returns the users.
    :param max_hashes: how many hashes are computed at once. Half of the processors by default.
    """

    __slots__ = ("_hashing", "_read_users")

    def __init__(self, read_users: Callable[[], Users], *, max_hashes: int | None = None) -> None:
        self._read_users = read_users
        self._hashing = Hashing(max_hashes or DEFAULT_HASHES)

    def find_stored(self, user: str) -> str | bytes | None:
        """What is stored of a user's password. A success means nothing any more once it is another."""
        users = self._read_users()
        return users.hashes.get(user) or users.plain.get(user)

    def verify(self, user: str, password: str) -> Verification:
        """Check whether a user may enter with a password.

        :param user: in NFC, as :func:`~wsgistack.middleware.auth.credentials.parse_credentials` returns it.
        :param password: in NFC. One of more than 512 bytes is never right: the time of sha-crypt grows with the length,
            and 4,096 bytes would keep a thread busy for seconds.
        """
        users = self._read_users()
        if len(password.encode()) > MAX_TEXT:
            return Verification.TOO_LONG
        if users.plain and compare_digest(digest_secret(password), users.plain.get(user, _NOBODY)):
            return Verification.RIGHT
        stored = users.hashes.get(user, LOCKED)
        key = digest_secret(f"{len(user)}:{user}{stored}:{password}")
        if self._hashing.knows(key):
            return Verification.RIGHT
        checked = stored or users.find_decoy(user)
        is_right = self._hashing.compute(key, partial(_check, stored, checked, password)) if checked else False
        if is_right is None:
            return Verification.BUSY
        if is_right:
            return Verification.RIGHT
        if stored or user in users.plain:
            return Verification.WRONG
        return Verification.LOCKED if user in users.hashes else Verification.UNKNOWN


def _check(stored: str, checked: str, password: str) -> bool:
    return verify_hash(checked, password) and bool(stored)
