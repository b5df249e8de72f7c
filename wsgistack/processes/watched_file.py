"""A file that is read again after it changed, such as a list of users or of networks."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Generic, TypeAlias, TypeVar

from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.processes.forking import renew_after_fork

__all__ = ["INTERVAL", "KEPT", "MAX_REPORTED_LINES", "WatchedFile", "report_lines"]

INTERVAL = 1.0
"""In seconds, between two looks at a file."""

KEPT = "the previous version stays in force"
MAX_REPORTED_LINES = 10

Content = TypeVar("Content")
_Stamp: TypeAlias = tuple[int, ...]


class WatchedFile(Generic[Content]):
    """The content of a text file in UTF-8. A change takes effect within about a second.

    While one thread reads a changed file, the others use the previous version and never wait. The previous version
    stays in force while another program writes the file, and if the new one can't be used, which is logged once.

    :param parse: makes the content from the text. It also returns mistakes that do not make the content unusable. It
        raises ConfigError if nothing of the text can be used.
    :param key: the option that names the file.
    :param expected: what kind of file it should be.
    :param logger: the name of the logger for the mistakes of a changed file.
    :param removed: the content once the file is removed. By default, the previous version stays in force.
    :raises ConfigError: at the start, the file can't be read or has a mistake.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[str], tuple[Content, Sequence[Mistake]]],
        *,
        key: str,
        expected: str,
        logger: str,
        removed: Content | None = None,
    ) -> None:
        self._path = path
        self._parse = parse
        self._key = key
        self._expected = expected
        self._logger = logging.getLogger(logger)
        self._removed = removed
        self._reported: _Stamp | None = None
        self._stamp, text = self._load()
        self._content, mistakes = parse(text)
        Mistakes(mistakes).raise_if_any()
        self._next = monotonic() + INTERVAL
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Make a new lock: in a forked process, no thread would ever release the one that a thread was holding."""
        self._lock = Lock()

    def read(self) -> Content:
        """The content of the last version that could be used."""
        if monotonic() >= self._next and self._lock.acquire(blocking=False):
            lock = self._lock
            try:
                self._refresh()
            finally:
                self._next = monotonic() + INTERVAL
                lock.release()
        return self._content

    def _refresh(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        try:
            stamp, text = self._load()
            self._content, mistakes = self._parse(text)
        except _ChangingFileError:
            return  # the next look finds what the other program has written by then
        except ConfigError as error:
            removed = self._removed if isinstance(error.__cause__, FileNotFoundError) else None
            if removed is not None:
                self._content = removed
            consequence = KEPT if removed is None else "nothing of it stays in force"
            mistakes = [
                each._replace(hint="; ".join(filter(None, (each.hint, consequence)))) for each in error.mistakes
            ]
            if isinstance(error.__cause__, OSError) and removed is None:
                self._report(stamp, mistakes)
                return  # the next look tries again: the reason may have gone without a change of the file
        self._report(stamp, mistakes)
        self._stamp = stamp

    def _report(self, stamp: _Stamp, mistakes: Sequence[Mistake]) -> None:
        if stamp != self._reported:
            self._reported = stamp
            for mistake in mistakes:
                self._logger.error("%s", mistake)

    def _look(self) -> _Stamp:
        try:
            return _make_stamp(self._path.stat())
        except OSError:
            return ()

    def _load(self) -> tuple[_Stamp, str]:
        try:
            with self._path.open("rb") as file:
                stamp = _make_stamp(os.fstat(file.fileno()))
                data = file.read()
                if _make_stamp(os.fstat(file.fileno())) != stamp:
                    raise _ChangingFileError(self._describe("is being written by another program"))
            return stamp, data.decode("utf-8-sig")
        except OSError as error:
            raise ConfigError(self._describe(f"can't be read: {error.strerror}")) from error
        except UnicodeDecodeError as error:
            raise ConfigError(self._describe("is not UTF-8")) from error

    def _describe(self, problem: str) -> Mistake:
        return Mistake(f"{str(self._path)!r} {problem}", self._key, self._path, self._expected)


class _ChangingFileError(ConfigError):
    """A file changed while it was read."""


def report_lines(path: Path, mistakes: Sequence[Mistake], *, key: str, expected: str) -> Mistakes:
    """The first mistakes of a file, and how many there are besides: a file of another kind may have millions."""
    left_out = len(mistakes) - MAX_REPORTED_LINES
    if left_out <= 0:
        return Mistakes(mistakes)
    problem = f"{str(path)!r} has {left_out} more lines with such mistakes"
    return Mistakes([*mistakes[:MAX_REPORTED_LINES], Mistake(problem, key, path, expected)])


def _make_stamp(found: os.stat_result) -> _Stamp:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
