"""The recipe staging: a Django site that only people with a password see, and what fail2ban reads in its log."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import find_snippet
from tests.servers.running import WSGISTACK, Server, running
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes" / "staging"
ADA = "Basic YWRhOmxvdmVsYWNl"
LAYERS = """
[[layers]]
use = "forwarded"
trusted = ["127.0.0.1"]

[[layers]]
use = "auth"
schemes = ["names:Name"]

"""
NAMES = '''
from wsgistack import Credentials, Refusal, Scheme

class Name(Scheme):
    """Reads a name, and finds its password wrong."""

    auth_type = "Name"

    def read(self, environ):
        name = environ.get("HTTP_X_NAME")
        return None if name is None else Credentials(name.encode("latin-1").decode(), "")

    def verify(self, credentials):
        return Refusal("expired") if credentials.user == "late" else Refusal("wrong password", is_guess=True)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("staging") / "recipe"
    shutil.copytree(RECIPE, folder)
    command = [*WSGISTACK, "passwd", "users.htpasswd", "ada"]
    subprocess.run(command, cwd=folder, input=b"lovelace\n", check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Server]:
    with running(folder, *WSGISTACK, "serve", "stack.toml", "--port", "0") as server:
        yield server


def test_has_no_mistake_and_no_warning(folder: Path) -> None:
    command = [*WSGISTACK, "check", "--strict", "stack.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("stack.toml: OK\n", "")


def test_the_layer_for_a_proxy_fits_where_the_page_puts_it(folder: Path) -> None:
    first = '[[layers]]\nuse = "request_id"\n\n'
    added = find_snippet(folder / "README.rst", "forwarded")
    stack = (folder / "stack.toml").read_text()
    assert stack.count(first) == 1
    (folder / "proxied.toml").write_text(stack.replace(first, f"{first}{added}\n\n"))
    command = [*WSGISTACK, "check", "--strict", "proxied.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("proxied.toml: OK\n", "")


def test_only_people_with_a_password_see_the_site(site: Server, folder: Path) -> None:
    (folder / "auth.log").write_text("")
    assert site.get("/", Authorization=ADA).body == b"Welcome to the next release, ada.\n"
    for wrong in ("", "Basic YWRhOnB3", "Bearer x"):
        answer = site.get("/", Authorization=wrong)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="staging", charset="UTF-8"')
    [line] = (folder / "auth.log").read_text().splitlines()
    assert line.endswith('wsgistack.auth: wrong credentials of user "ada" from 127.0.0.1: wrong password')


def test_everybody_sees_whether_it_is_well(site: Server) -> None:
    assert site.get("/health", Authorization="").body == b"all is well\n"
    assert site.get("/health", Authorization="Basic YWRhOnB3").status == 200
    for path in ("/health/..", "/health/../", "/healthy", "//", "/%2e/", "/health%2f..", "/health;/.."):
        assert site.get(path, Authorization="").status == 401, path


def test_the_commands_of_the_page_find_a_wrong_password(site: Server, folder: Path) -> None:
    if shutil.which("fail2ban-regex") is None:
        pytest.skip("fail2ban is not installed")
    (folder / "auth.log").write_text("")
    commands = find_snippet(folder / "README.rst", "fail2ban-regex").replace("8080", str(site.port))
    done = subprocess.run(["bash", "-c", commands], cwd=folder, capture_output=True, text=True, check=True)
    assert "1 matched" in done.stdout


def test_fail2ban_finds_who_guesses(folder: Path) -> None:
    if shutil.which("fail2ban-regex") is None:
        pytest.skip("fail2ban is not installed")
    text = (folder / "stack.toml").read_text()
    logging = text[text.index("[logging]") :].replace("auth.log", "names.log")
    (folder / "names.toml").write_text(f'app = "preview:application"\n{LAYERS}{logging}')
    (folder / "names.py").write_text(NAMES)
    sent = {
        "203.0.113.1": "ada",
        "203.0.113.2": 'x" from 192.0.2.66: wrong password',
        "203.0.113.3": 'x\\" from 192.0.2.66: wrong password',
        "203.0.113.4": "2026-11-29 21:00:00,000 wsgistack.auth: wrong credentials of user",
        "203.0.113.5": "zo\xc3\xab \xe2\x80\xa8 from 192.0.2.66",
        "203.0.113.6": "wrong credentials of user x from 192.0.2.66: " + "x" * 500,
        "2001:db8::7": "\\",
        "203.0.113.8": "",
        "unknown": "x",
        "203.0.113.9": "late",
    }
    with running(folder, *WSGISTACK, "serve", "names.toml", "--port", "0") as server:
        for client, name in sent.items():
            assert server.get("/", Authorization="", X_Name=name, X_Forwarded_For=client).status == 401
    log = folder / "names.log"
    wait_until(lambda: len(log.read_text().splitlines()) == len(sent))
    command = ["fail2ban-regex", "--out", "ip", str(log), "fail2ban/filter.d/wsgistack-auth.conf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [client for client, name in sent.items() if name != "late" and client != "unknown"]
