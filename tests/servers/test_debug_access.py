"""Who sees the debug page behind a proxy on the same machine: a server must not hide the headers of the proxy."""

from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.servers.test_programs import SERVERS, serving
from tests.waiting import MAX_WAIT

pytestmark = pytest.mark.slow

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/":
        start_response("200 OK", [])
        return [b"well"]
    raise LookupError("no such item")
"""
STACK = """
app = "shop:app"
layers = [{ use = "catch_errors", debug = true }]
"""
PROXIED = [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7"), ("X-Forwarded-Proto", "https")]


def fail(port: int | str, headers: dict[str, str]) -> bytes:
    with closing(HTTPConnection("127.0.0.1", int(port), timeout=MAX_WAIT)) as connection:
        connection.request("GET", "/cart", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 500
        return answer.read()


@pytest.mark.parametrize("server", SERVERS)
def test_nobody_sees_the_debug_page_through_a_proxy(server: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "stack.toml").write_text(STACK)
    with serving(tmp_path, server) as site:
        assert b"no such item" in fail(site.at, {})
        for name, value in PROXIED:
            assert b"no such item" not in fail(site.at, {name: value}), name
