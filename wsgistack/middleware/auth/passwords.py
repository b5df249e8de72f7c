"""Who may enter with which password. Passwords are stored plain or as hashes."""

import hmac
import os
from collections.abc import Mapping
from hashlib import blake2b
from typing import Self

from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.middleware.auth.hashes import (
    HashError,
    identify_hash,
    refuse_foreign_hash,
    require_libraries,
    verify_hash,
)

__all__ = ["EXPECTED_HASH", "LOCKED", "Passwords"]

EXPECTED_HASH = "a hash as htpasswd -B writes it"
LOCKED = ""
"""Stored in place of a hash, for a user who can't enter with any password."""

_KEY = os.urandom(32)


class Passwords:
    """The passwords of all users.

    For an unknown user it checks another user's hash, so that timing does not reveal who exists. This works if all
    hashes are of one kind. The right password of a user is remembered as a keyed digest, so that a slow hash costs its
    time once.

    :param hashes: a supported hash for each user, or ``LOCKED``.
    :param plain: other users' passwords as they are.
    """

    __slots__ = ("_any_hash", "_hashes", "_right")

    def __init__(self, hashes: Mapping[str, str], plain: Mapping[str, str] | None = None) -> None:
        self._hashes = hashes
        self._any_hash = next(filter(None, hashes.values()), LOCKED)
        self._right = {user: _digest(password) for user, password in (plain or {}).items()}

    @classmethod
    def from_users(cls, users: Mapping[str, str], *, key: str) -> Self:
        """Read a mapping of users to passwords. A password is a hash if it begins with ``$`` or ``{``.

        :param key: the option that holds the mapping.
        :raises ConfigError: the mapping is empty, a hash or a password can't be used, or a library is not installed.
        """
        if not users:
            raise ConfigError(Mistake("has no user", key=key, expected="at least one"))
        hashes: dict[str, str] = {}
        plain: dict[str, str] = {}
        schemes = set()
        mistakes = []
        for number, (user, stored) in enumerate(users.items(), 1):
            where = Where(line=number)  # the item, whose line the loader knows
            try:
                if stored.startswith(("$", "{")):
                    schemes.add(identify_hash(stored))
                    hashes[user] = stored
                elif problem := _find_problem(stored):
                    problem = f"the password of user {user!r} {problem}"
                    mistakes.append(Mistake(problem, key=key, expected="a password", where=where))
                else:
                    refuse_foreign_hash(stored)
                    plain[user] = stored
            except HashError as error:
                problem = f"the password of user {user!r} {error}"
                expected = f"a password or {EXPECTED_HASH}"
                mistakes.append(Mistake(problem, key=key, expected=expected, hint=error.hint, where=where))
        if mistakes:
            raise ConfigError(*mistakes)
        require_libraries(schemes, key=key)
        return cls(hashes, plain)

    def verify(self, user: str, password: str) -> bool:
        """Check whether a user may enter with a password."""
        digest = _digest(password)
        if hmac.compare_digest(digest, self._right.get(user, b"")):
            return True
        own_hash = self._hashes.get(user, LOCKED)
        checked = own_hash or self._any_hash
        is_right = bool(checked) and verify_hash(checked, password)
        if not own_hash or not is_right:
            return False
        self._right[user] = digest
        return True


def _find_problem(password: str) -> str:
    try:
        return "" if password.encode() else "is empty"
    except UnicodeEncodeError:  # bytes of an environment variable
        return "is not UTF-8, so that no client can send it"


def _digest(password: str) -> bytes:
    return blake2b(password.encode(), key=_KEY).digest()
