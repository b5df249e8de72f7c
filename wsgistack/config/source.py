"""The text of a configuration file."""

import sys
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Where, did_you_mean

__all__ = ["read_source"]


def read_source(path: Path) -> str:
    """Read a configuration file as UTF-8, with or without a byte order mark.

    :raises ConfigError: the file does not exist, cannot be read, is empty, or is not text in UTF-8.
    """
    sys.audit("wsgistack.read", str(path))  # for serve --reload, which watches what is read
    where = Where(str(path))
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        siblings = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        is_link = path.is_symlink()
        problem = "broken link: its target does not exist" if is_link else "file does not exist"
        hint = "" if is_link else did_you_mean(path.name, siblings)
        file, is_named, name = path.name.partition("#")
        if is_named and file in siblings:
            hint = f"did you mean the file {file!r} with --name {name} (or name={name!r} in Python)?"
        raise ConfigError(Mistake(problem, where=where, hint=hint)) from error
    except (OSError, ValueError) as error:  # a ValueError: this is not a valid name of a file
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(Mistake(f"cannot be read: {why}", where=where)) from error
    if b"\0" in content:
        raise ConfigError(Mistake("not a text file", where=where, expected="a configuration in UTF-8"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {content[error.start]:#04x} is not UTF-8"
        hint = "save the file in UTF-8"
        raise ConfigError(Mistake(problem, where=where._replace(line=line), hint=hint)) from error
    if not text.strip():
        raise ConfigError(Mistake("the file is empty", where=where))
    return text
