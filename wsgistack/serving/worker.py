"""A process that serves for another one, which watches it: both ends of what they say to each other.

The worker takes over a socket that listens. It tells the files that it is made of, as soon as it serves, when it has
loaded more, and when it fails; and it ends when it hears no more from the other.
"""

import faulthandler
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from os import PathLike
from pathlib import Path
from threading import Event, Thread
from types import ModuleType

from wsgistack.imports import is_own_code
from wsgistack.serving.serve import serve
from wsgistack.types import App

__all__ = ["Service", "Worker"]

_INHERITED = "WSGISTACK_WORKER"
_LONGEST_END = 10  # seconds that a worker may take to end; serve() takes less
_READ_AT_ONCE = 65536


class Worker:
    """The process, as the one that started it sees it.

    :param command: what runs a program that makes a :class:`Service`.
    :param listener: the socket that it takes over.
    """

    def __init__(self, command: Sequence[str], listener: socket.socket) -> None:
        self.is_ready = self.has_ended = False
        self.files: set[Path] = set()
        self._link, theirs = socket.socketpair()
        self._link.setblocking(False)
        self._heard = b""
        with theirs:
            inherited = (listener.fileno(), theirs.fileno())
            environ = {**os.environ, _INHERITED: "{} {}".format(*inherited)}
            self.process = subprocess.Popen(command, env=environ, pass_fds=inherited)  # noqa: S603 (ourselves)

    def hear(self) -> None:
        """Take in what it has said, and whether it has ended."""
        self.has_ended = self.process.poll() is not None  # before what it said last is read
        with suppress(BlockingIOError):
            while chunk := self._link.recv(_READ_AT_ONCE):
                self._heard += chunk
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            self.is_ready, files = json.loads(line)
            self.files.update(map(Path, files))

    def stop(self) -> None:
        """Let it end, requests in flight first."""
        self.hear()  # it may serve by now
        self._link.close()
        if not self.is_ready:
            self.process.terminate()


class Service:
    """The process, as it sees itself.

    :param files: what it is made of besides the modules that it imports; looked at whenever it tells them.
    """

    def __init__(self, files: Iterable[str | PathLike[str]]) -> None:
        self._files = files
        self._seeking = _Seeking()
        self._known = 0
        self._is_left = Event()
        listener, link = map(int, os.environ.pop(_INHERITED).split())
        self._listener, self._link = socket.socket(fileno=listener), socket.socket(fileno=link)
        self._listener.set_inheritable(False)
        self._link.set_inheritable(False)
        sys.dont_write_bytecode = True  # its date is in seconds: what changes twice in one would not be read again
        sys.meta_path.insert(0, self._seeking)
        Thread(target=self._listen, daemon=True).start()

    @staticmethod
    def is_this() -> bool:
        """Whether this process is one."""
        return _INHERITED in os.environ

    def serve(self, app: App, host: str, port: int, *, ready: Callable[[str], object]) -> None:
        """Serve as :func:`wsgistack.serving.serve.serve` does, where it is told to by who started it."""
        listening = self._listener.getsockname()[1]
        if port not in (0, listening):
            sys.stderr.write(f"reload: it still listens on port {listening}; for {port}, start wsgistack anew\n")

        def started(address: str) -> None:
            ready(address)
            self._tell(is_ready=True)

        serve(app, host, port, ready=started, listener=self._listener, until=self._shall_end)

    def fail(self, files: Iterable[str]) -> None:
        """Tell that it can't serve, and the files that this is about."""
        self._tell(*files, *self._seeking.failed(), is_ready=False)

    def close(self) -> None:
        """Listen and tell no more."""
        self._listener.close()
        self._link.close()

    def _tell(self, *files: str, is_ready: bool) -> None:
        self._known = len(sys.modules)
        paths = {str(Path(file).absolute()) for file in (*self._files, *files, *_sources())}
        with suppress(OSError):  # the other is there no more
            self._link.sendall(json.dumps([is_ready, sorted(paths)]).encode() + b"\n")

    def _shall_end(self) -> bool:
        if len(sys.modules) != self._known:
            self._tell(is_ready=True)
        return self._is_left.is_set()

    def _listen(self) -> None:
        with suppress(ConnectionResetError):  # it ended without having read all
            self._link.recv(1)
        self._is_left.set()
        faulthandler.dump_traceback_later(_LONGEST_END, exit=True)


class _Seeking:
    """Notes what is imported, and leaves it to others to find: a module that failed is not among those loaded."""

    def __init__(self) -> None:
        self._sought: dict[str, Sequence[str] | None] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self._sought[name] = path
        return None

    def failed(self) -> Iterable[str]:
        sys.meta_path.remove(self)
        for name, path in self._sought.items():
            if name not in sys.modules:
                specs = (finder.find_spec(name, path) for finder in sys.meta_path)
                origin = next((spec.origin for spec in specs if spec), None)
                if origin and is_own_code(origin):
                    yield origin


def _sources() -> list[str]:
    files = [getattr(module, "__file__", None) for module in sys.modules.copy().values()]
    return [file for file in files if isinstance(file, str) and is_own_code(file)]
