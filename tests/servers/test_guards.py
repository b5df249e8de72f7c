"""Guards behind real servers: raw requests in all spellings, also with SCRIPT_NAME from a header."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.guarded import CLOSED, OPEN
from tests.servers.mod_wsgi import LOAD, WAYS, running_apache
from tests.servers.running import Server, running
from wsgistack.cli.auditing import spell_host, spell_path

pytestmark = pytest.mark.slow

WAITRESS = """
from waitress import create_server
from wsgistack import load
server = create_server(load("stack.toml"), listen="127.0.0.1:0")
print(f"http://127.0.0.1:{server.effective_port}", flush=True)
server.run()
"""
SERVERS = {
    "gunicorn": (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", 'wsgistack:load("stack.toml")'),
    "waitress": (sys.executable, "-c", WAITRESS),
    "uWSGI": (
        *(Path(sys.executable).parent / "uwsgi", "--http-socket", "127.0.0.1:0", "--need-app"),
        *("--eval", 'from wsgistack import load; application = load("stack.toml")'),
    ),
}
BYPASSES = {
    ("gunicorn", "flask_app"): {"GET /%2fadmin/x", "GET //admin/x", "GET /zzz/admin/x SCRIPT_NAME: /zzz"},
    ("gunicorn", "pyramid_app"): {"GET /./admin/x", "GET /x/../admin/x", "GET /zzz/admin/x SCRIPT_NAME: /zzz"},
    ("gunicorn", "prefixed_app"): {"GET /zzz/admin/x X-Script-Name: /zzz"},
    ("mod_wsgi", "flask_app"): {"GET /admin"},
    ("mod_wsgi", "pyramid_app"): {"GET /admin"},
    ("mod_wsgi", "prefixed_app"): {"GET /zzz/admin/x X-Script-Name: /zzz"},
    ("waitress", "flask_app"): {"GET /admin"},
    ("waitress", "pyramid_app"): {"GET /./admin/x", "GET /x/../admin/x"},
    ("uWSGI", "flask_app"): {"GET /%2fadmin/x", "GET //admin/x"},
    ("uWSGI", "pyramid_app"): {"GET /%2fadmin/x", "GET //admin/x", "GET /x/%2e%2e/admin/x", "GET admin/x"},
}
METHODS = ("GET", "HEAD", "POST", "get")
CLOSED_WHEN = '{ not = { under = ["/health", "/static"] } }'


def send(server: Server, line: str, host: str, header: str = "") -> bytes:
    """Send a request line that no HTTP library would send, and return the answer."""
    more = f"{header}\r\n" if header else ""
    request = f"{line} HTTP/1.1\r\nHost: {host}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n"
    with server.raw(request.encode("latin-1")) as connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def find_leaks(server: Server) -> Iterator[str]:
    """The requests to which the server answers 200, without a password."""
    requests = [
        (f"{method} {target}", "a.org", "") for method in METHODS for target in spell_path("/admin/x", ["/health"])
    ]
    requests += [("GET /admin/x", host, "") for host in spell_host("a.org")]
    requests += [
        ("GET /admin", "a.org", ""),
        ("GET http://a.org//admin/x", "b.org", ""),
        ("GET http://a.org/x/../admin/x", "b.org", ""),
    ]
    for script_name in ("/zzz", "/health", "/admin", "//a.org", "/health/../zzz"):
        for name in ("SCRIPT_NAME", "X-Script-Name", "X-Forwarded-Prefix"):
            header = f"{name}: {script_name}"
            requests += [(f"GET {script_name}{target}", "a.org", header) for target in ("/admin/x", "//admin/x", "/x")]
    for line, host, header in requests:
        if send(server, line, host, header).split(b" ", 2)[1:2] == [b"200"]:
            yield f"{line} {header}" if header else line


@pytest.mark.parametrize(("name", "app"), BYPASSES, ids=str)
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_closed_guard_lets_nothing_through_that_gets_around_an_open_one(
    name: str, app: str, is_open: bool, tmp_path: Path
) -> None:
    text = OPEN.format(app=app) if is_open else CLOSED.format(app=app, when=CLOSED_WHEN)
    (tmp_path / "stack.toml").write_text(text)
    with running_apache(tmp_path, LOAD, name) if name in WAYS else running(tmp_path, *SERVERS[name]) as server:
        assert send(server, "GET /admin/x", "a.org").startswith(b"HTTP/1.1 401")
        assert send(server, "GET /health", "a.org").startswith(b"HTTP/1.1 200")
        leaks = set(find_leaks(server))
    assert leaks >= BYPASSES[name, app] if is_open else leaks == set()
