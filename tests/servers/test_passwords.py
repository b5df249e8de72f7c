"""A real server with a file of users: passwd changes it, and guesses do not keep others waiting."""

import subprocess
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.projects import PROGRAM
from tests.servers.running import Server, running
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TOML = """
app = "wsgiref.simple_server:demo_app"
layers = [{ use = "basic_auth", htpasswd = "users.htpasswd", max_hashes = 1 }]
"""


def ask(server: Server, user: str, password: str) -> int:
    return server.get("/", Authorization=f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}").status


def set_password(folder: Path, user: str, password: str) -> None:
    command = [str(PROGRAM), "passwd", "users.htpasswd", user]
    subprocess.run(command, input=password.encode(), cwd=folder, check=True, capture_output=True)


def test_follows_passwd_and_serves_users_while_somebody_guesses(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(TOML)
    set_password(tmp_path, "ada", "lovelace")
    with running(tmp_path, PROGRAM, "serve", "stack.toml", "--port", "0") as server:
        assert ask(server, "ada", "lovelace") == 200
        assert ask(server, "ada", "x" * 4096) == 401
        set_password(tmp_path, "bob", "builder")
        wait_until(lambda: ask(server, "bob", "builder") == 200)
        with ThreadPoolExecutor(17) as threads:
            guesses = [threads.submit(ask, server, user, f"guess {n}") for n in range(16) for user in ("ada", "eve")]
            known = threads.submit(lambda: [ask(server, "ada", "lovelace") for _ in range(20)])
        assert known.result() == [200] * 20
        statuses = Counter(guess.result() for guess in guesses)
        assert {*statuses} == {401, 503}
        subprocess.run([PROGRAM, "passwd", "--delete", "users.htpasswd", "bob"], cwd=tmp_path, check=True)
        wait_until(lambda: ask(server, "bob", "builder") == 401)
        assert ask(server, "ada", "lovelace") == 200
        assert "Traceback" not in server.output()
