"""The recipe sentry: the events that a real server of the protocol gets.

The SDK changes logging, threads and Flask for its whole process, so the application runs in another one.
"""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli
import pytest

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes/sentry"
CODE = """
import sentry_sdk
from webtest import TestApp
from wsgistack import load

def send(app, path, request_id):
    try:
        client = TestApp(app, extra_environ={{"wsgistack.raise_errors": False}})
        answer = client.get(path, headers={{"X-Request-ID": request_id}}, expect_errors=True)
        print(answer.status_int)
    except ZeroDivisionError:
        print("cut")

{code}
sentry_sdk.flush(timeout=120)
"""
BROKEN = """
def broken(app):
    def layer(environ, start_response):
        raise OSError("disk full")
    return layer

app = load({"app": "tickets:app", "layers": ["request_id", "catch_errors", broken]})
send(app, "/", "r-4")
"""


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address for events, and the events that have come there, without sessions and other items."""
    events: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            decode = {"br": brotli.decompress, "gzip": gzip.decompress}.get(self.headers["Content-Encoding"], bytes)
            data = decode(data)
            _, *items = data.split(b"\n")
            for head, content in zip(items[::2], items[1::2], strict=False):
                if head and json.loads(head)["type"] == "event":
                    events.append(json.loads(content))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", events
    server.shutdown()
    server.server_close()
    thread.join()


def run(code: str, address: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(code=code)],
        cwd=RECIPE,
        env={**os.environ, "SENTRY_DSN": address, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_has_no_mistake_and_no_warning() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("wsgistack"), "check", "--strict", "stack.toml"],
        cwd=RECIPE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("stack.toml: OK\n", 0), done.stderr


@pytest.mark.parametrize(
    ("code", "printed", "kinds"),
    [
        ('app = load("stack.toml"); send(app, "/fail", "r-4")', ["500"], ["ZeroDivisionError"]),
        ('app = load("stack.toml"); send(app, "/stream", "r-4")', ["cut"], ["ZeroDivisionError"]),
        (BROKEN, ["500"], ["OSError"]),
        ('app = load("stack.toml"); send(app, "/", "r-4")', ["200"], []),
        (
            'app = load("stack.toml"); send(app, "/fail", "r-4"); send(app, "/fail", "r-4")',
            ["500", "500"],
            ["ZeroDivisionError", "ZeroDivisionError"],
        ),
    ],
    ids=["a view", "a stream", "a layer", "no error", "two errors"],
)
def test_one_error_is_one_event_with_the_id_of_the_request(
    code: str, printed: list[str], kinds: list[str], received: tuple[str, list[dict[str, Any]]]
) -> None:
    address, events = received
    assert run(code, address) == printed
    assert [event["exception"]["values"][-1]["type"] for event in events] == kinds
    assert [event["tags"]["request_id"] for event in events] == ["r-4" for _ in kinds]
