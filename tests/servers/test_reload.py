"""``wsgistack serve --reload`` as a program: under load, at Ctrl-C in a terminal, and when it is killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.servers.running import WSGISTACK, Server, find_port, is_refused, running
from tests.waiting import MAX_WAIT, wait_until

PATIENT = f"""
import sys
from wsgistack.cli import main
from wsgistack.serving import reload, serve
reload.END_TIMEOUT = reload.EXIT_TIMEOUT = serve.GRACE = serve.IDLE_GRACE = {MAX_WAIT}
sys.exit(main())
"""
RELOADING = (sys.executable, "-W", "error", "-c", PATIENT, "serve", "--reload", "--port", "0", "stack.toml")
HELLO = """
import time
from pathlib import Path
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/hold":
        return hold()
    return [b"one"]
def hold():
    yield b"begun, "
    while not Path("gate").exists():
        time.sleep(0.01)
    yield b"ended"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "stack.toml").write_text('app = "hello:app"\nlayers = []\n')
    with running(tmp_path, "setsid", *RELOADING) as server:  # in a process group, as in a terminal
        yield server


def test_loses_no_request_while_it_starts_again(server: Server) -> None:
    bodies: set[bytes] = set()
    failures: list[Exception] = []

    def ask() -> None:
        while b"last" not in bodies:
            try:
                bodies.add(server.get("/").body)
            except OSError as error:
                failures.append(error)

    def ask_on_one_connection() -> None:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
            while b"last" not in bodies:
                try:
                    connection.request("GET", "/")  # it connects again when the server has closed the connection
                    with connection.getresponse() as response:
                        bodies.add(response.read())
                except (OSError, HTTPException) as error:
                    failures.append(error)
                    connection.close()

    clients = [threading.Thread(target=target) for target in (ask, ask, ask_on_one_connection, ask_on_one_connection)]
    for client in clients:
        client.start()
    for text in ("one", "two", "last"):
        (server.folder / "hello.py").write_text(HELLO.replace("one", text))
        wait_until(lambda text=text: text.encode() in bodies)  # type: ignore[misc]
    for client in clients:
        client.join()
    assert failures == []
    assert bodies == {b"one", b"two", b"last"}


def test_ends_at_ctrl_c_when_the_requests_in_flight_have_ended(server: Server) -> None:
    with server.response("/hold") as response:
        begin = response.read(5)
        os.killpg(server.process.pid, signal.SIGINT)
        wait_until(lambda: is_refused(server.port))
        (server.folder / "gate").touch()
        assert begin + response.read() == b"begun, ended"
    assert server.process.wait(MAX_WAIT) == 0
    first, *_, last = server.output().splitlines()
    assert (first, last) == (f"Serving on http://127.0.0.1:{server.port}/ (stop with Ctrl-C)", "Stopped.")


def test_ends_sooner_at_a_second_ctrl_c(server: Server) -> None:
    with server.raw(b"GET /hold HTTP/1.0\r\n\r\n") as connection:
        assert connection.recv(1)
        for _ in range(2):
            os.killpg(server.process.pid, signal.SIGINT)
            wait_until(lambda: is_refused(server.port))
        assert server.process.wait(MAX_WAIT) == 0
        with pytest.raises(ConnectionResetError):
            list(iter(partial(connection.recv, 65536), b""))
    assert server.output().splitlines()[-1] == "Stopped."


def test_leaves_nothing_that_listens_when_it_is_killed(server: Server) -> None:
    server.process.kill()
    server.process.wait(MAX_WAIT)
    wait_until(lambda: is_refused(server.port))


def test_reports_mistakes_and_lets_requests_wait_until_they_are_corrected(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "stack.toml").write_text('app = "helo:app"\nlayers = ["gzpi"]\n')
    port = find_port()
    command = [str(port) if each == "0" else each for each in RELOADING]
    with running(tmp_path, *command, port=port) as server:
        wait_until(lambda: "requests wait\n" in server.output())
        checked = subprocess.run([*WSGISTACK, "check", "stack.toml"], cwd=tmp_path, capture_output=True, text=True)
        assert server.output() == f"{checked.stderr}{checked.stdout}reload: startup failed; requests wait\n"
        with server.raw(b"GET / HTTP/1.0\r\n\r\n") as connection:
            (tmp_path / "stack.toml").write_text('app = "hello:app"\nlayers = ["gzip"]\n')
            assert b"".join(iter(partial(connection.recv, 65536), b"")).endswith(b"one")
