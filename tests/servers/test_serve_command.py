"""``wsgistack serve`` as a program: what it prints, what it serves, and how it ends."""

import gzip
import json
import os
import signal
import socket
import subprocess
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.cli.files import read_mistakes
from tests.servers.running import ROOT, WSGISTACK, is_refused, running
from tests.waiting import MAX_WAIT, wait_until

HELLO = f"""
import logging
from wsgistack.serving import serve
serve.GRACE = serve.THREAD_TIMEOUT = {MAX_WAIT}
logging.basicConfig(format="MINE %(message)s")
def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("fails")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return forever()
def forever():
    while True:
        yield b"on and on"
"""
MISORDERED = """
app = "hello:app"
layers = [{use = "gzip", name = "zip"}, {use = "access_log", name = "log"}, "catch_errors"]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "stack.toml").write_text(MISORDERED)
    return tmp_path


def test_serves_the_quickstart(tmp_path: Path) -> None:
    with running(tmp_path, *WSGISTACK, "serve", ROOT / "recipes" / "quickstart" / "stack.ini", "--port", "0") as server:
        greeting = server.get("/Ada", Accept_Encoding="gzip")
        request_id = greeting.headers["x-request-id"]
        facts = json.loads(gzip.decompress(greeting.body))
        assert (facts["hello"], facts["from"], facts["id"]) == ("Ada", "demo", request_id)
        assert server.get("/", Authorization="").status == 401
        assert server.get("/count").body.split() == [b"%d" % number for number in range(1, 11)]
        failure = server.get("/fail", Accept="application/json")
        failed = failure.headers["x-request-id"]
        assert json.loads(failure.body)["request_id"] == failed
        line = f'"GET /fail HTTP/1.1" 500 {len(failure.body)} "-" "-" '
        access = wait_until(lambda: [each for each in server.output().splitlines() if line in each])
        assert [each.split()[-1] for each in access] == [failed]
        assert server.output().count(f"GET /fail failed, request {failed}\nTraceback") == 1
        assert server.output().splitlines()[0] == f"Serving on http://127.0.0.1:{server.port}/ (stop with Ctrl-C)"
        assert server.output().splitlines()[5:7] == [
            f"{' ' * 9}└─ demo (basic_auth)",
            f"{' ' * 12}└─ greetings:application",
        ]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("requests", [0, 3])
def test_stops_cleanly_even_while_it_sends(stop: signal.Signals, requests: int, site: Path) -> None:
    with ExitStack() as stack, running(site, *WSGISTACK, "serve", "stack.toml", "--port", "0") as server:
        connections = [stack.enter_context(server.raw(b"GET / HTTP/1.1\r\n\r\n")) for _ in range(requests)]
        assert all(connection.recv(1) for connection in connections)
        server.process.send_signal(stop)
        if requests:  # they do not end by themselves
            wait_until(lambda: is_refused(server.port))
            server.process.send_signal(stop)
        assert server.process.wait(MAX_WAIT) == 0
        for connection in connections:  # an end of the stream would look like a whole response
            with pytest.raises(ConnectionResetError):
                list(iter(partial(connection.recv, 65536), b""))
        *_, last = server.output().splitlines()
        assert last == "Stopped."
        assert server.output().count('"GET / HTTP/1.1" 200 ') == requests
        assert "Traceback" not in server.output()


def test_keeps_the_logging_of_the_application(site: Path) -> None:
    with running(site, *WSGISTACK, "serve", "stack.toml", "--port", "0") as server:
        assert server.get("/fail").status == 500
        wait_until(lambda: "MINE GET /fail failed" in server.output())
        assert server.output().count("GET /fail failed") == 1


def test_warns_about_the_order_in_one_line_even_with_warnings_as_errors(site: Path) -> None:
    program = [WSGISTACK[0], "-W", "error", *WSGISTACK[1:]]
    with running(site, *program, "serve", "stack.toml", "--port", "0") as server:
        warning, _, _ = server.output().partition("Serving on")
        (mistake,) = read_mistakes(warning)
        assert mistake == (
            "warning: stack.toml:3: layer 1 (zip): zip is outside log: "
            "the log would not show the size after compression; put log before zip"
        )


def test_reports_in_one_line_why_it_can_not_serve(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        served = subprocess.run([*WSGISTACK, "serve", "stack.toml", "--port", port], cwd=site, capture_output=True)
    *_, problem = read_mistakes(served.stderr.decode())
    assert (served.returncode, served.stdout) == (1, b"")
    hint = "choose another port, or stop the program that has it"
    assert problem == f"can't listen on 127.0.0.1 port {port}: Address already in use; {hint}"
    assert b"Traceback" not in served.stderr


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        pytest.param("def app(: pass", "cannot import module 'hello': SyntaxError", id="no Python"),
        pytest.param("1 / 0", "cannot import module 'hello': ZeroDivisionError: division by zero", id="fails"),
        pytest.param("app = 1", "'hello:app' is ", id="no callable"),
        pytest.param("def app(): pass", "'hello:app' is a callable that takes no arguments; expected", id="a factory"),
        pytest.param("import nosuch", "cannot import module 'hello': ModuleNotFoundError", id="misses a module"),
    ],
)
def test_prints_every_mistake_and_no_traceback(app: str, problem: str, site: Path) -> None:
    (site / "hello.py").write_text(app)
    (site / "stack.toml").write_text('app = "hello:app"\nlayers = ["gzpi", {use = "gzip", level = 0}]\nlayer = 1\n')
    served = subprocess.run([*WSGISTACK, "serve", "stack.toml"], cwd=site, capture_output=True, text=True)
    assert (served.returncode, served.stdout) == (1, "")
    mistakes = read_mistakes(served.stderr)
    assert any(problem in each for each in mistakes)
    assert any("unknown layer 'gzpi'; did you mean 'gzip'?" in each for each in mistakes)
    assert any("layer 2 (gzip) level: " in each for each in mistakes)
    assert any("did you mean 'layers'?" in each for each in mistakes)
    assert "Traceback" not in served.stderr
    assert all(each.startswith("stack.toml:") for each in mistakes)


def test_list_ends_quietly_when_the_reader_has_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        listed = subprocess.run([*WSGISTACK, "list"], stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (listed.returncode, listed.stderr) == (1, b"")
