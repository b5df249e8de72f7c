"""A site whose files change while it is served with reload to a client in another thread."""

import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from http.client import HTTPConnection
from pathlib import Path

from tests.servers.running import eventually, is_refused
from wsgistack.serving.reload import serve_with_reload

PROGRAM = """
import sys
from pathlib import Path
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.imports import import_object
from wsgistack.serving.reload import serve_with_reload
def run(serve):
    name, *parts = Path("conf/stack").read_text().split()
    missing = [Mistake("missing", where=Where(part)) for part in parts if not Path(part).exists()]
    if missing:
        raise ConfigError(*missing)
    serve(import_object(name), ready=print)
serve_with_reload(run, "127.0.0.1", 0, files=["conf/stack"], command=[])
"""
HELLO = """
import os, time
from pathlib import Path
TEXT = "one"
with Path("starts").open("a") as starts:
    starts.write(".")
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/hold":
        return hold()
    if environ["PATH_INFO"] == "/late":
        from late.module import TEXT as late
        return [late.encode()]
    if environ["PATH_INFO"] == "/die":
        os._exit(3)
    return [TEXT.encode()]
def hold():
    yield b"begun by "
    while not Path("gate").exists():
        time.sleep(0.01)
    yield TEXT.encode()
"""


def never(serve: Callable[..., None]) -> None:
    raise AssertionError("it was run in the process that watches")


class Site:
    """A served folder, and what is printed about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = io.StringIO()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def write(self, text: str, file: str = "hello.py") -> None:
        """Write a file as editors do."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.with_name(".#written").write_text(text)
        path.with_name(".#written").replace(path)

    def get(self, path: str = "/") -> str:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path)
            with connection.getresponse() as response:
                return response.read().decode() if response.status == 200 else str(response.status)

    def becomes(self, text: str, path: str = "/") -> None:
        eventually(lambda: self.get(path) == text or None)

    def says(self, text: str) -> None:
        eventually(lambda: text in self.said.getvalue() or None)

    def has_started(self, times: int) -> None:
        eventually(lambda: (self.folder / "starts").read_text() == "." * times or None)

    def reload(self, client: Callable[[], object]) -> list[str]:
        """Serve until the client has finished, and return what was printed."""
        errors = []

        def run() -> None:
            try:
                eventually(lambda: not is_refused(self.port) or None)
                client()
            except BaseException as error:
                errors.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        visiting = threading.Thread(target=run)
        command = [sys.executable, "-W", "error", "program.py"]
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            visiting.start()
            with redirect_stderr(self.said):
                assert serve_with_reload(never, "127.0.0.1", self.port, files=["conf/stack"], command=command)
            assert [signal.getsignal(number) for number in before] == [signal.SIG_IGN] * 2
        finally:
            visiting.join()
            for number, handler in before.items():
                signal.signal(number, handler)
        if errors:
            raise errors[0]
        return self.said.getvalue().splitlines()
