"""Reports and capsules of requests that came over a connection, in processes that real servers fork."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.servers.running import WSGISTACK, Server, is_refused, running
from tests.waiting import MAX_WAIT, wait_until

pytestmark = pytest.mark.slow

TILL = """
import json
from pathlib import Path

def app(environ, start_response):
    order = json.loads(environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else "{}")
    return pay(order["price"])

def pay(price):
    return 100 / price

def report(report):
    with Path("reported").open("a") as file:
        file.write(report.message)
"""
STACK = """
app = "till:app"
layers = ["request_id", { use = "catch_errors", capsules = "capsules", reporters = ["till:report"] }]
"""
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--preload", "--workers", "2")
COMMANDS = {
    "gunicorn": (*GUNICORN, "wsgi:application"),
    "gunicorn gevent": (*GUNICORN, "--worker-class", "gevent", "wsgi:application"),
    "gunicorn gthread": (*GUNICORN, "--threads", "4", "wsgi:application"),
    "waitress": (*WSGISTACK, "serve", "stack.toml", "--port", "0"),
}


@pytest.fixture(params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "till.py").write_text(TILL)
    (tmp_path / "wsgi.py").write_text('from wsgistack import load\napplication = load("stack.toml")\n')
    (tmp_path / "stack.toml").write_text(STACK)
    with running(tmp_path, *COMMANDS[request.param]) as started:
        wait_until(lambda: not is_refused(started.port))
        yield started


@pytest.mark.parametrize("chunked", [False, True])
def test_an_incident_on_a_server_happens_again_in_memory(server: Server, chunked: bool) -> None:
    body = b'{"price": 0, "password": "s3cret-word"}'
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
        headers = {"Content-Type": "application/json", "Cookie": "session=0123456789"}
        pieces = iter([body[:10], body[10:]]) if chunked else body
        connection.request("POST", "/pay?token=abcdefgh", pieces, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        assert (answer.status, b"s3cret" in answer.read()) == (500, False)
    reported = server.folder / "reported"
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
        connection.request("GET", "/")  # a thread that waits for reports must not keep a worker from serving
        assert connection.getresponse().status == 500
    wait_until(lambda: reported.exists() and "division by zero" in reported.read_text())
    saved = next(each for each in (server.folder / "capsules").iterdir() if "ZeroDivisionError" in each.read_text())
    text = saved.read_text()
    assert not any(secret in text for secret in ("s3cret-word", "abcdefgh", "0123456789"))
    capsule = json.loads(text)
    assert json.loads(capsule["request"]["body"]) == {"price": 0, "password": "[redacted]"}
    assert capsule["layers"] == ["request_id", "catch_errors"]
    command = (*WSGISTACK, "replay", "stack.toml", saved)
    done = subprocess.run(command, cwd=server.folder, capture_output=True, text=True, timeout=MAX_WAIT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("the same error\n")
