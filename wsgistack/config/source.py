"""The text of a configuration file."""

from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Where, did_you_mean

__all__ = ["read_source"]


def read_source(path: Path) -> str:
    """Read a configuration file as UTF-8, with or without a byte order mark.

    :raises ConfigError: there is no such file, it can't be read, or it is no text or empty.
    """
    where = Where(str(path))
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        siblings = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        is_link = path.is_symlink()
        hint = "" if is_link else did_you_mean(path.name, siblings)
        file, is_named, name = path.name.partition("#")
        if is_named and file in siblings:
            hint = f"did you mean {file!r}, and {name!r} by --name or as second argument?"
        problem = "is a link to what is not there" if is_link else "there is no such file"
        raise ConfigError(Mistake(problem, where=where, hint=hint)) from error
    except (OSError, ValueError) as error:  # a ValueError says that this can't be the name of a file
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(Mistake(f"can't be read: {why}", where=where)) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"the byte {content[error.start]:#04x} is not UTF-8"
        raise ConfigError(Mistake(problem, where=where._replace(line=line), expected="a text in UTF-8")) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConfigError(Mistake("holds a NUL", where=where._replace(line=line), expected="a text in UTF-8"))
    if not text.strip():
        raise ConfigError(Mistake("the file is empty", where=where))
    return text
