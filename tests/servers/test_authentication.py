"""Authentication on real servers: what they make of headers that try to be others, and of keys after a fork."""

import json
import socket
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.servers.running import ROOT, running
from tests.servers.test_programs import PROGRAMS, Site, serving
from tests.waiting import MAX_WAIT, wait_until

pytestmark = pytest.mark.slow

APP = """
import json
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    identity = environ.get("wsgistack.identity")
    groups = sorted(identity.groups) if identity else []
    headers = {key: value for key, value in environ.items() if key.startswith("HTTP_X_") or key == "REMOTE_USER"}
    return [json.dumps([identity and identity.user, groups, headers]).encode()]
"""
STACK = f"""
app = "site_app:app"

[[layers]]
use = "auth"
optional = true
public = ["/open"]

[layers.trusted_header]
trusted = ["TRUSTED"]

[layers.certificate]
trusted = ["TRUSTED"]

[layers.api_key.keys]
ci = "{sha256(b"right").hexdigest()}"
"""
BY_TOKEN = """
app = "site_app:app"

[[layers]]
use = "auth"

[layers.bearer.jwt]
jwks_url = "ISSUER/jwks.json"
algorithms = ["RS256"]
audience = ["orders"]
remember = 0
"""
ISSUER = ROOT / "recipes" / "oidc" / "issuer.py"
KEYS = ("REMOTE_USER", "HTTP_X_FORWARDED_USER", "HTTP_X_SSL_CLIENT_S_DN", "HTTP_X_SSL_CLIENT_VERIFY")
FORGED = [
    ["X-Forwarded-User: root", "X-Forwarded-Groups: wheel"],
    ["X_Forwarded_User: root", "X_Forwarded_Groups: wheel"],
    ["X-Forwarded_User: root"],
    ["x-forwarded-user: root"],
    ["X-SSL-Client-Verify: SUCCESS", "X-SSL-Client-S-DN: CN=root"],
    ["X_SSL_Client_Verify: SUCCESS", "X_SSL_Client_S_DN: CN=root"],
    ["SSL_CLIENT_VERIFY: SUCCESS", "SSL_CLIENT_S_DN: CN=root"],
    ["SSL-Client-Verify: SUCCESS", "SSL-Client-S-DN: CN=root"],
    ["REMOTE_USER: root", "Remote-User: root", "AUTH_TYPE: Basic"],
    ["wsgistack.identity: root"],
    ["X-Forwarded-User : root"],
    ["X-Forwarded-User:\troot", " folded"],
    ["Proxy-Authorization: Bearer right", "Proxy: x"],
]


def ask(site: Site, *headers: str, path: str = "/") -> tuple[int, list[Any]]:
    with socket.create_connection(("127.0.0.1", int(site.at)), timeout=MAX_WAIT) as connection:
        lines = [f"GET {path} HTTP/1.1", "Host: example.org", "Connection: close", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 400
    if status != 200:
        return status, []
    return status, json.loads(body[body.index(b"[") : body.rindex(b"]") + 1])


@pytest.fixture(params=["waitress", *PROGRAMS])
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def stranger(server: str, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "site_app.py").write_text(APP)
    (tmp_path / "stack.toml").write_text(STACK.replace("TRUSTED", "192.0.2.1"))
    with serving(tmp_path, server) as site:
        yield site


@pytest.fixture
def proxy(server: str, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "site_app.py").write_text(APP)
    (tmp_path / "stack.toml").write_text(STACK.replace("TRUSTED", "127.0.0.1"))
    with serving(tmp_path, server) as site:
        yield site


def test_nobody_forges_an_identity(stranger: Site) -> None:
    for headers in FORGED:
        for path in ("/", "/open"):
            status, seen = ask(stranger, *headers, path=path)
            assert status in (200, 400), headers
            if status == 200:
                user, groups, left = seen
                assert (user, groups) == (None, []), headers
                assert not {*KEYS} & {*left}, headers
    assert ask(stranger, "X-API-Key: right", *FORGED[0])[1][0] == "ci"


def test_a_header_with_underscores_is_another_one_where_the_documentation_says_so(proxy: Site, server: str) -> None:
    names, forged = "X-Forwarded-User: ada", "X_Forwarded_User: root"
    seen = [ask(proxy, *headers) for headers in ([names], [names, forged], [forged, names])]
    assert seen[0][1][0] == "ada"
    is_safe = all(status == 401 or found[0] == "ada" for status, found in seen)
    assert is_safe == (server not in ("cheroot", "granian"))
    if server in ("gunicorn", "waitress"):
        assert ask(proxy, forged)[1][0] is None


def test_a_header_without_hyphens_has_no_other_spelling(server: str, tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    stack = STACK.replace('trusted = ["TRUSTED"]', 'trusted = ["127.0.0.1"]\nuser = "RemoteUser"', 1)
    (tmp_path / "stack.toml").write_text(stack.replace("TRUSTED", "127.0.0.1"))
    with serving(tmp_path, server) as site:
        for forged in ("Remote_User: root", "Remote-User: root", "_RemoteUser: root", "HTTP_RemoteUser: root"):
            for headers in (["RemoteUser: ada", forged], [forged, "RemoteUser: ada"]):
                status, seen = ask(site, *headers)
                assert (status, seen and seen[0]) in ((200, "ada"), (400, [])), headers


def get(url: str) -> dict[str, str]:
    with urlopen(url, timeout=MAX_WAIT) as answer:  # noqa: S310
        found: dict[str, str] = json.load(answer)
        return found


def learn_user(site: Site, token: str) -> str | None:
    """Whose token the site finds it to be; None if it refuses it."""
    status, seen = ask(site, f"Authorization: Bearer {token}")
    return str(seen[0]) if status == 200 else None


@pytest.mark.parametrize(
    "command",
    ["gunicorn --preload", "gunicorn --preload --worker-class gevent", "uwsgi"],
)
def test_every_worker_fetches_the_keys(command: str, tmp_path: Path) -> None:
    name, *passed = command.split()
    if "gevent" in passed:
        pytest.importorskip("gevent", reason="gevent is not installed")
    (tmp_path / "site_app.py").write_text(APP)
    with running(tmp_path, sys.executable, ISSUER, "0") as issuer:
        at = f"http://127.0.0.1:{issuer.port}"
        (tmp_path / "stack.toml").write_text(BY_TOKEN.replace("ISSUER", at))
        workers = ["--workers", "2"] if name in ("gunicorn", "uwsgi", "granian") else []
        with serving(tmp_path, name, *workers, *(["--", *passed] if passed else [])) as site:
            tokens = [get(f"{at}/token?user=user{number}")["access_token"] for number in range(20)]
            # a worker refuses tokens for a while if it stops for longer than the issuer may take to answer
            found = [wait_until(lambda token=token: learn_user(site, token)) for token in tokens]  # type: ignore[misc]
            assert found == [f"user{number}" for number in range(20)]
            get(f"{at}/rotate")
            token = get(f"{at}/token?user=new")["access_token"]
            wait_until(lambda: all(learn_user(site, token) == "new" for _ in range(10)))
