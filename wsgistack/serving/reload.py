"""Serving in a second process, a worker, which is replaced when the configuration or the code changes."""

import faulthandler
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache, partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from time import sleep
from typing import Any

from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import is_own_code, require_extra
from wsgistack.serving.serve import POLL_INTERVAL, StopRequest, serve

__all__ = ["is_worker", "supervise", "work"]

END_TIMEOUT, URGENT_TIMEOUT = 12.0, 2.0  # seconds that workers have to end; the second after another Ctrl-C
EXIT_TIMEOUT = 5.0  # seconds that a worker has to exit after it has served; serve() takes up to 6 before

_INHERITED = "WSGISTACK_WORKER"
_SUFFIXES = (".ini", ".py", ".toml")
_IS_READY = ""  # reported instead of a file
_READ = "wsgistack.read"
_AUDITED = {_READ: 0, "compile": 1, "exec": 0}  # audit events, and which argument is a file, or code from a file


def supervise(listener: socket.socket, *, command: Sequence[str]) -> None:
    """Serve in a worker, and replace it when a file changes that it has read, until Ctrl-C or SIGTERM.

    This process keeps the socket and watches the files: those of the configuration, also included ones and those of
    ``${file:...}``; modules, except those of Python and of installed packages; new code and configurations in the same
    folders. The old worker ends when the new one serves, after its requests in flight: no request is lost, and a
    mistake in a file does no harm. While no worker can serve, requests wait.

    For development: it costs a second process.

    :param listener: a listening socket, closed at the end.
    :param command: runs a program that calls :func:`work`.
    :raises ConfigError: Waitress is not installed, or this is Windows.
    """
    if sys.platform == "win32":
        raise ConfigError(Mistake("not supported on Windows, where processes can't share a socket", key="--reload"))
    require_extra("waitress", extra="serve", key="--reload")
    with listener, StopRequest() as stop:
        workers = [latest := _Worker(command, listener)]
        seen: dict[str, int] = {}
        try:
            with suppress(KeyboardInterrupt):
                while not stop.count:
                    _check(workers, latest)
                    found = _modification_times(latest.files)
                    # An editor may write several files: wait until two looks in a row find the same.
                    if found == seen and found != latest.files:
                        changed = min(path for path, _ in found.items() ^ latest.files.items())
                        _report(f"{os.path.relpath(changed)} has changed; starting again")
                        latest = _Worker(command, listener)
                        workers.append(latest)
                    seen = found
                    sleep(POLL_INTERVAL)
                listener.close()
                _end(workers, _Worker.stop, END_TIMEOUT)
        finally:
            _end(workers, _Worker.terminate, URGENT_TIMEOUT)
            _end(workers, _Worker.kill, None)


class _Worker(subprocess.Popen[bytes]):
    """The process as its parent sees it."""

    def __init__(self, command: Sequence[str], listener: socket.socket) -> None:
        self.is_ready = self.is_stopping = False
        self.files: dict[str, int] = {}  # with the times of their changes when they were read
        self._link, theirs = Pipe()
        with theirs:
            inherited = (listener.fileno(), theirs.fileno())
            environ = {**os.environ, _INHERITED: "{} {}".format(*inherited)}
            super().__init__(command, env=environ, pass_fds=inherited)

    def has_ended(self) -> bool:
        """Whether the process has ended. Its last reports are read, too."""
        status = self.poll()
        read: dict[str, int] = {}
        with suppress(OSError, EOFError):
            while self._link.poll():
                file, modified = self._link.recv()
                if file == _IS_READY:
                    self.is_ready = True
                elif is_own_code(file):
                    read[file] = modified
        self.files = {**_modification_times(read), **self.files, **read}
        return status is not None

    def stop(self) -> None:
        """Ask it to end after the requests in flight."""
        if not self.is_stopping and not self.has_ended() and not self.is_ready:
            self.terminate()
        self.is_stopping = True
        self._link.close()


def _check(workers: list[_Worker], latest: _Worker) -> None:
    """Report workers that have ended, and stop those that the latest one replaces."""
    for worker in [worker for worker in workers if worker.has_ended()]:
        workers.remove(worker)
        if not worker.is_stopping:
            problem = f"the server has ended with status {worker.returncode}" if worker.is_ready else "startup failed"
            is_served = any(other.is_ready and not other.is_stopping for other in workers)
            _report(f"{problem}; {'still serving the previous version' if is_served else 'requests wait'}")
        worker.stop()
    for worker in workers:
        if worker is not latest and (latest.is_ready or not worker.is_ready):
            worker.stop()


def _end(workers: Iterable[_Worker], end: Callable[[_Worker], None], timeout: float | None) -> None:
    for worker in workers:
        end(worker)
    for worker in workers:
        with suppress(subprocess.TimeoutExpired):
            worker.wait(timeout)


def _modification_times(files: Iterable[str]) -> dict[str, int]:
    """Find those of files, and of code and configurations in the same folders. 0 means that it does not exist."""
    found = {file: _modification_time(file) for file in files}
    for folder in {os.path.dirname(file) for file in found}:  # noqa: PTH120 (called often)
        with suppress(OSError):
            names = os.listdir(folder)  # noqa: PTH208 (called often; a signal leaves no open iterator behind)
            like = [name for name in names if name.endswith(_SUFFIXES) and not name.startswith(".")]
            found |= {path: _modification_time(path) for path in (os.path.join(folder, name) for name in like)}  # noqa: PTH118
    return found


def _modification_time(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116 (called often)
    except (OSError, ValueError):  # a ValueError: no file can have this name
        return 0


def _report(what: str) -> None:
    print(f"reload: {what}", file=sys.stderr, flush=True)


def is_worker() -> bool:
    """Whether this process has to call :func:`work`."""
    return _INHERITED in os.environ


def work(run: Callable[[Callable[..., None]], object]) -> None:
    """Serve on the socket of the parent, until the parent closes the connection. Report which files are read.

    :param run: builds the application and serves it with its argument, which takes the application, ``ready`` and
        options as :func:`wsgistack.serving.serve.serve` does.
    """
    listener_fd, link_fd = map(int, os.environ.pop(_INHERITED).split())
    for inherited in (listener_fd, link_fd):
        os.set_inheritable(inherited, False)
    sys.dont_write_bytecode = True  # bytecode records seconds: a second change within one would not be loaded

    @cache  # each file once, with the time of its last change before it was read
    def report(file: str) -> None:
        with suppress(OSError):  # the parent has ended
            link.send((file, _modification_time(file)))

    def follow(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _AUDITED:
            subject = arguments[_AUDITED[event]]
            file = str(getattr(subject, "co_filename", subject))
            if event == _READ or file.endswith(".py"):
                report(os.path.abspath(file))  # noqa: PTH100 (it would follow symbolic links)

    def is_over() -> bool:
        report(_IS_READY)
        return link.poll()

    with socket.socket(fileno=listener_fd) as listener, Connection(link_fd) as link:
        sys.addaudithook(follow)  # it also sees code that fails, which does not stay in sys.modules
        try:
            run(partial(serve, listener=listener, is_over=is_over))
        finally:
            faulthandler.dump_traceback_later(EXIT_TIMEOUT, exit=True)  # a thread of the application may never end
