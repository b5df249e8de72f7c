"""A site whose files change while it is served with reload to a client in another thread."""

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from http.client import HTTPConnection
from pathlib import Path

from tests.servers.running import find_port, is_refused
from tests.waiting import MAX_WAIT, wait_until
from wsgistack.serving.listener import open_listener
from wsgistack.serving.reload import supervise

PROGRAM = """
import sys
from pathlib import Path
from wsgistack.imports import import_object
from wsgistack.serving.reload import is_worker, work
def read(file):
    sys.audit("wsgistack.read", file)
    return Path(file).read_text()
def run(serve):
    name, *parts = read("conf/stack").split()
    for part in parts:
        read(part)
    serve(import_object(name), ready=print)
assert is_worker()
work(run)
"""
HELLO = f"""
import atexit, os, time
from pathlib import Path
from wsgistack.serving import reload, serve
reload.EXIT_TIMEOUT = serve.GRACE = serve.IDLE_GRACE = {MAX_WAIT}
TEXT = "one"
@atexit.register
def count_end():
    with Path("ends").open("a") as ends:
        ends.write(".")
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


class Site:
    """A served folder, and what is printed about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = io.StringIO()
        self.port = find_port()

    def write(self, text: str, file: str = "hello.py") -> None:
        """Write a file as editors do."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.with_name(".#written").write_text(text)
        path.with_name(".#written").replace(path)

    def get(self, path: str = "/") -> str:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=MAX_WAIT)) as connection:
            connection.request("GET", path)
            with connection.getresponse() as response:
                return response.read().decode() if response.status == 200 else str(response.status)

    def becomes(self, text: str, path: str = "/") -> None:
        wait_until(lambda: self.get(path) == text)

    def says(self, text: str) -> None:
        wait_until(lambda: text in self.said.getvalue())

    def has_ended(self, times: int) -> None:
        ends = self.folder / "ends"
        wait_until(lambda: ends.exists() and ends.read_text() == "." * times)

    def reload(self, client: Callable[[], object]) -> list[str]:
        """Serve until the client has finished, and return what was printed."""
        errors = []

        def run() -> None:
            try:
                wait_until(lambda: not is_refused(self.port))
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
                supervise(open_listener("127.0.0.1", self.port), command=command)
            assert [signal.getsignal(number) for number in before] == [signal.SIG_IGN] * 2
        finally:
            visiting.join()
            for number, handler in before.items():
                signal.signal(number, handler)
        if errors:
            raise errors[0]
        return self.said.getvalue().splitlines()
