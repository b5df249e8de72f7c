"""Changes of htpasswd files: one at a time, and never half of one."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE, S_ISREG

from wsgistack.errors import make_file_error
from wsgistack.middleware.auth.htpasswd import split_line

__all__ = ["change_user"]

_NEW_MODE = 0o640
"""Of a new file, less the umask: servers often read it as a group of its owner."""


def change_user(path: Path, user: str, stored: str | None) -> bool:
    """Give a user another hash, or remove the user.

    Other lines stay as they are, and so do the owner and the mode of the file. A symbolic link stays as well: the file
    that it names is replaced. Later lines for the user, which did not count so far, are removed.

    :param stored: the hash; None to remove the user.
    :returns: whether the user was in the file.
    :raises ConfigError: the file can't be read or written.
    """
    try:
        target = path.resolve()
        with _lock(target.parent):
            found = target.stat() if target.exists() else None
            if found and not S_ISREG(found.st_mode):
                raise make_file_error(path, "is not a file that can be replaced")
            text = target.read_bytes().decode("utf-8-sig") if found else ""
            changed, was_there = _change_lines(text, user, stored)
            if changed != text:
                _replace(target, changed, found)
    except UnicodeDecodeError as error:
        raise make_file_error(path, "is not UTF-8") from error
    except OSError as error:
        raise make_file_error(path, f"can't be changed: {error.strerror}") from error
    return was_there


def _change_lines(text: str, user: str, stored: str | None) -> tuple[str, bool]:
    kept = []
    was_there = False
    for line in text.split("\n"):
        split = split_line(line)
        if split is None or split[0] != user:
            kept.append(line)
        elif not was_there:
            was_there = True
            if stored is not None:
                _, colon, further = line.partition(":")[2].partition(":")
                end = "\r" if line.endswith("\r") else ""
                kept.append(f"{user}:{stored}{colon}{further.removesuffix(end)}{end}")
    if stored is not None and not was_there:
        kept[-1:] = [*filter(None, kept[-1:]), f"{user}:{stored}", ""]
    return "\n".join(kept), was_there


def _replace(target: Path, text: str, found: os.stat_result | None) -> None:
    other = target.with_name(f".{target.name}.{token_hex(8)}")
    mode = _NEW_MODE if found is None else 0o600
    descriptor = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        if found is not None:
            made = other.stat()
            if (made.st_uid, made.st_gid) != (found.st_uid, found.st_gid):
                os.chown(other, found.st_uid, found.st_gid)
            other.chmod(S_IMODE(found.st_mode))
        other.replace(target)
    except BaseException:
        other.unlink(missing_ok=True)
        raise


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Wait until no other process changes a file of the folder. To lock the file would not do, as it is replaced."""
    with ExitStack() as stack:
        with suppress(ImportError):  # Windows has no such locks
            from fcntl import LOCK_EX, flock

            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            flock(descriptor, LOCK_EX)
        yield
