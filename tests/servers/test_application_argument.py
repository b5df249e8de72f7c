"""``wsgistack serve module:application``: without a file, with one from ``init``, and while code changes."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.projects import PROGRAM, PROJECTS, write_project
from tests.servers.running import running
from tests.waiting import wait_until

SERVE = (PROGRAM, "serve", "-p", "0")
REQUEST = r"GET / 200 \d+\.\d ms"


@pytest.mark.parametrize("target", PROJECTS)
def test_serves_an_application_with_layers(target: str, tmp_path: Path) -> None:
    write_project(target, tmp_path)
    with running(
        tmp_path, *SERVE, target, "--layer", "request_id", "--layer", "compress minimum_size=1 when_path=/"
    ) as server:
        answer = server.get("/", Accept_Encoding="gzip")
        assert (answer.status, answer.headers["vary"]) == (200, "Accept-Encoding")
        assert "x-request-id" in answer.headers
        wait_until(lambda: re.search(f"^{REQUEST}$", server.output(), re.MULTILINE))
        assert server.output().splitlines()[1:4] == ["request_id", "└─ compress", f"   └─ {target}"]


@pytest.mark.parametrize("target", PROJECTS)
def test_serves_what_init_has_written(target: str, tmp_path: Path) -> None:
    write_project(target, tmp_path)
    subprocess.run([PROGRAM, "init", target], check=True, cwd=tmp_path, capture_output=True)
    with running(tmp_path, *SERVE, "stack.toml") as server:
        answer = server.get("/")
        assert (answer.status, answer.body) == (200, b"hello")
        request_id = answer.headers["x-request-id"]
        wait_until(lambda: request_id in server.output())
        assert not re.search(REQUEST, server.output())  # the access log is enough


def test_starts_again_when_the_module_changes(tmp_path: Path) -> None:
    write_project("plain:application", tmp_path)
    module = tmp_path / "plain.py"
    right = module.read_text()
    with running(tmp_path, *SERVE, "--reload", "plain:application", "--layer", "gzip") as server:
        assert server.get("/").body == b"hello"
        module.write_text(right.replace("hello", "changed") + "1 / 0\n")
        wait_until(lambda: "still serving the previous version" in server.output())
        assert "plain:application: cannot import module 'plain': ZeroDivisionError: " in server.output()
        module.write_text(right.replace("hello", "changed"))
        wait_until(lambda: server.get("/").body == b"changed")
        wait_until(lambda: re.search(f"^{REQUEST}$", server.output(), re.MULTILINE))


def test_prints_each_request_in_one_line_whatever_the_client_sends(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        'def app(environ, start_response):\n    start_response("404 Not Found", [("Content-Length", "5")])\n'
        '    if environ["PATH_INFO"] == "/fail":\n        raise KeyError("x")\n    return [b"hello"]\n'
    )
    with running(tmp_path, *SERVE, "shop:app") as server:
        server.raw(b"GET /a%0aGET%20/b%20200?q=\x1b[31m HTTP/1.0\r\n\r\n").close()
        server.get("/fail", "POST")
        for line in (
            r"^POST /fail 500 \d+\.\d ms failed$",
            r"^GET /a%0AGET%20/b%20200\?q=\\x1b\[31m 404 \d+\.\d ms$",
        ):
            wait_until(lambda line=line: re.search(line, server.output(), re.MULTILINE))  # type: ignore[misc]
