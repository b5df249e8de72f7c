"""Serving in a second process, which is replaced when the configuration or the code changes."""

import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from os import PathLike
from subprocess import TimeoutExpired
from time import sleep, time_ns

from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import require_extra
from wsgistack.serving.serve import StopRequest, open_listener
from wsgistack.serving.worker import Worker, is_worker, work

__all__ = ["serve_with_reload"]

INTERVAL = 0.1  # seconds between two looks at the files
END_TIMEOUT, URGENT_TIMEOUT = 12.0, 2.0  # seconds that workers have to end; the second after another Ctrl-C

_SUFFIXES = (".ini", ".py", ".toml")


def serve_with_reload(
    run: Callable[[Callable[..., None]], object],
    host: str,
    port: str | int,
    *,
    files: Iterable[str | PathLike[str]],
    command: Sequence[str],
) -> bool:
    """Serve in a second process, and replace it by a new one when something changes that the application uses.

    This process opens the socket and watches the files. It runs the same program again, where this function calls
    ``run``. The old process ends when the new one serves, after its requests in flight: no request is lost, and a
    mistake in a file does no harm. While no process can serve, requests wait.

    It watches the files of the configuration, all modules except those of Python and of installed packages, and files
    with the suffixes of either in the same folders. For development: it costs a second process.

    :param run: builds the application and serves it by its argument, which takes the application, ``ready`` and
        options as :func:`wsgistack.serving.serve.serve` does.
    :param port: 0 takes any free port, once.
    :param files: those of the configuration. ``run`` may add to them.
    :param command: runs this program again: ``[sys.executable, *sys.orig_argv[1:]]``.
    :return: whether this is the process that watches. It has been stopped, by Ctrl-C or SIGTERM.
    :raises ConfigError: it can't listen there, Waitress is not installed, or this is Windows.
    """
    if is_worker():
        work(run, port, files)
        return False
    if sys.platform == "win32":
        raise ConfigError(Mistake("not supported on Windows, where processes can't share a socket", key="--reload"))
    require_extra("waitress", extra="serve", key="--reload")
    with open_listener(host, port) as listener:
        _Supervisor(command, listener, files).run()
    return True


class _Supervisor:
    def __init__(self, command: Sequence[str], listener: socket.socket, files: Iterable[str | PathLike[str]]) -> None:
        self._command = command
        self._listener = listener
        self._workers: list[Worker] = []  # the newest is the last
        self._started = time_ns()
        self._files: set[str] = set()
        self._seen: dict[str, int] = {}
        self._changed = ""
        self._watch({os.path.abspath(file) for file in files})  # noqa: PTH100 (it would follow symbolic links)

    def run(self) -> None:
        with StopRequest() as stop:
            try:
                with suppress(KeyboardInterrupt):
                    self._start()
                    while not stop.count:
                        self._check_workers()
                        self._check_files()
                        sleep(INTERVAL)
                    self._listener.close()
                    for worker in self._workers:
                        worker.stop()
                    self._wait(END_TIMEOUT)
            finally:
                self._end()

    def _start(self) -> None:
        for worker in self._workers:
            worker.update()
            if not worker.is_ready:
                worker.stop()
        self._started = time_ns()
        self._workers.append(Worker(self._command, self._listener))

    def _check_workers(self) -> None:
        for worker in self._workers:
            worker.update()
            self._watch(worker.files)
        serving = [worker for worker in self._workers if worker.is_ready and not worker.is_stopping]
        for worker in serving[:-1]:
            worker.stop()
        for worker in [worker for worker in self._workers if worker.has_ended]:
            self._workers.remove(worker)
            if not worker.is_stopping:
                worker.stop()
                status = worker.process.returncode
                problem = f"the server has ended with status {status}" if worker.is_ready else "startup failed"
                is_served = any(other.is_ready and not other.is_stopping for other in self._workers)
                _report(f"{problem}; {'still serving the previous version' if is_served else 'requests wait'}")

    def _check_files(self) -> None:
        found = _modification_times(self._files)
        if found != self._seen:  # wait until they rest, for an editor may write several
            self._changed = min(path for path, _ in found.items() ^ self._seen.items())
            self._seen = found
        elif self._changed:
            _report(f"{os.path.relpath(self._changed)} has changed; starting again")
            self._changed = ""
            self._start()

    def _watch(self, files: set[str]) -> None:
        """Watch further files. Those written since the start count as changed: they may have been read before."""
        if not files <= self._files:
            self._files |= files
            now = time_ns()
            for path, modified in _modification_times(self._files).items():
                if not self._started < modified < now:
                    self._seen.setdefault(path, modified)

    def _end(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        self._wait(URGENT_TIMEOUT)
        for worker in self._workers:
            worker.process.kill()
            worker.process.wait()
            worker.close()

    def _wait(self, timeout: float) -> None:
        for worker in self._workers:
            with suppress(TimeoutExpired):
                worker.process.wait(timeout)


def _modification_times(files: set[str]) -> dict[str, int]:
    """Those of the files, and of others with such suffixes in the same folders."""
    found = {}
    for folder in {os.path.dirname(file) for file in files}:  # noqa: PTH120 (called often)
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                is_like = entry.name.endswith(_SUFFIXES) and not entry.name.startswith(".")
                if (is_like or entry.path in files) and entry.is_file():
                    found[entry.path] = entry.stat().st_mtime_ns
    return found


def _report(what: str) -> None:
    sys.stderr.write(f"reload: {what}\n")
    sys.stderr.flush()
