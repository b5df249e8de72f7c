"""Who may enter: passwords in plain text, or as the hashes that htpasswd writes and libpass checks."""

import hmac
import logging
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import require_extra

__all__ = ["Check", "HtpasswdFile", "checks_of", "verifier"]

Check = Callable[[str], bool]
"""Tells whether a password is the right one."""

_BCRYPT = "$2"
_BCRYPT_READS = 72
_KEY = os.urandom(32)


def verifier(current: Callable[[], Mapping[str, Check]]) -> Callable[[str, str], bool]:
    """A function that tells whether a user may enter with a password.

    For a user that there is not, it compares with the first hash that there is: that takes as long as a wrong password
    of a user that there is, if all hashes are made alike.

    :param current: gives the checks of all users as they stand now.
    """

    def verify(user: str, password: str) -> bool:
        checks = current()
        if user in checks:
            return checks[user](password)
        for check in checks.values():
            if isinstance(check, _Hashed):
                check.compare(password)
                break
        return False

    return verify


def checks_of(users: Mapping[str, str], *, key: str) -> dict[str, Check]:
    """The checks of users whose passwords stand in a mapping, as hashes, which begin with ``$`` or ``{``, or plainly.

    :param key: the option that holds them.
    :raises ConfigError: there are no users, or a hash can't be used.
    """
    if not users:
        raise ConfigError(Mistake("names no user", key=key, expected="at least one"))
    checks: dict[str, Check] = {}
    mistakes = []
    for user, stored in users.items():
        try:
            checks[user] = _Hashed(stored, key) if stored.startswith(("$", "{")) else _plain(stored)
        except ValueError as error:
            mistakes += _mistakes(f"user {user!r}", key, error)
    if mistakes:
        raise ConfigError(*dict.fromkeys(mistakes))
    return checks


class HtpasswdFile:
    """The users of a file that htpasswd wrote, read again whenever it has changed.

    While it can't be read nobody may enter, and while a line can't be read its user may not. Both are logged. Of two
    lines for a user the first counts, as for Apache.

    :param key: the option that names the file.
    :raises ConfigError: at first, the file or a line of it can't be read.
    """

    def __init__(self, path: Path, *, key: str) -> None:
        self._path = path
        self._key = key
        stamp = self._stamp()
        checks, mistakes = self._read()
        if mistakes:
            raise ConfigError(*dict.fromkeys(mistakes))
        self._seen = stamp, checks

    def checks(self) -> Mapping[str, Check]:
        """The checks of all users as the file stands now."""
        stamp = self._stamp()
        seen, checks = self._seen
        if stamp != seen or not checks:  # it may only have been out of reach for a moment
            checks, mistakes = self._read()
            for mistake in mistakes if stamp != seen else ():
                logging.getLogger("wsgistack.basic_auth").error("%s", mistake)
            self._seen = stamp, checks
        return checks

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> tuple[dict[str, Check], list[Mistake]]:
        checks: dict[str, Check] = {}
        try:
            lines = self._path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            return checks, [
                Mistake(f"can't read {str(self._path)!r}: {why}", key=self._key, expected="an htpasswd file")
            ]
        mistakes = []
        for number, line in enumerate(lines, 1):
            user, colon, stored = line.strip().partition(":")
            if not user or user.startswith("#"):
                continue
            try:
                checks.setdefault(user, _Hashed(stored if colon else "", self._key))
            except ValueError as error:
                mistakes += _mistakes(f"{self._path}:{number}", self._key, error)
        if not checks and not mistakes:
            mistakes.append(Mistake(f"{str(self._path)!r} names no user", key=self._key, expected="at least one"))
        return checks, mistakes


class _Hashed:
    """Checking a hash is slow on purpose, and each request asks for it: what was right is kept, as a keyed digest."""

    __slots__ = ("_context", "_right", "_stored")

    def __init__(self, stored: str, key: str) -> None:
        apache = require_extra("passlib.apache", extra="htpasswd", key=key)
        self._context = apache.htpasswd_context
        self._stored = stored
        self._right = b""
        scheme = self._context.identify(stored)
        if scheme == "plaintext":
            raise ValueError("no hash that htpasswd knows")
        if stored.startswith(_BCRYPT):
            require_extra("bcrypt", extra="htpasswd", key=key)
        try:
            read = self._context.handler(scheme).from_string(stored)
        except Warning as warning:  # with warnings as errors; else libpass warns and repairs
            raise ValueError(str(warning)) from warning
        if not read.checksum or read.to_string() != stored:
            raise ValueError("a damaged hash")

    def __call__(self, password: str) -> bool:
        digest = hmac.digest(_KEY, password.encode(), "sha256")
        if hmac.compare_digest(digest, self._right):
            return True
        if not self.compare(password):
            return False
        self._right = digest
        return True

    def compare(self, password: str) -> bool:
        """Hash the password, whatever is remembered."""
        secret = password.encode()[:_BCRYPT_READS] if self._stored.startswith(_BCRYPT) else password
        try:
            right: bool = self._context.verify(secret, self._stored)
        except ValueError:  # no hash can be of such a password: it is too long, or holds a NUL
            return False
        return right


def _plain(stored: str) -> Check:
    if not stored:
        raise ValueError("has an empty password")
    right = sha256(stored.encode()).digest()
    return lambda password: hmac.compare_digest(sha256(password.encode()).digest(), right)


def _mistakes(where: str, key: str, error: ValueError) -> list[Mistake]:
    if isinstance(error, ConfigError):
        return list(error.mistakes)
    return [Mistake(f"{where}: {error}", key=key, expected="a hash as htpasswd -B writes it")]
