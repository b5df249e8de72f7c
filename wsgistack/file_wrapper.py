"""The server's own ``wsgi.file_wrapper`` (PEP 3333, Optional Platform-Specific File Handling) as layers meet it."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from sys import maxsize
from typing import Protocol, cast

from wsgistack.types import Environ

__all__ = ["blocks_of", "is_file_wrapper", "watch"]

_BLOCK = 128 * 1024


def is_file_wrapper(body: object, environ: Environ, /) -> bool:
    """Whether the body is the server's own ``wsgi.file_wrapper``, which it may send without reading it (sendfile).

    Where that is a function, as uWSGI's, which hands the file itself back, it is any file that can seek, or that can
    only be read. A pipe or a socket may as well be a stream that the application gave by itself.
    """
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type):
        return isinstance(body, wrapper)
    return wrapper is not None and hasattr(body, "read") and (_can_seek(body) or not hasattr(body, "__iter__"))


def blocks_of(body: object, length: int | None, /) -> Iterator[bytes] | None:
    """What is in a file wrapper, read in large blocks; None where there is no getting at the file.

    That of a pipe is left alone, too, for a large block of it would have to be waited for.

    :param length: how much there is to send; None for all.
    """
    if hasattr(body, "read"):
        return _blocks(body.read, length)
    file = getattr(body, "filelike", None) or getattr(body, "file", None)
    return _blocks(file.read, length) if file is not None and _can_seek(file) else None


def watch(body: object, done: Callable[[int, bool], object], /) -> bool:
    """Have a function called when the server closes a file wrapper, which it may send by sendfile until then.

    :param done: called once, with the bytes that were sent and whether the file is at its end, instead of the
        wrapper's ``close()``, which it has to call.
    :return: whether it can be watched. A wrapper made in C can't, nor one that has no position or nothing to close.
    """
    wrapper = cast(_Wrapper, body)
    try:
        file, close = wrapper.filelike, wrapper.close
        begin = file.tell()
        watched = _Watched(file, begin)

        def closing() -> None:
            wrapper.filelike, wrapper.close = file, close  # type: ignore[method-assign]
            position, end = begin, None
            with suppress(OSError, ValueError):  # the server has closed the file already
                position = max(watched.furthest, file.tell())
                end = file.seek(0, os.SEEK_END)
                file.seek(position)
            done(position - begin, position == end)

        wrapper.filelike, wrapper.close = watched, closing  # type: ignore[method-assign]
    except (AttributeError, OSError, ValueError):
        return False
    return True


def _can_seek(file: object) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and bool(seekable())


def _blocks(read: Callable[[int], bytes], length: int | None) -> Iterator[bytes]:
    left = maxsize if length is None else length
    while block := read(min(left, _BLOCK)) if left else b"":
        left -= len(block)
        yield block


class _File(Protocol):
    def tell(self) -> int: ...
    def seek(self, offset: int, whence: int = ..., /) -> int: ...


class _Wrapper(Protocol):
    filelike: _File

    def close(self) -> object: ...


class _Watched:
    """A file that knows how far the server came in it: gunicorn goes back to the begin when it has sent all."""

    def __init__(self, file: _File, begin: int) -> None:
        self._file = file
        self.furthest = begin

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(cast(Iterable[bytes], self._file))

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        position = self._file.seek(offset, whence)
        if whence == os.SEEK_SET:  # others look how large the file is
            self.furthest = max(self.furthest, position)
        return position
