"""The five layers behind real servers: what a client gets, and what the logs contain."""

import gzip
import json
import re
import socket
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from pathlib import Path
from struct import pack
from uuid import uuid4

import pytest

from tests.servers import application
from tests.servers.mod_wsgi import LOAD, WAYS, running_apache
from tests.servers.running import CREDENTIALS, WSGISTACK, Server, running
from tests.waiting import wait_until

# the same file for wsgistack and for PasteDeploy
INI = """
[pipeline:main]
pipeline = request_id access_log catch_errors gzip basic_auth application

[filter:request_id]
use = egg:wsgistack#request_id

[filter:access_log]
use = egg:wsgistack#access_log
format = json
file = access.log

[filter:catch_errors]
use = egg:wsgistack#catch_errors

[filter:gzip]
use = egg:wsgistack#gzip
minimum_size = 200

[filter:basic_auth]
use = egg:wsgistack#basic_auth
realm = five layers
users =
    demo = demo

[app:application]
use = call:tests.servers.application:factory
"""
TOML = """
app = "tests.servers.application:application"
layers = [
    "request_id",
    {use = "access_log", format = "json", file = "access.log"},
    "catch_errors",
    {use = "gzip", minimum_size = 200},
    {use = "basic_auth", realm = "five layers", users = {demo = "demo"}},
]
"""
WAITRESS = """
from waitress import create_server
from wsgistack import load
server = create_server(load("stack.toml"), host="127.0.0.1", port=0, threads=16)
print(f"http://127.0.0.1:{server.effective_port}")
server.run()
"""
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", "16")
UWSGI = (Path(sys.executable).parent / "uwsgi", "--http-socket", "127.0.0.1:0", "--need-app", "--threads", "16")
COMMANDS = {
    "serve an ini file": (*WSGISTACK, "serve", "stack.ini", "--port", "0"),
    "serve a TOML file": (*WSGISTACK, "serve", "stack.toml", "--port", "0"),
    "gunicorn": (*GUNICORN, 'wsgistack:load("stack.toml")'),
    "gunicorn with PasteDeploy": (*GUNICORN, "--paste", "stack.ini"),
    "waitress": (sys.executable, "-c", WAITRESS),
    "uWSGI": (*UWSGI, "--eval", 'from wsgistack import load; application = load("stack.toml")'),
}


@pytest.fixture(scope="module", params=[*COMMANDS, *WAYS])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "stack.ini").write_text(INI)
    (folder / "stack.toml").write_text(TOML)
    name = request.param
    with running_apache(folder, LOAD, name) if name in WAYS else running(folder, *COMMANDS[name]) as started:
        yield started


def test_compresses_and_sends_the_id(server: Server) -> None:
    answer = server.get("/", Accept_Encoding="gzip")
    request_id = answer.headers["x-request-id"]
    assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")
    assert answer.headers["content-length"] == str(len(answer.body))
    assert json.loads(gzip.decompress(answer.body)) == [request_id, request_id, "demo", "." * 1000]
    entry = server.logged(request_id)
    facts = {name: entry[name] for name in ("method", "target", "status", "bytes", "outcome", "user")}
    assert facts == {
        "method": "GET",
        "target": "/",
        "status": 200,
        "bytes": len(answer.body),
        "outcome": "complete",
        "user": "demo",
    }


def test_leaves_the_body_unchanged_for_identity(server: Server) -> None:
    answer = server.get("/", Accept_Encoding="identity", X_Request_ID="my-own.id")
    assert json.loads(answer.body)[:2] == ["my-own.id", "my-own.id"]
    assert answer.headers["x-request-id"] == "my-own.id"
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_sends_a_file(coding: str, server: Server) -> None:
    answer = server.get("/file", Accept_Encoding=coding)
    body = gzip.decompress(answer.body) if coding == "gzip" else answer.body
    assert body == Path(application.__file__).read_bytes()
    entry = server.logged(answer.headers["x-request-id"])
    assert (entry["bytes"], entry["outcome"]) == (len(answer.body), "complete")


def test_leaves_a_file_to_sendfile_if_no_layer_reads_it(tmp_path: Path) -> None:
    made = "RequestId(CatchErrors(BasicAuth(application, users={'demo': 'demo'})))"
    program = f"from wsgistack import *; from tests.servers.application import application; application = {made}"
    with running(tmp_path, *UWSGI, "--eval", program) as server:
        assert server.get("/file").body == Path(application.__file__).read_bytes()
        wait_until(lambda: "via sendfile()" in server.output())


@pytest.mark.parametrize("authorization", ["", "Basic ZGVtbzp3cm9uZw==", "Basic \xff", "Bearer x"])
def test_challenges_clients_without_the_password(authorization: str, server: Server) -> None:
    answer = server.get("/", Authorization=authorization, Accept="application/json")
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == 'Basic realm="five layers", charset="UTF-8"'
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"]
    entry = server.logged(answer.headers["x-request-id"])
    assert (entry["status"], entry["user"], entry["bytes"]) == (401, None, len(answer.body))


def test_answers_a_failure_with_an_id_that_is_in_both_logs(server: Server) -> None:
    answer = server.get("/fail", Accept="application/json")
    request_id = answer.headers["x-request-id"]
    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json")
    assert json.loads(answer.body)["request_id"] == request_id
    assert b"this page fails" not in answer.body
    assert server.logged(request_id)["status"] == 500
    _, logged, traceback = server.output().partition(f"GET /fail failed, request {request_id}\n")
    assert logged
    assert traceback.startswith("Traceback")
    assert "RuntimeError: this page fails" in traceback


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_streams_each_chunk_before_the_next_is_made(coding: str, server: Server) -> None:
    gate = uuid4().hex
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    with server.response(f"/gated/{gate}", Accept_Encoding=coding) as response:
        decode = decoder.decompress if response.headers["Content-Encoding"] == "gzip" else bytes
        seen = b""
        while seen != b"first\n":
            received = response.read1()
            assert received, "the stream ended early"
            seen += decode(received)
        assert server.get(f"/open/{gate}").status == 200
        assert decode(response.read()) == b"second\n"
    assert (response.headers["Content-Encoding"] or "identity") == coding
    assert server.logged(response.headers["X-Request-ID"])["outcome"] == "complete"


@pytest.mark.parametrize(("path", "status"), [("/", b"200"), ("/fail", b"500")])
def test_answers_a_head_with_headers_alone(path: str, status: bytes, server: Server) -> None:
    authorization = CREDENTIALS["Authorization"]
    head = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n"
    with server.raw(head.encode()) as connection:
        answer, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    assert answer.split()[1] == status
    assert b"\r\nx-request-id: " in answer.lower()
    assert body == b""


def ends_alike(server: Server) -> bool:
    return server.process.args == COMMANDS["uWSGI"] or bool({*server.folder.glob("wsgi.*.sock")})


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_lets_the_client_notice_a_broken_response(coding: str, server: Server) -> None:
    request_id = uuid4().hex

    def read() -> bytes:
        with server.response("/broken", Accept_Encoding=coding, X_Request_ID=request_id) as response:
            assert response.status == 200
            return gzip.decompress(response.read()) if coding == "gzip" else response.read()

    if ends_alike(server) and coding == "identity":
        assert read() == b"begun\n", "the server ends a body without a length in the same way, whole or broken"
    else:
        with pytest.raises((IncompleteRead, ConnectionResetError, EOFError)):
            read()
    assert server.logged(request_id)["outcome"] == "failed"
    failed = rf"GET /broken failed after 200 OK and \d+ bytes of the body, .*request {request_id}\nTraceback"
    assert re.search(failed, server.output())


def test_logs_that_the_client_has_disconnected(server: Server) -> None:
    request_id = uuid4().hex
    authorization = CREDENTIALS["Authorization"]
    head = f"GET /endless HTTP/1.1\r\nHost: h\r\nX-Request-ID: {request_id}\r\nAuthorization: {authorization}\r\n\r\n"
    with server.raw(head.encode()) as connection:
        assert connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    entry = server.logged(request_id)
    assert (entry["outcome"], entry["status"]) == ("aborted", 200)
    assert request_id not in server.output(), "it is no error"


def test_keeps_the_ids_of_parallel_clients_apart(server: Server) -> None:
    def visit(client: int) -> None:
        for number in range(5):
            request_id = f"client-{client}-{number}-{uuid4().hex}"
            greeted = server.get("/", X_Request_ID=request_id)
            assert (greeted.headers["x-request-id"], json.loads(greeted.body)[:2]) == (request_id, [request_id] * 2)
            streamed = server.get("/ids", X_Request_ID=f"{request_id}.stream")
            assert streamed.body.decode().splitlines() == [f"{request_id}.stream"] * 20

    with ThreadPoolExecutor(8) as clients:
        assert list(clients.map(visit, range(8))) == [None] * 8
