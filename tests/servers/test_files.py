"""Files that an application leaves to the server, behind the five layers: what is sent, and what the log says."""

import gzip
import socket
import sys
from collections.abc import Iterator
from struct import pack

import pytest

from tests.servers.files import LARGE, TEXT
from tests.servers.mod_wsgi import LOAD, WAYS, running_apache
from tests.servers.running import CREDENTIALS, Server, running
from tests.servers.test_five_layers import COMMANDS, TOML
from tests.waiting import wait_until

WSGIREF = """
from wsgiref.simple_server import make_server
from wsgistack import load
server = make_server("127.0.0.1", 0, load("stack.toml"))
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""
STARTED = {
    "gunicorn": COMMANDS["gunicorn"],
    "gunicorn gevent": (*COMMANDS["gunicorn"], "--worker-class", "gevent"),
    "waitress": COMMANDS["waitress"],
    "wsgiref": (sys.executable, "-c", WSGIREF),
}
SERVERS = [*WAYS, *STARTED]
WITHOUT_SENDFILE = [STARTED[name] for name in ("gunicorn gevent", "waitress", "wsgiref")]
BODIES = {
    "/whole": TEXT,
    "/part": TEXT[:15000],
    "/rest": TEXT[5000:],
    "/memory": TEXT,
    "/pipe": TEXT,
    "/written": b"written" + TEXT,
}
READ_HERE = {"/memory", "/pipe", "/written"}
"""What no server sends by the descriptor of a file."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "gunicorn gevent":
        pytest.importorskip("gevent", reason="gevent is not installed")
    folder = tmp_path_factory.mktemp("site")
    (folder / "stack.toml").write_text(TOML.replace("application:application", "files:application"))
    apache = request.param in WAYS
    with running_apache(folder, LOAD, request.param) if apache else running(folder, *STARTED[request.param]) as started:
        yield started


def is_apache(server: Server) -> bool:
    return (server.folder / "apache.conf").exists()


def logged_by_apache(server: Server, request_id: str) -> list[str]:
    """The status and the bytes in Apache's own access log."""

    def find() -> list[str] | None:
        lines = map(str.split, (server.folder / "apache.log").read_text().splitlines())
        return next((rest for found, *rest in lines if found == request_id), None)

    return wait_until(find)


def read_reports(server: Server) -> list[str]:
    path = server.folder / "reports"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", BODIES)
def test_sends_and_logs_a_file(path: str, method: str, server: Server) -> None:
    if path == "/pipe" and server.process.args == STARTED["gunicorn gevent"]:
        return  # without any layer, this worker waits forever at the end of a pipe
    before = len(read_reports(server))
    answer = server.get(path, method, Accept_Encoding="identity")
    body = BODIES[path] if method == "GET" else b""
    assert (answer.status, answer.body) == (200, body)
    entry = server.logged(answer.headers["x-request-id"])
    assert (entry["status"], entry["bytes"], entry["outcome"]) == (200, len(body), "complete")
    if is_apache(server):
        assert logged_by_apache(server, answer.headers["x-request-id"]) == ["200", str(len(body))]
    if path not in READ_HERE and (is_apache(server) or server.process.args == COMMANDS["waitress"]):
        assert answer.headers["content-length"] == str(len(BODIES[path])), "the server took it from the file"
    if path not in READ_HERE and method == "GET":
        is_read = "read here" in read_reports(server)[before:]
        assert is_read == (server.process.args in WITHOUT_SENDFILE), (
            "the servers that docs/servers.rst lists use sendfile"
        )
    if path not in ("/memory", "/pipe"):
        assert read_reports(server)[before:].count("closed") == 1


def test_compresses_a_file(server: Server) -> None:
    answer = server.get("/whole", Accept_Encoding="gzip")
    assert (answer.headers["content-encoding"], gzip.decompress(answer.body)) == ("gzip", TEXT)
    entry = server.logged(answer.headers["x-request-id"])
    assert (entry["bytes"], entry["outcome"]) == (len(answer.body), "complete")


def test_logs_a_client_that_goes_during_a_file_as_aborted(server: Server) -> None:
    authorization = CREDENTIALS["Authorization"]
    head = f"GET /large HTTP/1.1\r\nHost: h\r\nX-Request-ID: gone\r\nAuthorization: {authorization}\r\n\r\n"
    before = read_reports(server).count("closed")
    with server.raw(head.encode()) as connection:
        assert connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    entry = server.logged("gone")
    assert (entry["status"], entry["outcome"]) == (200, "aborted")
    if is_apache(server):
        assert entry["bytes"] == LARGE, "Apache does not say how much of it was sent"
    wait_until(lambda: read_reports(server).count("closed") == before + 1)
