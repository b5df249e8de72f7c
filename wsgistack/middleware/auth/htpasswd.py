"""Files of users and password hashes, in the format of Apache's htpasswd."""

import re
from collections.abc import Collection
from functools import partial
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake
from wsgistack.middleware.auth.credentials import prepare_name
from wsgistack.middleware.auth.hashes import PLAIN, HashError, identify_hash, require_libraries
from wsgistack.middleware.auth.passwords import EXPECTED_HASH, LOCKED, Users
from wsgistack.processes.watched_file import WatchedFile, report_lines

__all__ = ["parse_htpasswd", "split_line", "watch_htpasswd"]

_BLANKS = " \t\r\n\f\v"
_LINES = re.compile(r"[^\n]*\n?")
_EXPECTED = "an htpasswd file"


def watch_htpasswd(path: Path, *, key: str, weak: Collection[str] = ()) -> WatchedFile[Users]:
    """Read the users of an htpasswd file, and read them again after a change.

    The previous version stays in force if the file can't be read, is empty, is not UTF-8 or ends within a line, because
    another program may be writing it. Nobody may enter once the file is removed. Other problems of a changed file are
    logged, and its other lines take effect.

    :param key: the option that names the file.
    :param weak: the names of weak formats that are allowed.
    :raises ConfigError: at the start, a line of the file can't be read, it names no user, or a library is missing.
    """
    return WatchedFile(
        path,
        partial(parse_htpasswd, path=path, key=key, weak=weak),
        key=key,
        expected=_EXPECTED,
        logger="wsgistack.auth",
        removed=Users({}),
    )


def parse_htpasswd(text: str, *, path: Path, key: str, weak: Collection[str] = ()) -> tuple[Users, list[Mistake]]:
    """Read the users of a file.

    A line is ``user:hash``; further fields after another colon are ignored. Only a line feed ends a line. Ignored are
    blanks around a line, including a carriage return, empty lines, and lines that begin with ``#``. Of two lines for a
    user the first one counts. A hash that begins with ``!`` locks its user, and so does a hash that can't be read.

    :returns: the users, and the mistakes of lines.
    :raises ConfigError: nothing of the file can be used.
    """
    if not text:
        raise ConfigError(Mistake(f"{str(path)!r} is empty", key, path, _EXPECTED))
    hashes: dict[str, str] = {}
    plain: dict[str, str] = {}
    schemes = set()
    mistakes = []
    is_cut = False
    # one after the other: to split a text of a million lines at once would stop all other threads for its time
    for number, line in enumerate(_LINES.finditer(text), 1):
        split = split_line(line[0])
        if split is None:
            continue
        user, stored = split
        if user and user in hashes:
            continue
        hashes[user] = LOCKED
        if stored is not None and stored.startswith("!"):
            continue
        try:
            scheme = _identify(user, stored, weak)
        except HashError as error:
            is_cut = line.end() == len(text) and not line[0].endswith("\n")
            expected = EXPECTED_HASH if error.hint else ""
            mistakes.append(Mistake(f"{path}:{number}: {error}", key, path, expected, error.hint))
        else:
            schemes.add(scheme)
            (plain if scheme == PLAIN else hashes)[user] = str(stored)
    mistakes = report_lines(path, mistakes, key=key, expected=_EXPECTED)
    if is_cut:
        raise ConfigError(*mistakes, Mistake(f"{str(path)!r} ends within a line", key, path, _EXPECTED))
    if not hashes:
        mistakes.append(Mistake(f"{str(path)!r} has no user", key=key, expected="at least one"))
    require_libraries(schemes - {PLAIN}, key=key)
    return Users(hashes, plain), mistakes


def split_line(line: str) -> tuple[str, str | None] | None:
    """The user in NFC and the hash of a line, or None in its place without a colon. None if the line has no user."""
    user, colon, fields = line.strip(_BLANKS).partition(":")
    if user.startswith("#") or not (user or colon):
        return None
    return prepare_name(user), fields.partition(":")[0] if colon else None


def _identify(user: str, stored: str | None, weak: Collection[str]) -> str:
    """The format of the hash of a line. The error names the user, but nothing else of the line: it may be a secret."""
    if not user:
        raise HashError("the user name is empty")
    if stored is None:
        raise HashError("the line is not NAME:HASH")
    try:
        return identify_hash(stored, weak)
    except HashError as error:
        raise HashError(f"the hash of user {user!r} {error}", error.hint) from error
