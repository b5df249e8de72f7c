"""A file of users and password hashes, in the format of Apache's htpasswd."""

import logging
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from wsgistack.errors import ConfigError, Mistake
from wsgistack.middleware.auth.hashes import HashError, identify_hash, require_libraries
from wsgistack.middleware.auth.passwords import EXPECTED_HASH, LOCKED, Passwords

__all__ = ["HtpasswdFile"]

MAX_REPORTED_LINES = 10

_BLANKS = " \t\r\f\v"
_KEPT = "the previous version stays in force"
_Stamp = tuple[int, ...]


class HtpasswdFile:
    """The users of an htpasswd file. A change of the file takes effect at the next request.

    The file is UTF-8. A line is ``user:hash``; further fields after another colon are ignored. Only a line feed ends a
    line. Ignored are blanks around a line, including a carriage return, empty lines, and lines that begin with ``#``.
    Of two lines for a user the first one counts. A hash that begins with ``!`` locks its user, and so does a hash that
    can't be read.

    While one thread reads a changed file, the others use the previous version. Problems of a changed file are logged
    once. The previous version stays in force if the file can't be read, is empty, is not UTF-8 or ends within a line,
    because another program may be writing it. Nobody may enter once the file is removed.

    :param key: the option that names the file.
    :raises ConfigError: at the start, a line of the file can't be read, it names no user, or a library is missing.
    """

    def __init__(self, path: Path, *, key: str) -> None:
        self._path = path
        self._key = key
        self._lock = Lock()
        self._reported: _Stamp | None = None
        stamp = self._stamp()
        try:
            table = self._read()
        except _UnusableFileError as error:
            raise ConfigError(self._describe(error)) from error
        if table.mistakes:
            raise ConfigError(*table.mistakes)
        self._current = stamp, table.passwords

    def verify(self, user: str, password: str) -> bool:
        """Check whether a user may enter with a password."""
        if self._current[0] != self._stamp() and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._current[1].verify(user, password)

    def _refresh(self) -> None:
        stamp = self._stamp()
        seen, previous = self._current
        if stamp == seen:  # another thread was faster
            return
        try:
            table = self._read()
        except _UnusableFileError as error:
            removed = isinstance(error.__cause__, FileNotFoundError)
            consequence = "nobody may enter" if removed else _KEPT
            self._report(stamp, self._describe(error, consequence))
            if removed:
                self._current = stamp, Passwords({})
            elif not isinstance(error.__cause__, OSError):  # else the next request tries again
                self._current = stamp, previous
        except ConfigError as error:
            self._report(stamp, *(each._replace(hint=f"{each.hint}; {_KEPT}") for each in error.mistakes))
            self._current = stamp, previous
        else:
            mistakes = table.mistakes
            if table.is_cut:
                problem = f"{str(self._path)!r} ends within a line"
                mistakes = [*mistakes, Mistake(problem, key=self._key, hint=_KEPT)]
            self._report(stamp, *mistakes)
            self._current = stamp, previous if table.is_cut else table.passwords

    def _report(self, stamp: _Stamp, *mistakes: Mistake) -> None:
        if stamp != self._reported:
            self._reported = stamp
            for mistake in mistakes:
                logging.getLogger("wsgistack.basic_auth").error("%s", mistake)

    def _describe(self, error: "_UnusableFileError", consequence: str = "") -> Mistake:
        return Mistake(f"{str(self._path)!r} {error}", key=self._key, expected="an htpasswd file", hint=consequence)

    def _stamp(self) -> _Stamp:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _read(self) -> "_Table":
        try:
            text = self._path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise _UnusableFileError(f"can't be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise _UnusableFileError("is not UTF-8") from error
        if not text:
            raise _UnusableFileError("is empty")
        lines = text.split("\n")
        hashes: dict[str, str] = {}
        schemes = set()
        mistakes = []
        refused = 0
        is_cut = False
        for number, line in enumerate(lines, 1):
            user, colon, fields = line.strip(_BLANKS).partition(":")
            if user.startswith("#") or not (user or colon) or (user and user in hashes):
                continue
            hashes[user] = LOCKED
            stored = fields.partition(":")[0]
            if stored.startswith("!"):
                continue
            try:
                schemes.add(_identify(user, colon, stored))
            except HashError as error:
                is_cut = number == len(lines)  # the text after the last line feed
                refused += 1
                if refused <= MAX_REPORTED_LINES:
                    problem = f"{self._path}:{number}: {error}"
                    expected = EXPECTED_HASH if error.hint else ""
                    mistakes.append(Mistake(problem, key=self._key, expected=expected, hint=error.hint))
            else:
                hashes[user] = stored
        if refused > MAX_REPORTED_LINES:
            problem = f"{str(self._path)!r} has {refused - MAX_REPORTED_LINES} more lines with such mistakes"
            mistakes.append(Mistake(problem, key=self._key, expected="an htpasswd file"))
        if not hashes:
            mistakes.append(Mistake(f"{str(self._path)!r} has no user", key=self._key, expected="at least one"))
        require_libraries(schemes, key=self._key)
        return _Table(Passwords(hashes), mistakes, is_cut)


class _Table(NamedTuple):
    passwords: Passwords
    mistakes: list[Mistake]
    is_cut: bool
    """Whether the file ends within a line, because another program is still writing it."""


class _UnusableFileError(Exception):
    """A file can't be used as a whole."""


def _identify(user: str, colon: str, stored: str) -> str:
    """The format of the hash of a line. The error names the user, but nothing else of the line: it may be a secret."""
    if not (user and colon):
        raise HashError("the line is not NAME:HASH" if user else "the user name is empty")
    try:
        return identify_hash(stored)
    except HashError as error:
        raise HashError(f"the hash of user {user!r} {error}", error.hint) from error
