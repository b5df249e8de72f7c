"""The recipe oidc: JWTs with the keys of a real issuer on loopback, which changes them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.pages import find_snippet
from tests.servers.running import WSGISTACK, Answer, Server, running
from tests.waiting import MAX_WAIT, wait_until

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes" / "oidc"


class Site:
    """The server, and the issuer that it trusts."""

    def __init__(self, server: Server, issuer: Server) -> None:
        self.server = server
        self.issuer = issuer

    def ask(self, path: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.issuer.port, timeout=MAX_WAIT)
        connection.request("GET", path)
        answer: dict[str, Any] = json.load(connection.getresponse())
        connection.close()
        return answer

    def make_token(self, **claims: str) -> str:
        token: str = self.ask(f"/token?{urlencode({'user': 'ada', **claims})}")["access_token"]
        return token

    def get(self, token: str, path: str = "/", method: str = "GET") -> Answer:
        return self.server.get(path, method, Authorization=f"Bearer {token}" if token else "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("oidc") / "recipe"
    other = folder.parent / "issuer"
    other.mkdir()
    shutil.copytree(RECIPE, folder)
    with running(other, sys.executable, folder / "issuer.py", "0") as issuer:
        stack = folder / "stack.toml"
        stack.write_text(stack.read_text().replace("127.0.0.1:8001", f"127.0.0.1:{issuer.port}"))
        with running(folder, *WSGISTACK, "serve", "stack.toml", "--port", "0") as server:
            found = Site(server, issuer)
            # the server refuses tokens for a while if it stops for longer than the issuer may take to answer
            wait_until(lambda: found.get(found.make_token()).status == 200)
            yield found


def test_has_no_mistake_and_no_warning() -> None:
    command = [*WSGISTACK, "check", "--strict", "stack.toml"]
    done = subprocess.run(command, cwd=RECIPE, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("stack.toml: OK\n", "")


def test_the_application_learns_who_asks(site: Site) -> None:
    token = site.make_token(scope="orders:read orders:write", groups="staff")
    assert json.loads(site.get(token).body) == {
        "user": "ada",
        "groups": ["staff"],
        "scopes": ["orders:read", "orders:write"],
        "issuer": f"http://127.0.0.1:{site.issuer.port}",
    }
    assert site.get("", "/health").body == b"null\n"


@pytest.mark.parametrize(
    ("claims", "method", "path", "status"),
    [
        ({}, "GET", "/", 200),
        ({}, "POST", "/", 403),
        ({"scope": "orders:read"}, "DELETE", "/7", 403),
        ({"scope": "orders:write"}, "POST", "/", 200),
        ({"scope": "orders:write"}, "GET", "/admin", 403),
        ({"scope": "orders:write"}, "GET", "//admin/../admin", 403),
        ({"groups": "staff"}, "GET", "/admin", 200),
        ({"groups": "staff"}, "POST", "/admin", 403),
    ],
)
def test_the_rules_hold(site: Site, claims: dict[str, str], method: str, path: str, status: int) -> None:
    answer = site.get(site.make_token(**claims), path, method)
    assert answer.status == status
    assert ("insufficient_scope" in answer.headers.get("www-authenticate", "")) == (status == 403 and method != "GET")


def test_curl_shows_what_the_page_shows(site: Site) -> None:
    shown = find_snippet(RECIPE / "README.rst", "$ token=").splitlines()
    commands = "\n".join(line.removeprefix("$ ") for line in shown if line.startswith("$ "))
    expected = "\n".join(line for line in shown if not line.startswith("$ "))
    done = subprocess.run(
        ["bash", "-c", commands.replace("8001", str(site.issuer.port)).replace("8080", str(site.server.port))],
        stdout=subprocess.PIPE,
        text=True,
        timeout=MAX_WAIT,
        check=True,
    )
    assert done.stdout.replace("\r", "").strip() == expected.replace("8001", str(site.issuer.port))


def test_nobody_enters_without_a_token_of_the_issuer(site: Site) -> None:
    answer = site.get("")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="Restricted"')
    head, claims, signature = site.make_token().split(".")
    forged = site.make_token(user="root").split(".")[1]
    for token in (f"{head}.{forged}.{signature}", f"{head}.{claims}.", "x.y.z"):
        answer = site.get(token)
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_new_key_counts_soon_and_the_old_one_still_counts(site: Site) -> None:
    old = site.make_token()
    assert site.get(old).status == 200
    [before] = site.ask("/jwks.json")["keys"]
    site.ask("/rotate")
    new = site.make_token()
    assert new != old
    wait_until(lambda: site.get(new).status == 200)
    assert site.get(site.make_token(user="bob")).status == 200
    assert site.get(old).status == 200
    site.ask("/rotate")
    newest = site.make_token()
    assert before not in site.ask("/jwks.json")["keys"]
    wait_until(lambda: site.get(newest).status == 200)
    assert site.get(old).status == 401  # its key is gone
