"""What layers do with the server's ``wsgi.file_wrapper`` (PEP 3333, Optional Platform-Specific File Handling)."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from sys import maxsize
from typing import Any, cast

from wsgistack.types import Environ

__all__ = ["blocks_of", "is_file_wrapper", "watch"]

_BLOCK = 128 * 1024


def is_file_wrapper(body: object, environ: Environ, /) -> bool:
    """Whether the body is the server's own ``wsgi.file_wrapper``, which the server may send with sendfile.

    uWSGI's wrapper is a function that returns the file itself. There the answer is yes for a file that can seek, and
    for an object that can only be read. A pipe or a socket may be a stream that the application returns by itself.
    """
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type):
        return isinstance(body, wrapper)
    return wrapper is not None and hasattr(body, "read") and (_can_seek(body) or not hasattr(body, "__iter__"))


def blocks_of(body: object, length: int | None, /) -> Iterator[bytes] | None:
    """Return the contents of a file wrapper in large blocks, or None if the file can't be reached.

    A pipe is left alone too, because a large block of it would have to be waited for.

    :param length: how many bytes to send; None for all.
    """
    if hasattr(body, "read"):
        return _blocks(body.read, length)
    file = getattr(body, "filelike", None) or getattr(body, "file", None)
    return _blocks(file.read, length) if file is not None and _can_seek(file) else None


def watch(body: object, environ: Environ, done: Callable[[int, bool, bool], object], /) -> Iterable[bytes] | None:
    """Call a function when the server closes a file wrapper. Until then the server may use sendfile.

    :param done: is called once instead of the wrapper's ``close()``, which it must call, with the number of bytes that
        were sent, whether the file is at its end, and whether both are certain. They are not where Apache sends the
        file by its descriptor, which moves no position: then they say that the whole file was sent.
    :return: what the server must get: the wrapper, or a second one around the same file if it is mod_wsgi's, on which
        no attribute can be set. None if the wrapper can't be watched, because it has no position or no ``close()``.
    """
    wrapper: Any = body
    name = "filelike" if hasattr(body, "filelike") else "file"  # of Waitress
    try:
        file = getattr(wrapper, name)
        close = wrapper.close
        begin = file.tell()
        watched = _Watched(file, begin)

        def report() -> None:
            position, end, is_certain = begin, None, True
            with suppress(OSError, ValueError):  # the server has already closed the file
                position = max(watched.furthest, file.tell())
                end = file.seek(0, os.SEEK_END)
                file.seek(position)
                if watched.is_taken and position == begin:
                    position, is_certain = end, False
            done(position - begin, position == end, is_certain)

        def close_and_report() -> None:
            setattr(wrapper, name, file)
            wrapper.close = close
            report()

        try:
            setattr(wrapper, name, watched)
        except AttributeError:
            watched = _WatchedForApache(file, begin, report)
            return cast(Iterable[bytes], environ["wsgi.file_wrapper"](watched, wrapper.blksize))
        wrapper.close = close_and_report
    except (AttributeError, OSError, ValueError):
        return None
    return cast(Iterable[bytes], body)


def _can_seek(file: object) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and bool(seekable())


def _blocks(read: Callable[[int], bytes], length: int | None) -> Iterator[bytes]:
    left = maxsize if length is None else length
    while block := read(min(left, _BLOCK)) if left else b"":
        left -= len(block)
        yield block


class _Watched:
    """A file that knows how far the server has read: gunicorn goes back to the beginning when all is sent."""

    is_taken = False

    def __init__(self, file: Any, begin: int) -> None:
        self._file = file
        self.furthest = begin

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        position: int = self._file.seek(offset, whence)
        if whence == os.SEEK_SET:  # another whence is used to find the size
            self.furthest = max(self.furthest, position)
        return position


class _WatchedForApache(_Watched):
    """A file for the wrapper of mod_wsgi, which closes the file and not the wrapper."""

    def __init__(self, file: Any, begin: int, close: Callable[[], object]) -> None:
        super().__init__(file, begin)
        self.close = close

    def tell(self) -> int:
        self.is_taken = True  # mod_wsgi asks where Apache must begin to send the file by its descriptor
        position: int = self._file.tell()
        return position
