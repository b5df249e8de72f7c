"""What a client of each server sees of an error: a complete 500, or a sign that the body is not whole.

``docs/errors.rst`` has the table of what these tests observe.
"""

import gzip
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest
import requests

from tests.servers.failing import CHUNK, LENGTH, site
from tests.servers.mod_wsgi import WAYS, running_apache
from tests.servers.running import ROOT, Server, is_refused, running
from tests.servers.test_chromium import serving
from tests.waiting import MAX_WAIT, wait_until
from wsgistack import CatchErrors, Gzip

pytestmark = pytest.mark.slow

APP = "tests.servers.failing:application"
WAITRESS = """
from waitress import create_server
from tests.servers.failing import application
server = create_server(application, host="127.0.0.1", port=0)
print(f"http://127.0.0.1:{server.effective_port}", flush=True)
server.run()
"""
WSGIREF = """
from wsgiref.simple_server import make_server
from tests.servers.failing import application
server = make_server("127.0.0.1", 0, application)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""
GRANIAN = """
from granian import Granian
from tests.servers.running import find_port
port = find_port()
print(f"http://127.0.0.1:{port}", flush=True)
Granian("tests.servers.failing:application", interface="wsgi", port=port, log_enabled=False, blocking_threads=4,
    workers_kill_timeout=1).serve()
"""
GEVENT = """
from gevent import monkey
monkey.patch_all()
from gevent.pywsgi import WSGIServer
from tests.servers.failing import application
server = WSGIServer(("127.0.0.1", 0), application, log=None)
server.start()
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""
EVENTLET = """
import eventlet
eventlet.monkey_patch()
from eventlet import wsgi
from tests.servers.failing import application
listening = eventlet.listen(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
wsgi.server(listening, application, log_output=False)
"""
UVICORN = """
import warnings
warnings.simplefilter("ignore")
import uvicorn
from tests.servers.failing import application
from tests.servers.unusual import listen
from {module} import {name}
uvicorn.Server(uvicorn.Config({name}(application), log_level="error", lifespan="off")).run([listen()])
"""
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", APP, "--worker-class")
UWSGI = (Path(sys.executable).parent / "uwsgi", "--need-app", "--module", "tests.servers.failing")
COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "gunicorn sync": (*GUNICORN, "sync"),
    "gunicorn gthread": (*GUNICORN, "gthread", "--threads", "4"),
    "gunicorn gevent": (*GUNICORN, "gevent"),
    "Waitress": (sys.executable, "-c", WAITRESS),
    "uWSGI, http-socket": (*UWSGI, "--http-socket", "127.0.0.1:0"),
    "uWSGI, http11-socket": (*UWSGI, "--http11-socket", "127.0.0.1:0"),
    "Granian": (sys.executable, "-c", GRANIAN),
    "wsgiref": (sys.executable, "-c", WSGIREF),
    "gevent": (sys.executable, "-c", GEVENT),
    "eventlet": (sys.executable, "-W", "ignore", "-c", EVENTLET),
    "Starlette": (sys.executable, "-c", UVICORN.format(module="starlette.middleware.wsgi", name="WSGIMiddleware")),
    "asgiref": (sys.executable, "-c", UVICORN.format(module="asgiref.wsgi", name="WsgiToAsgi")),
    "a2wsgi": (sys.executable, "-c", UVICORN.format(module="a2wsgi", name="WSGIMiddleware")),
    "mod_wsgi": (),
    "mod_wsgi with a daemon": (),
}
MODULES: dict[str, tuple[str, ...]] = {"gunicorn gevent": ("gevent",), "gevent": ("gevent",), "eventlet": ("eventlet",)}
MODULES |= {name: (name.lower(), "uvicorn") for name in ("Starlette", "asgiref", "a2wsgi")}
KINDS = {
    "chunks": ("GET /stream HTTP/1.1", ""),
    "Content-Length": ("GET /length HTTP/1.1", ""),
    "gzip": ("GET /stream HTTP/1.1", "gzip"),
    "HTTP/1.0": ("GET /stream HTTP/1.0", ""),
}
_CUT, _WHOLE, _CODING, _ANSWER = "cut", "looks whole", "gzip ends early", "500"


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool
    """Whether a client takes the body for complete: the end of a chunked one, all of a length, or neither."""


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    name: str = request.param
    for module in MODULES.get(name, ()):
        if not find_spec(module):
            pytest.skip(f"{module} is not installed")
    folder = tmp_path_factory.mktemp("site")
    (folder / "gunicorn.conf.py").write_text(
        "def when_ready(server): print(f'http://127.0.0.1:{server.LISTENERS[0].getsockname()[1]}', flush=True)"
    )
    if name in WAYS:
        start = running_apache(folder, "from tests.servers.failing import application", name)
    else:
        start = running(folder, *COMMANDS[name])
    with start as server:
        wait_until(lambda: not is_refused(server.port))
        (folder / "name").write_text(name)
        yield server


def find_name(server: Server) -> str:
    return (server.folder / "name").read_text()


def ask(server: Server, line: str, request_id: str, coding: str = "") -> Response:
    lines = [line, "Host: localhost", "Connection: close", f"X-Request-ID: {request_id}"]
    lines += [f"Accept-Encoding: {coding}"] if coding else []
    received = b""
    with server.raw("\r\n".join([*lines, "", ""]).encode()) as connection, suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    if not received:  # Granian often stops before it has sent anything
        return Response(200, {}, b"", is_whole=False)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    is_whole = True
    if headers.get("transfer-encoding") == "chunked":
        body, is_whole = _read_chunks(body)
    elif "content-length" in headers:
        is_whole = len(body) == int(headers["content-length"])
    return Response(int(first.split()[1]), headers, body, is_whole)


def _read_chunks(data: bytes) -> tuple[bytes, bool]:
    body = b""
    while found := re.match(rb"([0-9a-fA-F]+)[^\r\n]*\r\n", data):
        size = int(found[1], 16)
        if not size:
            return body, True
        body, data = body + data[found.end() :][:size], data[found.end() + size + 2 :]
    return body, False


def observe(server: Server, kind: str) -> str:
    """What a client can say about a body that failed in the middle."""
    line, coding = KINDS[kind]
    for _ in range(20):
        response = ask(server, line, uuid4().hex, coding)
        if response.headers:
            break
    if response.status == 500 and response.is_whole:
        return _ANSWER
    assert response.status == 200
    if response.headers.get("content-encoding") == "gzip":
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        assert (CHUNK * 2).startswith(decoder.decompress(response.body))
        assert not decoder.eof, "no coding may say that the body is whole"
        return _CUT if not response.is_whole else _CODING
    assert (CHUNK * 2).startswith(response.body)
    return _WHOLE if response.is_whole else _CUT


@pytest.mark.parametrize("path", ["/call", "/start", "/first"])
def test_sends_a_complete_500_before_the_first_byte(server: Server, path: str) -> None:
    request_id = uuid4().hex
    response = ask(server, f"GET {path} HTTP/1.1", request_id)
    assert (response.status, response.is_whole) == (500, True)
    assert b"The server failed to answer this request" in response.body
    assert "x-old" not in response.headers
    assert response.headers["x-request-id"] == request_id
    entry = server.logged(request_id)
    assert (entry["status"], entry["outcome"], entry["bytes"]) == (500, "complete", len(response.body))
    assert server.output().count(f"failed, request {request_id}") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_shows_the_client_what_the_documents_say(server: Server, kind: str) -> None:
    documented = read_table()[find_name(server)][kind]
    assert observe(server, kind) == documented


@pytest.mark.parametrize("path", ["/stream", "/length"])
def test_logs_what_was_sent_and_that_it_was_cut(server: Server, path: str) -> None:
    request_id = uuid4().hex
    ask(server, f"GET {path} HTTP/1.1", request_id)
    entry = server.logged(request_id)
    sent = len(CHUNK * 2)
    assert (entry["status"], entry["outcome"], entry["bytes"]) == (200, "failed", sent)
    said = f"GET {path} failed after 200 OK and {sent} bytes of the body, so that the connection is cut, request "
    assert server.output().count(said + request_id) == 1


def test_logs_a_failing_close_after_a_complete_body(server: Server) -> None:
    request_id = uuid4().hex
    response = ask(server, "GET /close HTTP/1.1", request_id)
    assert (response.status, response.body, response.is_whole) == (200, CHUNK, True)
    entry = server.logged(request_id)
    assert (entry["status"], entry["outcome"], entry["bytes"]) == (200, "failed", len(CHUNK))
    said = f"GET /close failed in close() after 200 OK with {len(CHUNK)} bytes, request {request_id}"
    assert server.output().count(said) == 1


CLIENTS: dict[str, Callable[[str], bytes]] = {
    "requests": lambda url: requests.get(url, timeout=MAX_WAIT).content,
    "httpx": lambda url: httpx.get(url, timeout=MAX_WAIT).content,
    "curl": lambda url: subprocess.run(("curl", "-s", "--compressed", url), check=True, capture_output=True).stdout,
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_may_not_look_for_the_end_of_a_coding(name: str) -> None:
    if name == "curl" and not shutil.which(name):
        pytest.skip("curl is not installed")
    with serving(CatchErrors(Gzip(site))) as url:
        assert CLIENTS[name](f"{url}stream") == CHUNK * 2


def test_the_gzip_of_python_looks_for_its_end() -> None:
    with (
        serving(CatchErrors(Gzip(site))) as url,
        httpx.stream("GET", f"{url}stream", headers={"Accept-Encoding": "gzip"}, timeout=MAX_WAIT) as answer,
    ):
        data = b"".join(answer.iter_raw())
    with pytest.raises(EOFError):
        gzip.decompress(data)


def read_table() -> dict[str, dict[str, str]]:
    """The table of ``docs/errors.rst``."""
    text = (ROOT / "docs/errors.rst").read_text("utf-8")
    table = re.search(r"^=+  .*\n(server .*)\n=+  .*\n((?:.+\n)+?)=+  ", text, re.MULTILINE)
    assert table is not None
    names = re.split(r"  +", table[1])[1:]
    rows = (re.split(r"  +", line) for line in table[2].splitlines())
    return {name: dict(zip(names, values, strict=True)) for name, *values in rows}


def test_the_length_is_more_than_is_sent() -> None:
    assert len(CHUNK) * 2 < LENGTH
