"""Applications behind body_limit and decompress, which read their uploads in different ways."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tests.servers.running import find_port
from tests.waiting import MAX_WAIT
from wsgistack import AccessLog, BodyLimit, CatchErrors, Decompress
from wsgistack.types import App, Environ, StartResponse

LIMIT = 1_000_000


def inner(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    given = environ["wsgi.input"]
    match environ["PATH_INFO"]:
        case "/swallow":
            with suppress(Exception):
                given.read()
        case "/begin":
            return begin(environ, start_response)
        case "/read":
            length = environ.get("CONTENT_LENGTH")
            body = given.read(int(length)) if length else given.read()
            return answer(start_response, f"{len(body)} {sha256(body).hexdigest()}")
        case "/lines":
            lines = [given.readline(), *given, *given.readlines()]
            return answer(start_response, f"{len(lines)} {sha256(b''.join(lines)).hexdigest()}")
    return answer(start_response, "not read")


def answer(start_response: StartResponse, text: str) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]


def begin(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun"
    environ["wsgi.input"].read()
    yield b"complete"


def choose(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return (streaming if environ["QUERY_STRING"] == "stream" else buffering)(environ, start_response)


codings = ("gzip", "br", "zstd")
buffering: App = Decompress(inner, codings=codings, max_size=LIMIT)
streaming: App = Decompress(inner, codings=codings, max_size=LIMIT, stream=True)
application: App = AccessLog(
    CatchErrors(BodyLimit(choose, max_size=LIMIT)), format="%>s %X %r", file=Path("access.log")
)


def main(name: str) -> None:
    """Serve it with a server that is a library."""
    if name == "wsgiref":
        from wsgiref.simple_server import make_server

        with make_server("127.0.0.1", 0, application) as server:
            print(f"http://127.0.0.1:{server.server_port}", flush=True)
            server.serve_forever()
    elif name == "cheroot":
        from cheroot.wsgi import Server

        cheroot = Server(("127.0.0.1", 0), application, timeout=MAX_WAIT)
        cheroot.prepare()
        print(f"http://127.0.0.1:{cheroot.bind_addr[1]}", flush=True)
        cheroot.serve()
    elif name == "waitress":
        from waitress.server import create_server

        waitress = create_server(application, listen="127.0.0.1:0")
        print(f"http://127.0.0.1:{waitress.effective_port}", flush=True)
        waitress.run()
    else:
        from granian import Granian

        port = find_port()
        print(f"http://127.0.0.1:{port}", flush=True)
        Granian(
            "tests.servers.uploads:application",
            interface="wsgi",  # type: ignore[arg-type]
            port=port,
            log_enabled=False,
            blocking_threads=4,
            workers_kill_timeout=1,
        ).serve()


if __name__ == "__main__":
    main(sys.argv[1])
