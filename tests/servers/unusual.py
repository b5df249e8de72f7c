"""Flask, with WebSockets, behind the five layers, for servers that break PEP 3333 or give their connections away."""

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import flask

from wsgistack import AccessLog, BasicAuth, CatchErrors, Gzip, RequestId
from wsgistack.types import Environ, StartResponse

site = flask.Flask(__name__)


@site.get("/")
def greet() -> flask.Response:
    return flask.Response("hello " * 100, 203, {"X-Greeting": "yes", "Content-Type": "text/plain"})


@site.get("/stream")
def stream() -> flask.Response:
    return flask.Response((word for word in ("one ", "two ", "three")), 202, {"X-Stream": "yes"})


@site.get("/fail")
def fail() -> flask.Response:
    flask.current_app.config["PROPAGATE_EXCEPTIONS"] = True
    raise RuntimeError("this page fails")


try:
    from flask_sock import Sock
except ImportError:  # the tests of WebSockets are skipped
    pass
else:

    @Sock(site).route("/echo")  # type: ignore[untyped-decorator]
    def echo(connection: Any) -> None:
        connection.send(connection.receive())


def inner(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    match environ["PATH_INFO"]:
        case "/write":
            write = cast(Any, start_response)("201 Created", [("Content-Type", "text/plain")])
            write(b"written, ")
            return [b"yielded"]
        case "/write-all":
            write = cast(Any, start_response)("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
            write(b"written")
            return []
        case "/late":
            return start_late(start_response)
        case "/upload":
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start_response("204 No Content", [])
            return []
        case "/backend":
            raise ConnectionResetError("the database has gone")
        case "/endless":
            write = cast(Any, start_response)("200 OK", [("Content-Type", "text/plain")])
            while True:
                write(b"on and on\n" * 1000)
    return site.wsgi_app(environ, start_response)


def start_late(start_response: StartResponse) -> Iterable[bytes]:
    start_response("202 Accepted", [("Content-Type", "text/plain"), ("X-Late", "yes")])
    yield b"late"


application = RequestId(
    AccessLog(
        CatchErrors(Gzip(BasicAuth(inner, users={"demo": "demo"}), minimum_size=200)),
        format="json",
        file=Path("access.log"),
    )
)


def listen() -> socket.socket:
    """A free port of the loopback, which it prints."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    return listening
