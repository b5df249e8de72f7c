"""The recipe behind-a-proxy: with Debian's nginx in front, application and log see the client."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.pages import read_snippets
from tests.servers.running import WSGISTACK, find_port
from tests.waiting import MAX_WAIT, wait_until

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes" / "behind-a-proxy"
PROXY, CLIENT = "127.0.0.1", "127.0.0.9"  # every address of 127.0.0.0/8 is this machine


class Site(NamedTuple):
    port: int
    log: Path

    def is_ready(self) -> bool:
        """Whether nginx listens, and the server behind it."""
        with suppress(OSError):
            return self.get("/health")[0].status == 200
        return False

    def get(self, path: str = "/", peer: str = CLIENT, **headers: str) -> tuple[HTTPResponse, bytes]:
        """Send a request from an address of this machine."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=MAX_WAIT, source_address=(peer, 0))
        with closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", path, headers={"Host": "shop.example", **named})
            answer = connection.getresponse()
            return answer, answer.read()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("site") / "recipe"
    shutil.copytree(RECIPE, folder)
    port, inner = find_port(), find_port()
    text = (folder / "nginx.conf").read_text()
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("127.0.0.1:8000", f"127.0.0.1:{inner}")
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):  # of Debian's nginx, as any user
        text = text.replace("http {", f"http {{\n    {kind}_temp_path {folder}/{kind};")
    (folder / "nginx.conf").write_text(text)
    log = folder / "log"
    with log.open("wb") as stream:
        command = [*WSGISTACK, "serve", "stack.toml", "--port", str(inner)]
        server = subprocess.Popen(command, cwd=folder, stdout=stream, stderr=stream)
        proxy = subprocess.Popen([nginx, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"], cwd=folder)
        try:
            found = Site(port, log)
            wait_until(found.is_ready)
            yield found
        finally:
            for process in (proxy, server):
                process.terminate()
                process.wait(MAX_WAIT)


def see(site: Site, peer: str = CLIENT, **headers: str) -> dict[str, str]:
    seen: dict[str, str] = json.loads(site.get(peer=peer, **headers)[1])
    return seen


def test_the_application_sees_the_client(site: Site) -> None:
    assert see(site) == {"client": CLIENT, "scheme": "http", "host": "shop.example", "proxy": PROXY}


@pytest.mark.parametrize("peer", [CLIENT, PROXY], ids=["elsewhere", "beside nginx"])
def test_a_client_changes_nothing_with_the_headers_of_proxies(peer: str, site: Site) -> None:
    forged = {
        "X_Forwarded_For": "203.0.113.7",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Port": "1",
        "X_Forwarded_Prefix": "/evil",
        "Forwarded": "for=203.0.113.7;proto=https;host=evil.example",
        "X_Real_IP": "203.0.113.7",
    }
    assert see(site, peer, **forged) == see(site, peer)


def test_the_log_shows_the_client(site: Site) -> None:
    site.get("/logged?by=client", X_Forwarded_For="203.0.113.7")
    wait_until(lambda: "/logged" in site.log.read_text())
    assert re.search(rf'^{CLIENT} - - \[[^]]*\] "GET /logged\?by=client HTTP/1\.[01]" 200 ', site.log.read_text(), re.M)
    assert "203.0.113.7" not in site.log.read_text()


def test_other_hosts_are_refused(site: Site) -> None:
    assert site.get(Host="evil.example")[0].status == 400
    assert site.get("/health", Host="10.0.0.1")[0].status == 200


def test_curl_shows_what_the_page_shows(site: Site) -> None:
    commands = [
        (command.replace("8080", str(site.port)), expected)
        for snippet in read_snippets(RECIPE / "README.rst")
        if snippet.text.startswith("$ curl")
        for command, expected in snippet.commands()
    ]
    for command, expected in commands:
        done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, text=True, timeout=MAX_WAIT, check=True)
        assert done.stdout == expected
    assert len(commands) == 3
