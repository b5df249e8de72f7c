"""Real servers in other processes, on free ports of the loopback, and a client for them."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).parent.parent.parent
WSGISTACK = (sys.executable, "-c", "import sys; from wsgistack.cli import main; sys.exit(main())")
CREDENTIALS = {"Authorization": "Basic ZGVtbzpkZW1v"}

_ADDRESS = re.compile(r"(?:http://|TCP address )127\.0\.0\.1:(\d+)")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Server(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    @contextmanager
    def response(self, path: str, method: str = "GET", **headers: str) -> Iterator[HTTPResponse]:
        """The response to a request with the right password, unless the headers say otherwise."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            dashed = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={**CREDENTIALS, **dashed})
            with connection.getresponse() as response:
                yield response

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        with self.response(path, method, **headers) as response:
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())

    def raw(self, request: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(request)
        return connection

    def output(self) -> str:
        """All that the server has written to standard output and standard error."""
        return (self.folder / "output").read_text()

    def logged(self, request_id: str) -> dict[str, object]:
        """The access log's entry of a request."""

        def find() -> dict[str, object] | None:
            log = self.folder / "access.log"  # exists from its first line on
            whole, _, _ = (
                log.read_text().rpartition("\n") if log.exists() else ("", "", "")
            )  # a line may be half written
            entries = map(json.loads, whole.splitlines())
            return next((entry for entry in entries if entry["request_id"] == request_id), None)

        return eventually(find)


@contextmanager
def running(folder: Path, *command: str | Path, port: int = 0) -> Iterator[Server]:
    """A server that has printed its address, or listens on a known port; it is killed at the end if it still runs."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environ, stdout=output, stderr=output) as process,
    ):

        def find_port() -> int | None:
            text = (folder / "output").read_text()
            assert process.poll() is None, text
            found = _ADDRESS.search(text)
            return port or (int(found[1]) if found else None)

        try:
            yield Server(process, eventually(find_port), folder)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def eventually(find: Callable[[], T | None]) -> T:
    """Call ``find`` until it returns something other than None."""
    for _ in range(600):
        found = find()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within 30 seconds")


def is_refused(port: int) -> bool | None:
    """True if nobody listens there; None if somebody does, or did until a moment ago."""
    with suppress(ConnectionResetError):  # the server ended before it accepted the connection
        try:
            socket.create_connection(("127.0.0.1", port), timeout=30).close()
        except ConnectionRefusedError:
            return True
    return None
