"""Whether a file or a folder can be written: asked when a layer is built, without creating anything."""

import errno
import os
from pathlib import Path
from stat import S_ISDIR

from wsgistack.errors import ConfigError, Mistake

__all__ = ["check_file", "check_folder"]

_ASKS_FOR_THE_SERVER = os.access in os.supports_effective_ids  # not for the user who started it


def check_file(path: Path, key: str, expected: str = "a file that can be written") -> None:
    """Check that a file can be opened for writing, or created.

    :param key: the option that names it.
    :raises ConfigError: it can't.
    """
    _check(path, key, expected, "open", is_folder=False)


def check_folder(path: Path, key: str) -> None:
    """Check that files can be created in a folder, or that the folder can be created.

    :param key: the option that names it.
    :raises ConfigError: they can't.
    """
    _check(path, key, "a folder, or the name of a new one", "write to", is_folder=True)


def _check(path: Path, key: str, expected: str, action: str, *, is_folder: bool) -> None:
    try:
        code = _find_problem(path, is_folder=is_folder)
        reason = os.strerror(code) if code else ""
    except ValueError as error:  # such as for a NUL
        reason = str(error)
    if reason:
        problem = f"cannot {action} {str(path)!r}: {reason}"
        raise ConfigError(Mistake(problem, key=key, value=path, expected=expected))


def _find_problem(path: Path, *, is_folder: bool) -> int:
    """The number of the error that would come from writing there; 0 without any."""
    try:
        if S_ISDIR(path.stat().st_mode) != is_folder:
            return errno.ENOTDIR if is_folder else errno.EISDIR
    except FileNotFoundError:  # it is created later
        pass
    except OSError as error:  # such as that its folder can't be searched
        return error.errno or errno.EIO
    if not path.parent.is_dir():
        return errno.ENOENT
    is_free = _can_write(path) or _can_write(path if path.exists() else path.parent)  # it may be renamed meanwhile
    return 0 if is_free else errno.EACCES


def _can_write(path: Path) -> bool:
    mode = os.W_OK | os.X_OK if path.is_dir() else os.W_OK
    return os.access(path, mode, effective_ids=_ASKS_FOR_THE_SERVER)
