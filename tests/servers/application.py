"""An application for real servers: it greets, streams, waits, breaks off and fails."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from os import fstat
from pathlib import Path
from threading import Event

from tests.waiting import MAX_WAIT
from wsgistack import current_request_id
from wsgistack.types import App, Environ, StartResponse

PLAIN = [("Content-Type", "text/plain")]
GATES: defaultdict[str, Event] = defaultdict(Event)


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    _, page, *rest = environ["PATH_INFO"].split("/")
    gate = GATES.setdefault("".join(rest), Event())
    match page:
        case "fail":
            raise RuntimeError("this page fails")
        case "broken":
            return broken(start_response)
        case "endless":
            return endless(start_response)
        case "file":
            return file(environ, start_response)
        case "gated":
            return gated(gate, start_response)
        case "ids":
            return ids(start_response)
        case "open":
            gate.set()
    body = json.dumps([environ["wsgistack.request_id"], current_request_id(), environ["REMOTE_USER"], "." * 1000])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]


def file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Let the server send a file."""
    opened = Path(__file__).open("rb")  # noqa: SIM115 - the server closes it
    start_response("200 OK", [*PLAIN, ("Content-Length", str(fstat(opened.fileno()).st_size))])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](opened)
    return wrapped


def gated(gate: Event, start_response: StartResponse) -> Iterator[bytes]:
    """Make the second chunk when another request has opened the gate."""
    start_response("200 OK", PLAIN)
    yield b"first\n"
    yield b"second\n" if gate.wait(MAX_WAIT) else b"nobody opened\n"


def ids(start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    for _ in range(20):
        yield f"{current_request_id()}\n".encode()


def broken(start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b"begun\n"
    raise RuntimeError("this page breaks off")


def endless(start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    while True:
        yield b"on and on\n" * 1000


def factory(global_conf: Mapping[str, str]) -> App:
    """Return the application to PasteDeploy."""
    return application
