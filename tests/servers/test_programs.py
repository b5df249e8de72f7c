"""``wsgistack serve --server`` with each server that is a program of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.files import read_mistakes
from tests.servers.running import PATIENT, ROOT, WSGISTACK, find_port
from tests.waiting import MAX_WAIT, wait_until

PROGRAMS = ["gunicorn", "uwsgi", "granian", "cheroot"]
SERVERS = ["waitress", "wsgiref", *PROGRAMS]
PREFORKING = ["gunicorn", "uwsgi", "granian"]
SHOP = f"""
import logging, os, time
from wsgistack.serving import serve
serve.GRACE = {MAX_WAIT}
log = logging.getLogger("shop")
log.warning("imported")
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open("begun", "w").close()
        time.sleep(1)
    log.warning("asked %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]
"""
STACK = """
app = "shop:app"
layers = ["request_id"]

[logging]
root = {level = "WARNING", handlers = ["file"]}
handlers.file = {class = "logging.FileHandler", filename = "log", formatter = "plain"}
formatters.plain.format = "%(process)d %(message)s"
"""


class Site(NamedTuple):
    """A running server, at a port or at the path of a Unix socket."""

    process: subprocess.Popen[bytes]
    folder: Path
    at: int | str

    def get(self, path: str) -> tuple[int, bytes, str | None]:
        with closing(HTTPConnection("localhost", timeout=MAX_WAIT)) as connection:
            if isinstance(self.at, str):
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(self.at)
            else:
                connection.sock = socket.create_connection(("127.0.0.1", self.at), timeout=MAX_WAIT)
            connection.request("GET", path)
            with connection.getresponse() as response:
                return response.status, response.read(), response.headers["X-Request-ID"]

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(MAX_WAIT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "stack.toml").write_text(STACK)
    return tmp_path


@contextmanager
def serving(
    folder: Path, server: str, *arguments: str, target: str = "stack.toml", at: int | str = 0
) -> Iterator[Site]:
    """A site that answers. Its address is an argument, unless ``at`` says which one it is already."""
    for name in {server} & {"gunicorn", "granian", "cheroot", "waitress"}:
        pytest.importorskip(name, reason=f"{name} is not installed")
    if server == "uwsgi" and not (Path(sys.executable).parent / "uwsgi").exists():
        pytest.skip("uwsgi is not installed")
    port = at or find_port()
    address = () if at else ("-b", f"127.0.0.1:{port}")
    command = [*WSGISTACK, "serve", "--server", server, *address, target, *arguments]
    environ = {**os.environ, **PATIENT, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environ, stdout=output, stderr=output) as process,
    ):
        site = Site(process, folder, port)

        def find() -> bool:
            assert process.poll() is None, site.output()
            with suppress(OSError):
                return site.get("/") is not None
            return False

        try:
            wait_until(find)
            yield site
        finally:
            process.terminate()
            try:
                process.wait(MAX_WAIT)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.mark.parametrize("server", SERVERS)
def test_serves_and_ends_with_the_requests_in_flight(server: str, folder: Path) -> None:
    with serving(folder, server) as site:
        status, body, request_id = site.get("/")
        assert status == 200
        assert request_id
        answers: list[tuple[int, bytes, str | None]] = []
        client = threading.Thread(target=lambda: answers.append(site.get("/slow")))
        client.start()
        wait_until(lambda: (folder / "begun").exists())
        assert site.stop() == 0
        client.join()
        assert [(status, each) for status, each, _ in answers] == [(200, body)]
        lines = (folder / "log").read_text().splitlines()
        pid = body.decode()
        assert lines.count(f"{pid} imported") == 1
        assert lines.count(f"{pid} asked /slow") == 1
        assert "Traceback" not in site.output()
        assert "└─ shop:app" in site.output()


@pytest.mark.parametrize("server", ["waitress", *PROGRAMS])
def test_listens_on_a_unix_socket(server: str, folder: Path) -> None:
    path = folder / "x.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with serving(folder, server, "--bind", "unix:x.sock", "--threads", "2", at=str(path)) as site:
        status, _, request_id = site.get("/")
        assert status == 200
        assert request_id
        assert f" on unix:{path} (stop with Ctrl-C)\n" in site.output()
        assert site.stop() == 0


def find_pids(site: Site) -> set[bytes] | None:
    pids: set[bytes] = set()
    lock = threading.Lock()

    def ask() -> None:
        pid = site.get("/slow")[1]
        with lock:
            pids.add(pid)

    clients = [threading.Thread(target=ask) for _ in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return pids if len(pids) == 2 else None


@pytest.mark.parametrize("server", [*PREFORKING, "gunicorn --preload"])
def test_two_workers_serve_the_same_stack_and_log_each_line_once(server: str, folder: Path) -> None:
    name, *passed = server.split()
    with serving(folder, name, "--workers", "2", "--", *passed) as site:
        pids = wait_until(lambda: find_pids(site))
        assert site.stop() == 0
        lines = (folder / "log").read_text().splitlines()
        imported = [each for each in lines if each.endswith(" imported")]
        assert len(imported) == len({*imported}) == (1 if passed else 2)
        workers = {each.split()[0].encode() for each in lines if each.endswith(" asked /slow")}
        assert workers == pids
        assert len([each for each in lines if each.endswith(" asked /slow")]) % 6 == 0


@pytest.mark.parametrize(
    ("server", "arguments", "expected"),
    [
        ("gunicorn", ["--name", "my shop", "--log-level", "debug"], "proc_name: my shop"),
        ("uwsgi", ["--procname-master=my shop", "--log-prefix=mine"], "mine"),
        ("granian", ["--log-level", "error"], ""),
        ("granian", ["--access-log"], '"GET / HTTP/1.1" 200'),
        ("cheroot", ["--server-name", "mine"], ""),
    ],
)
def test_passes_on_what_follows(server: str, arguments: list[str], expected: str, folder: Path) -> None:
    with serving(folder, server, "--", *arguments) as site:
        if "error" in arguments:
            assert "[INFO]" not in site.output()
        wait_until(lambda: expected in site.output())


@pytest.mark.parametrize(
    ("server", "option"),
    [("gunicorn", "--bind"), ("uwsgi", "--http-socket"), ("granian", "--port"), ("cheroot", "--bind")],
)
def test_the_address_may_follow_as_well(server: str, option: str, folder: Path) -> None:
    port = find_port()
    value = str(port) if option == "--port" else f"127.0.0.1:{port}"
    with serving(folder, server, "--", option, value, at=port) as site:
        assert site.output().startswith(f"Starting {server} (stop with Ctrl-C)\n")


@pytest.mark.parametrize("server", PROGRAMS)
def test_serves_an_application_with_layers_without_a_file(server: str, folder: Path) -> None:
    with serving(folder, server, "--layer", "request_id", "--layer", "gzip level=1", target="shop:app") as site:
        assert site.get("/")[2]
        wait_until(lambda: "WARNING shop: asked /" in site.output())
        assert site.output().count("WARNING shop: imported") == 1


@pytest.mark.parametrize("server", PROGRAMS)
def test_ends_if_only_the_workers_find_a_mistake(server: str, folder: Path) -> None:
    (folder / "shop.py").write_text(f"import os\nassert 'WSGISTACK_APPLICATION' not in os.environ, 'no'\n{SHOP}")
    command = [*WSGISTACK, "serve", "--server", server, "--port", str(find_port()), "stack.toml"]
    served = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MAX_WAIT)
    assert served.returncode not in (0, 2)
    output = served.stdout + served.stderr
    assert output.count("stack.toml:2: app: cannot import module 'shop': AssertionError: no (shop.py, line 2)") == 1
    assert "Traceback" not in output


@pytest.mark.parametrize("server", PROGRAMS)
def test_reports_all_mistakes_before_the_server_starts(server: str, folder: Path) -> None:
    (folder / "stack.toml").write_text(STACK.replace("request_id", "reqest_id").replace("FileHandler", "FielHandler"))
    (folder / "shop.py").write_text("1 / 0")
    command = [*WSGISTACK, "serve", "--server", server, "stack.toml"]
    served = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MAX_WAIT)
    assert (served.returncode, served.stdout) == (1, "")
    assert [re.sub(r"(.*?:\d+:).*", r"\1", each) for each in read_mistakes(served.stderr)] == [
        "stack.toml:2:",
        "stack.toml:3:",
        "stack.toml:7:",
    ]


@pytest.mark.parametrize("server", PROGRAMS)
def test_reports_that_an_address_is_in_use(server: str, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [*WSGISTACK, "serve", "--server", server, "-b", address, "stack.toml"]
        served = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MAX_WAIT)
    host, _, port = address.partition(":")
    assert (served.returncode, served.stdout) == (1, "")
    assert read_mistakes(served.stderr) == [
        (
            f"can't listen on {host} port {port}: Address already in use; "
            "choose another port, or stop the program that has it"
        )
    ]


def test_reloads_workers_on_sighup(folder: Path) -> None:
    with serving(folder, "gunicorn") as site:
        before = site.get("/")[1]
        (folder / "stack.toml").write_text(STACK.replace('"request_id"', ""))
        site.process.send_signal(signal.SIGHUP)

        def find() -> bool:
            with suppress(OSError):
                _, pid, request_id = site.get("/")
                return pid != before and request_id is None
            return False

        wait_until(find)


def test_warns_about_debug_on_a_public_address(folder: Path) -> None:
    (folder / "stack.toml").write_text(STACK.replace('"request_id"', '{use = "catch_errors", debug = true}'))
    port = find_port()
    with serving(folder, "gunicorn", "-b", f"0.0.0.0:{port}", at=port) as site:
        assert "warning: stack.toml:3: " in site.output()
        assert "'0.0.0.0' is a public address" in site.output()
