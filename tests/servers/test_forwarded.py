"""Forwarded on real servers: what they write into the environ for the peers of a Unix socket and for odd headers."""

import json
import socket
from pathlib import Path

import pytest

from tests.servers.test_programs import PROGRAMS, Site, serving
from tests.waiting import MAX_WAIT

APP = """
import json
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    found = {key: environ.get(key, "") for key in ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_X_REAL_IP", "REMOTE_HOST")}
    return [json.dumps(found).encode()]
"""
STACK = """
app = "site_app:app"
layers = [
    { use = "forwarded", trusted = ["TRUSTED"] },
    { use = "https", exempt = ["/seen"] },
    { use = "hosts", allowed = ["example.org"], canonical = "www.example.org", exempt = ["/seen"] },
]
"""


def ask(site: Site, target: str, *headers: str) -> tuple[int, bytes]:
    """The status and the body or the redirect of a request on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(MAX_WAIT)
        connection.connect(str(site.at))
        lines = [f"GET {target} HTTP/1.0", "Host: example.org", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    location = [line.partition(b": ")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"location:")]
    return int(head.split()[1]), location[0] if location else body


@pytest.mark.parametrize("server", ["waitress", *PROGRAMS])
@pytest.mark.parametrize(("trusted", "is_believed"), [("unix", True), ("10.0.0.0/8", False)])
def test_a_peer_on_a_unix_socket_is_trusted_if_named(
    server: str, trusted: str, is_believed: bool, tmp_path: Path
) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    (tmp_path / "stack.toml").write_text(STACK.replace("TRUSTED", trusted))
    path = tmp_path / "x.sock"
    with serving(tmp_path, server, "--bind", "unix:x.sock", at=str(path)) as site:
        sent = ("X-Forwarded-For: 192.0.2.9, 203.0.113.7", "X-Real-IP: 192.0.2.9")
        seen = json.loads(ask(site, "/seen", *sent, "X-Forwarded-Proto: https")[1])
        assert (seen["REMOTE_ADDR"] == "203.0.113.7") is is_believed
        assert (seen["HTTP_X_REAL_IP"] == "192.0.2.9") is is_believed
        assert not is_believed or (seen["wsgi.url_scheme"], seen["REMOTE_HOST"]) == ("https", "")
        seen = json.loads(ask(site, "/seen", "X-Forwarded-Proto: javascript")[1])
        assert seen["wsgi.url_scheme"] == "http"
        for target in ("@evil.test/", "*", ".evil.test/"):
            status, location = ask(site, target, *sent)
            assert status in (308, 400, 404)  # some servers refuse such a target
            assert status != 308 or location.startswith(b"https://example.org/")
