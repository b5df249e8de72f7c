"""The process that serves for another one, which watches the files and replaces it: both ends of their connection."""

import faulthandler
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from os import PathLike
from types import SimpleNamespace
from typing import Any

from wsgistack.errors import ConfigError
from wsgistack.imports import is_own_code
from wsgistack.serving.serve import serve
from wsgistack.types import App

__all__ = ["Worker", "is_worker", "work"]

_INHERITED = "WSGISTACK_WORKER"
_END_TIMEOUT = 10.0  # seconds; serve() takes less


class Worker:
    """The process as its parent sees it.

    :param command: runs a program that calls :func:`work`.
    :param listener: the socket that it serves on.
    """

    def __init__(self, command: Sequence[str], listener: socket.socket) -> None:
        self.is_ready = self.is_stopping = self.has_ended = False
        self.files: set[str] = set()
        self._link, theirs = Pipe()
        with theirs:
            inherited = (listener.fileno(), theirs.fileno())
            environ = {**os.environ, _INHERITED: "{} {}".format(*inherited)}
            self.process = subprocess.Popen(command, env=environ, pass_fds=inherited)  # noqa: S603 (ourselves)

    def update(self) -> None:
        """Learn whether it serves or has ended, and which files it uses."""
        self.has_ended = self.process.poll() is not None  # before its last message is read
        with suppress(OSError, EOFError):
            while self._link.poll():
                self.is_ready, files = self._link.recv()
                self.files.update(files)

    def stop(self) -> None:
        """Ask it to end after the requests in flight."""
        self.update()
        self.is_stopping = True
        self.close()
        if not self.is_ready:
            self.process.terminate()

    def close(self) -> None:
        """Close the connection, which asks it to end."""
        self._link.close()


def is_worker() -> bool:
    """Whether this process has to call :func:`work`."""
    return _INHERITED in os.environ


def work(run: Callable[[Callable[..., None]], object], port: str | int, files: Iterable[str | PathLike[str]]) -> None:
    """Serve on the socket of the parent, and report the files to watch, until the parent closes the connection.

    :param run: builds the application and serves it with its argument.
    :param port: the port in the configuration, which may have changed since the parent opened the socket.
    :param files: further files to watch; read again for each report.
    """
    listener_fd, link_fd = map(int, os.environ.pop(_INHERITED).split())
    for inherited in (listener_fd, link_fd):
        os.set_inheritable(inherited, False)
    sys.dont_write_bytecode = True  # bytecode records seconds: a second change within one would not be loaded
    imported: set[str] = set()
    known = 0

    def record(name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        spec = PathFinder.find_spec(name, path)  # a module that fails does not stay in sys.modules
        if spec and spec.origin:
            imported.add(spec.origin)

    def report(*more: str, is_ready: bool) -> None:
        nonlocal known
        known = len(sys.modules)
        imported.update(str(getattr(module, "__file__", None)) for module in sys.modules.copy().values())
        sources = (each for each in tuple(imported) if os.sep in each and is_own_code(each))
        with suppress(OSError):  # the parent has ended
            link.send((is_ready, {os.path.abspath(each) for each in (*files, *more, *sources)}))  # noqa: PTH100

    def is_over() -> bool:
        if len(sys.modules) != known:
            report(is_ready=True)
        if has_left := link.poll():
            faulthandler.dump_traceback_later(_END_TIMEOUT, exit=True)
        return has_left

    def serve_here(app: App, *, ready: Callable[[str], object], **options: Any) -> None:
        listening = listener.getsockname()[1]
        if str(port) not in ("0", str(listening)):
            sys.stderr.write(f"reload: still listening on port {listening}; restart wsgistack to use {port}\n")

        def started(url: str) -> None:
            ready(url)
            report(is_ready=True)

        serve(app, listener, ready=started, is_over=is_over, **options)

    sys.meta_path.insert(0, SimpleNamespace(find_spec=record))
    with socket.socket(fileno=listener_fd) as listener, Connection(link_fd) as link:
        try:
            run(serve_here)
        except BaseException as error:
            mistakes = error.mistakes if isinstance(error, ConfigError) else ()
            report(*(each.where.file for each in mistakes if each.where.file), is_ready=False)
            raise
