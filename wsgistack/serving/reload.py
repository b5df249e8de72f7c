"""Serving anew whenever the configuration or the code changes, and what served before while it is broken."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from time import monotonic, sleep, time
from types import FrameType, ModuleType
from typing import Protocol

from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import require_extra
from wsgistack.serving.server import Server, listen
from wsgistack.serving.worker import Service, Worker
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Serve", "reloading"]

_SUFFIXES = {".ini", ".py", ".toml"}
_DEBOUNCE, _LOOK_UP = 400, 100  # milliseconds
_LONGEST_END, _URGENT_END = 12.0, 2.0  # seconds


class Serve(Protocol):
    """What serves: :func:`wsgistack.serving.serve.serve`, or what stands in for it, with the same arguments."""

    def __call__(self, app: App, host: str, port: int, *, ready: Callable[[str], object]) -> None: ...


def reloading(
    run: Callable[[Serve], object],
    host: str,
    port: int,
    *,
    files: Iterable[str | PathLike[str]],
    command: Sequence[str],
) -> bool:
    """Serve in another process, and in a new one whenever something has changed that it is made of.

    This process listens and watches. It runs the same program once more, and there this function calls ``run``. Only
    when the new process serves does the old one end, requests in flight first, so that no request is lost and a
    mistake leaves all as it was. While there is none to serve, requests are answered by 503.

    Watched are the files of the configuration, all modules but those of Python and of installed packages, and what
    has the suffix of either beside them. For development: it costs a second process.

    :param run: builds the application and serves it by what it is given.
    :param port: 0 takes any that is free, once.
    :param files: those of the configuration. ``run`` may add to them: they are told when it serves, or raises.
    :param command: what runs this program once more: ``[sys.executable, *sys.orig_argv[1:]]``.
    :return: whether this is the process that watched; it has been asked to stop, by Ctrl-C or SIGTERM.
    :raises ConfigError: it can't listen there, watchfiles is not installed, or this is Windows.
    """
    if Service.is_this():
        _work(run, files)
        return False
    if sys.platform == "win32":
        raise ConfigError(Mistake("can't hand a socket on to another process on Windows", key="--reload"))
    watchfiles = require_extra("watchfiles", extra="reload", key="--reload")
    with listen(host, port) as listener:
        _Watch(watchfiles, command, listener, host, files).run()
    return True


def _work(run: Callable[[Serve], object], files: Iterable[str | PathLike[str]]) -> None:
    with closing(Service(files)) as service:
        try:
            run(service.serve)
        except BaseException as error:
            mistakes = error.mistakes if isinstance(error, ConfigError) else ()
            service.fail(each.where.file for each in mistakes if each.where.file)
            raise


class _Watch:
    def __init__(
        self,
        watchfiles: ModuleType,
        command: Sequence[str],
        listener: socket.socket,
        host: str,
        files: Iterable[str | PathLike[str]],
    ) -> None:
        self._watchfiles = watchfiles
        self._command = command
        self._listener = listener
        self._stand_in = Server(_unavailable, listener, host)
        self._waiting = f"answering 503 on {self._stand_in.url} until the next change"
        self._files: set[Path] = set()
        self._folders: set[Path] = set()
        self._starting: Worker | None = None
        self._serving: Worker | None = None
        self._leaving: list[Worker] = []
        self._is_due = True
        self._since = 0.0
        self._signals: list[int] = []
        self._add({Path(file).absolute() for file in files})

    def run(self) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            self._signals.append(number)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._signals:
                self._watch()
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _watch(self) -> None:
        """Watch the folders that there are now, until there are others or something has changed."""
        known = len(self._files)
        is_first = True
        for changes in self._changes():
            if self._signals:
                break
            if self._is_due:  # the folders are watched before the worker reads what is in them
                self._start()
            else:
                changed = {Path(path) for kind, path in changes if self._concerns(kind, Path(path))}
                self._note(changed | {file for file in self._files if is_first and self._was_missed(file)})
            self._look()
            if self._is_due or len(self._files) != known:
                break
            is_first = False

    def _changes(self) -> Iterator[set[tuple[object, str]]]:
        """What changes, and several times a second an empty set."""
        try:
            yield from self._watchfiles.watch(
                *{_nearest(folder) for folder in {file.parent for file in self._files}},
                watch_filter=None,  # it would yield nothing while files change that are of no interest
                debounce=_DEBOUNCE,
                rust_timeout=_LOOK_UP,
                yield_on_timeout=True,
                recursive=False,
            )
        except (OSError, RuntimeError) as error:
            hint = "with WATCHFILES_FORCE_POLLING=1 in the environment, the system need not help to watch"
            raise ConfigError(Mistake(f"can't watch for changes: {error}", key="--reload", hint=hint)) from error

    def _concerns(self, kind: object, path: Path) -> bool:
        if path in self._folders:
            return bool(kind != self._watchfiles.Change.modified)  # it is whenever a file in it is
        return path in self._files or (path.suffix in _SUFFIXES and not path.name.startswith("."))

    def _was_missed(self, file: Path) -> bool:
        try:
            return self._since < file.stat().st_mtime < time()
        except OSError:
            return False

    def _note(self, changed: set[Path]) -> None:
        if changed:
            _say(f"starting again after a change of {min(map(os.path.relpath, changed))}")
            self._is_due = True

    def _start(self) -> None:
        self._leave(self._starting)
        self._is_due = False
        self._since = time()
        self._starting = Worker(self._command, self._listener)

    def _leave(self, worker: Worker | None) -> None:
        if worker:
            worker.stop()
            self._leaving.append(worker)

    def _look(self) -> None:
        """See what has become of the workers."""
        for worker in (self._starting, self._serving):
            if worker:
                worker.hear()
                self._add(worker.files)
        if self._starting and self._starting.is_ready:
            self._leave(self._serving)
            self._serving, self._starting = self._starting, None
        elif self._starting and self._starting.has_ended:
            self._starting.stop()
            self._starting = None
            _say(f"it does not start; {'what served before goes on' if self._serving else self._waiting}")
        if self._serving and self._serving.has_ended:
            self._serving.stop()
            _say(f"what served has ended with status {self._serving.process.returncode}; {self._waiting}")
            self._serving = None
        self._leaving = [worker for worker in self._leaving if worker.process.poll() is None]
        if not (self._starting or self._serving or self._is_due):
            self._stand_in.handle_request()

    def _add(self, files: set[Path]) -> None:
        for file in files - self._files:
            for path in (file, file.resolve()):
                self._files.add(path)
                self._folders.update(path.parents)

    def _end(self) -> None:
        self._listener.close()
        for worker in (self._starting, self._serving):
            self._leave(worker)
        end = monotonic() + _LONGEST_END
        while any(worker.process.poll() is None for worker in self._leaving) and monotonic() < end:
            if len(self._signals) > 1:
                end = min(end, monotonic() + _URGENT_END)
            sleep(_LOOK_UP / 1000)
        for worker in self._leaving:
            worker.process.kill()
            worker.process.wait()


def _say(what: str) -> None:
    sys.stderr.write(f"reload: {what}\n")
    sys.stderr.flush()


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _unavailable(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"The application does not start. The terminal says why; it is started again on the next change.\n"]
