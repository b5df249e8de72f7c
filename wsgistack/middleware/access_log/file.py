"""The file of an access log, which other programs may rename, remove or truncate while it is in use."""

import errno
import logging
import os
import weakref
from pathlib import Path
from threading import RLock
from time import monotonic

from wsgistack.http.notices import Notice
from wsgistack.processes.forking import renew_after_fork, renew_if_forked
from wsgistack.processes.writable import check_file

__all__ = ["LogFile"]

INTERVAL = 1.0
"""In seconds, between two looks at the name of the file."""

MODE = 0o640  # addresses of clients are not for every user of the machine
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)  # a FIFO without a reader must not hang
_Identity = tuple[int, int]


class LogFile:
    """Appends lines to a file, which the first line creates: a check may run as another user than the server.

    A line is one write at the end of the file, so that threads and processes can share it, and a program may truncate
    it. If another file gets the name, or none has it, the lines go to the file of that name within about a second. As
    long as that one can't be opened, they go on to the old one, unless it was removed.

    If only a part of a line fits on the disk, that part gets a line end, and the line is written again or is lost.

    :param logger: the name of the logger for what is odd, but loses no line.
    :raises ConfigError: the file can't be opened for writing.
    """

    def __init__(self, path: Path, logger: str) -> None:
        check_file(path, "file")
        self._path = path
        self._notice = Notice(logging.getLogger(logger))
        # The rest changes under the lock, which is held during a write: a half line and its end stay together. A body
        # that the server has not closed may be collected meanwhile, and its line comes from the same thread.
        self._lock = RLock()
        self._file = -1
        self._identity: _Identity | None = None
        self._next_look = 0.0
        self._missing = b""  # the end of a half line, if it could not be written
        renew_after_fork(self)

    def write(self, line: str, entry: object = None, /) -> None:
        """Write one line.

        :raises OSError: the line is lost.
        """
        data = f"{line}\n".encode()
        now = monotonic()
        with self._lock:
            if now >= self._next_look:
                self._look()
                self._next_look = now + INTERVAL
            if not self._append(data):
                if not self._append(data):
                    raise OSError(errno.ENOSPC, "only a part of a line could be written", str(self._path))
                self._notice.log("%s has a half line; the whole line follows", self._path)

    def renew(self) -> None:
        """Open the file again in a child process, which would share the position in it with its parent."""
        self._lock = RLock()
        self._identity = None
        self._next_look = 0.0

    def _look(self) -> None:
        """Open the file, unless it is open and still has its name."""
        renew_if_forked()
        if self._file >= 0 and self._identity == _identify(self._path):
            return
        try:
            file = os.open(self._path, _FLAGS, MODE)
        except OSError as error:
            if self._file < 0 or not os.fstat(self._file).st_nlink:
                raise
            self._notice.log("%s; the access log goes on in the file that had this name", error)
            return
        found = os.fstat(file)
        self._identity = found.st_dev, found.st_ino
        self._missing = b""
        if self._file < 0:
            self._file = file
            weakref.finalize(self, os.close, file).atexit = False  # a queue is written after that
        else:
            os.dup2(file, self._file, inheritable=False)  # the number stays the same
            os.close(file)

    def _append(self, data: bytes) -> bool:
        """Whether a whole line was written. A half line is ended, or ended before the next one."""
        data = self._missing + data
        if os.write(self._file, data) == len(data):
            self._missing = b""
            return True
        self._missing = b"" if self._end_line() else b"\n"
        return False

    def _end_line(self) -> bool:
        """Turn the last written byte into a line feed, for which also a full disk has space.

        The next line may be one of another process, which knows nothing of the half one.
        """
        file = -1
        try:
            end = os.lseek(self._file, 0, os.SEEK_CUR)
            file = os.open(self._path, os.O_WRONLY)  # through the other one, it would be appended
            found = os.fstat(file)
            if (found.st_dev, found.st_ino) != self._identity or found.st_size < end:  # renamed or truncated
                return False
            os.lseek(file, end - 1, os.SEEK_SET)
            return os.write(file, b"\n") == 1
        except OSError:
            return False
        finally:
            if file >= 0:
                os.close(file)


def _identify(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
