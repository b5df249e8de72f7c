"""Flask and plain applications behind the five layers, on servers that break PEP 3333 in different ways."""

import gzip
import json
import socket
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from struct import pack
from uuid import uuid4

import pytest

from tests.servers.running import CREDENTIALS, Server, is_refused, running
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SERVERS = {
    "granian": """
from granian import Granian
from tests.servers.running import find_port
port = find_port()
print(f"http://127.0.0.1:{port}", flush=True)
Granian("tests.servers.unusual:application", interface="wsgi", port=port, log_enabled=False, blocking_threads=4,
    workers_kill_timeout=1).serve()
""",
    "bjoern": """
import bjoern
from tests.servers.unusual import application, listen
bjoern.server_run(listen(), application)
""",
    "starlette": """
import warnings
warnings.simplefilter("ignore")
import uvicorn
from starlette.middleware.wsgi import WSGIMiddleware
from tests.servers.unusual import application, listen
server = uvicorn.Server(uvicorn.Config(WSGIMiddleware(application), log_level="error", lifespan="off"))
server.run([listen()])
""",
    "asgiref": """
import uvicorn
from asgiref.wsgi import WsgiToAsgi
from tests.servers.unusual import application, listen
server = uvicorn.Server(uvicorn.Config(WsgiToAsgi(application), log_level="error", lifespan="off"))
server.run([listen()])
""",
    "a2wsgi": """
import uvicorn
from a2wsgi import WSGIMiddleware
from tests.servers.unusual import application, listen
server = uvicorn.Server(uvicorn.Config(WSGIMiddleware(application), log_level="error", lifespan="off"))
server.run([listen()])
""",
    "gunicorn gthread": "",
    "gunicorn gevent": "",
    "eventlet": """
import eventlet
eventlet.monkey_patch()
from eventlet import wsgi
from tests.servers.unusual import application
listening = eventlet.listen(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
wsgi.server(listening, application, log_output=False)
""",
}
MODULES = {"gunicorn gthread": ["gunicorn"], "gunicorn gevent": ["gunicorn", "gevent"]}
MODULES |= {name: [name, "uvicorn"] for name in ("starlette", "asgiref", "a2wsgi")}
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--log-level", "error", "--worker-class")
WITH_WEB_SOCKETS = ("gunicorn gthread", "gunicorn gevent", "eventlet")  # those that Flask-Sock supports
WRITES_AT_ONCE = WITH_WEB_SOCKETS  # the others have no write(), or keep what is written
READS_ON_DEMAND = ("gunicorn gthread", "gunicorn gevent")  # the others read the body first, or give a shorter one


def start(name: str, folder: Path) -> tuple[str | Path, ...]:
    missing = [each for each in ("flask", *MODULES.get(name, [name])) if not find_spec(each)]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    if name.startswith("gunicorn"):
        worker = name.partition(" ")[2]
        (folder / "gunicorn.conf.py").write_text(
            "def when_ready(server): print(f'http://127.0.0.1:{server.LISTENERS[0].getsockname()[1]}', flush=True)"
        )
        return (*GUNICORN, worker, "--threads", "4", "tests.servers.unusual:application")
    return (sys.executable, "-c", SERVERS[name])


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    with running(folder, *start(request.param, folder)) as server:
        wait_until(lambda: not is_refused(server.port))
        yield server


def entries(server: Server, request_id: str) -> list[dict[str, object]]:
    log = server.folder / "access.log"
    text = log.read_text() if log.exists() else ""
    found = map(json.loads, text.rpartition("\n")[0].splitlines())  # the last line may be half written
    return [entry for entry in found if entry["request_id"] == request_id]


def raw(server: Server, method: str, path: str, request_id: str, *headers: str) -> socket.socket:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"X-Request-ID: {request_id}", *headers]
    lines.append(f"Authorization: {CREDENTIALS['Authorization']}")
    return server.raw("\r\n".join([*lines, "", ""]).encode())


def reset(connection: socket.socket) -> None:
    """Leave like a client that crashes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    connection.close()


def leave(connection: socket.socket) -> None:
    """Leave like a user who closes the browser."""
    connection.close()


def test_keeps_the_status_and_headers_of_flask(server: Server) -> None:
    request_id = uuid4().hex
    answer = server.get("/", Accept_Encoding="gzip", X_Request_ID=request_id)
    assert (answer.status, gzip.decompress(answer.body)) == (203, b"hello " * 100)
    assert answer.headers["x-greeting"] == "yes"
    assert answer.headers["x-request-id"] == request_id
    assert answer.headers["content-encoding"] == "gzip"
    streamed = server.get("/stream", X_Request_ID=f"{request_id}.stream")
    assert (streamed.status, streamed.body) == (202, b"one two three")
    assert streamed.headers["x-stream"] == "yes"
    for suffix, status in (("", 203), (".stream", 202)):
        entry = server.logged(request_id + suffix)
        assert (entry["status"], entry["outcome"]) == (status, "complete")
        assert len(entries(server, request_id + suffix)) == 1


def test_keeps_the_status_and_headers_of_a_late_start(server: Server) -> None:
    answer = server.get("/late")
    assert (answer.status, answer.body, answer.headers["x-late"]) == (202, b"late", "yes")
    assert server.logged(answer.headers["x-request-id"])["outcome"] == "complete"


def test_answers_and_logs_a_failure_once(server: Server) -> None:
    answer = server.get("/fail", Accept="application/json")
    assert (answer.status, json.loads(answer.body)["status"]) == (500, 500)
    request_id = answer.headers["x-request-id"]
    entry = server.logged(request_id)
    assert (entry["status"], entry["outcome"], entry["bytes"]) == (500, "complete", len(answer.body))
    assert server.output().count(f"GET /fail failed, request {request_id}") == 1


def test_refuses_a_client_without_a_password(server: Server) -> None:
    answer = server.get("/", Authorization="")
    assert (answer.status, "www-authenticate" in answer.headers) == (401, True)


def test_sends_what_is_written_also_where_the_server_has_no_write(server: Server) -> None:
    answer = server.get("/write")
    assert (answer.status, answer.body) == (201, b"written, yielded")
    entry = server.logged(answer.headers["x-request-id"])
    assert (entry["bytes"], entry["outcome"]) == (len(b"written, yielded"), "complete")


def test_sends_all_that_is_written_with_its_exact_length(server: Server) -> None:
    answer = server.get("/write-all")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"written", "7")
    request_id = answer.headers["x-request-id"]
    entry = server.logged(request_id)
    assert (entry["status"], entry["bytes"], entry["outcome"]) == (200, 7, "complete")
    assert len(entries(server, request_id)) == 1


@pytest.mark.parametrize("go", [reset, leave])
@pytest.mark.parametrize("server", READS_ON_DEMAND, indirect=True)
def test_logs_a_client_that_goes_while_it_uploads_as_aborted(
    go: Callable[[socket.socket], None], server: Server
) -> None:
    request_id = uuid4().hex
    connection = raw(server, "POST", "/upload", request_id, "Content-Length: 100000")
    connection.sendall(b"some")
    go(connection)
    entry = server.logged(request_id)
    assert entry["outcome"] == "aborted"
    assert f"request {request_id}" not in server.output()


@pytest.mark.parametrize("server", WRITES_AT_ONCE, indirect=True)
def test_logs_a_client_that_goes_during_a_write_as_aborted(server: Server) -> None:
    request_id = uuid4().hex
    connection = raw(server, "GET", "/endless", request_id)
    assert connection.recv(65536)
    reset(connection)
    entry = server.logged(request_id)
    assert (entry["outcome"], entry["status"]) == ("aborted", 200)
    assert f"request {request_id}" not in server.output()


def test_reports_a_backend_that_resets_its_connection(server: Server) -> None:
    answer = server.get("/backend")
    request_id = answer.headers["x-request-id"]
    assert answer.status == 500
    assert server.output().count(f"GET /backend failed, request {request_id}") == 1


@pytest.mark.skipif(not find_spec("flask_sock"), reason="flask_sock is not installed")
@pytest.mark.parametrize("server", WITH_WEB_SOCKETS, indirect=True)
def test_leaves_a_web_socket_alone(server: Server) -> None:
    request_id, before = uuid4().hex, server.output()
    key = b64encode(b"0123456789abcdef").decode()
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
    with raw(server, "GET", "/echo", request_id, *upgrade) as connection:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            assert chunk, received
            received += chunk
        connection.sendall(b"\x81\x82\x00\x00\x00\x00hi")  # a text frame, masked with zeros
        with suppress(ConnectionResetError):  # gevent closes without reading our answer
            while chunk := connection.recv(65536):
                received += chunk
                if b"\x88" in chunk:
                    connection.sendall(b"\x88\x80\x00\x00\x00\x00")  # the answer to a close frame
    head, _, frames = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert frames.startswith(b"\x81\x02hi\x88"), "the echo and a close frame"
    assert b"HTTP/1.1" not in frames, "nothing is sent after the close frame"
    entry = server.logged(request_id)
    assert (entry["status"], entry["outcome"]) == (101, "upgraded")
    assert len(entries(server, request_id)) == 1
    assert server.output() == before, "nothing else is in the log"
