"""Real servers in other processes, on free ports of the loopback, and a client for them."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import NamedTuple

from tests.waiting import MAX_WAIT, wait_until

ROOT = Path(__file__).parent.parent.parent
WSGISTACK = (sys.executable, "-c", "import sys; from wsgistack.cli import main; sys.exit(main())")
CREDENTIALS = {"Authorization": "Basic ZGVtbzpkZW1v"}
PATIENT = {
    "GUNICORN_CMD_ARGS": f"--timeout={MAX_WAIT} --graceful-timeout={MAX_WAIT} --keep-alive={MAX_WAIT}",
    "UWSGI_HTTP_TIMEOUT": f"{MAX_WAIT}",
    "UWSGI_SOCKET_TIMEOUT": "20",  # so long it keeps the connection of a response that breaks off
}
"""Variables for servers, which would give up a connection or a worker after a few seconds."""

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
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=MAX_WAIT)) as connection:
            dashed = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={**CREDENTIALS, **dashed})
            with connection.getresponse() as response:
                yield response

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        with self.response(path, method, **headers) as response:
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())

    def raw(self, request: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=MAX_WAIT)
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

        return wait_until(find)


@contextmanager
def running(folder: Path, *command: str | Path, port: int = 0) -> Iterator[Server]:
    """A server that has printed its address, or listens on a known port; it is killed at the end if it still runs."""
    environ = {**os.environ, **PATIENT, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environ, stdout=output, stderr=output) as process,
    ):

        def read_port() -> int | None:
            text = (folder / "output").read_text()
            assert process.poll() is None, text
            found = _ADDRESS.search(text)
            return port or (int(found[1]) if found else None)

        try:
            yield Server(process, wait_until(read_port), folder)
        finally:
            process.terminate()
            try:
                process.wait(MAX_WAIT)
            except subprocess.TimeoutExpired:
                process.kill()


def find_port() -> int:
    """A port of the loopback for a server that can't choose one. Nobody else takes it before the server listens.

    The system gives no port below 32768 to whoever asks for any, and each worker of xdist has its own ones.
    """
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    ports = range(10_000 + int(worker.removeprefix("gw")), 32_768, int(workers))
    while True:
        port = secrets.choice(ports)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def is_refused(port: int) -> bool:
    """Whether nobody listens there; False also if somebody did until a moment ago."""
    with suppress(ConnectionResetError):  # the server ended before it accepted the connection
        try:
            socket.create_connection(("127.0.0.1", port), timeout=MAX_WAIT).close()
        except ConnectionRefusedError:
            return True
    return False
