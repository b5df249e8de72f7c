"""Files of groups, in the format of Apache's AuthGroupFile."""

from functools import partial
from pathlib import Path
from typing import TypeAlias

from wsgistack.errors import ConfigError, Mistake
from wsgistack.middleware.auth.credentials import prepare_name
from wsgistack.processes.watched_file import WatchedFile, report_lines

__all__ = ["Groups", "parse_groups", "watch_groups"]

Groups: TypeAlias = dict[str, frozenset[str]]
"""The names of a user's groups, by the user."""

_EXPECTED = "a file of groups"


def watch_groups(path: Path, *, key: str) -> WatchedFile[Groups]:
    """Read the groups of a file, and read them again after a change.

    The previous version stays in force if the new one has a mistake: a user who is missing in a group would be let in
    where a rule is about all who are not in it. Nobody is in a group once the file is removed.

    :param key: the option that names the file.
    :raises ConfigError: at the start, the file or one of its lines can't be read.
    """
    parse = partial(parse_groups, path=path, key=key)
    return WatchedFile(path, parse, key=key, expected=_EXPECTED, logger="wsgistack.auth", removed={})


def parse_groups(text: str, *, path: Path, key: str) -> tuple[Groups, tuple[()]]:
    """Read the groups of a file.

    A line is ``group: user user``, with blanks between the users. A group may have several lines. Ignored are empty
    lines and lines that begin with ``#``. The file must end with a line feed, because the last name of a file that is
    cut off may be another user's.

    :raises ConfigError: a line is something else.
    """
    if text and not text.endswith("\n"):
        problem = f"{str(path)!r} is cut off: the last line does not end"
        raise ConfigError(Mistake(problem, key, path, "a line feed at the end"))
    groups: dict[str, set[str]] = {}
    mistakes = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            name, colon, users = stripped.partition(":")
            name = name.rstrip()
            if not (name and colon) or " " in name:
                mistakes.append(Mistake(f"{path}:{number}: the line is not GROUP: USER USER", key, path, _EXPECTED))
            for user in users.split():
                groups.setdefault(prepare_name(user), set()).add(name)
    report_lines(path, mistakes, key=key, expected=_EXPECTED).raise_if_any()
    return {user: frozenset(names) for user, names in groups.items()}, ()
