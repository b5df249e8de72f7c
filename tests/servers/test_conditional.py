"""Etag and cascade on real servers: answers without a body, on a connection that stays open."""

import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.servers.running import running
from tests.waiting import MAX_WAIT

pytestmark = pytest.mark.slow

APPLICATION = """
from wsgistack import Cascade, Compress, Etag

def pages(environ, start_response):
    if environ["PATH_INFO"] == "/old":
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        yield b"none"
        return
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2000")])
    yield b"page" * 500

def old(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body) + 4))])
    return [b"old " + body]

application = Compress(Etag(Cascade(pages, fallback=old)))
"""
WAITRESS = """
from waitress import create_server
from app import application
server = create_server(application, listen="127.0.0.1:0")
print(f"http://127.0.0.1:{server.effective_port}", flush=True)
server.run()
"""
WSGIREF = """
from wsgiref.simple_server import make_server
from app import application
with make_server("127.0.0.1", 0, application) as server:
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
"""
SERVERS = {
    "gunicorn": (
        *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--bind", "127.0.0.1:0"),
        "app:application",
    ),
    "waitress": (sys.executable, "-c", WAITRESS),
    "wsgiref": (sys.executable, "-c", WSGIREF),
    "uWSGI": (
        *(Path(sys.executable).parent / "uwsgi", "--http11-socket", "127.0.0.1:0", "--need-app"),
        *("--module", "app", "--pythonpath", "."),
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_the_connection_goes_on_after_an_answer_without_a_body(name: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    with (
        running(tmp_path, *SERVERS[name]) as server,
        closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection,
    ):

        def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
            given = {key.replace("_", "-"): value for key, value in headers.items()}
            connection.request(method, path, body, headers=given)
            with connection.getresponse() as response:
                return response.status, response.headers.get("ETag", ""), response.read()

        status, tag, body = ask("GET", "/")
        assert (status, len(body)) == (200, 2000)
        compressed = ask("GET", "/", Accept_Encoding="gzip")
        assert (compressed[0], compressed[1]) == (200, f"W/{tag}")
        for _ in range(2):
            assert ask("GET", "/", If_None_Match=tag) == (304, tag, b"")
            assert ask("GET", "/", If_None_Match=f"W/{tag}", Accept_Encoding="gzip") == (304, f"W/{tag}", b"")
            assert ask("GET", "/", If_Match='"other"')[0] == 412
            assert ask("POST", "/old", b"form")[::2] == (200, b"old form")
            assert ask("GET", "/")[::2] == (200, body)
