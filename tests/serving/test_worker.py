"""A worker and the one that started it: what they tell each other, and what becomes of one without the other."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path

import pytest

from tests.linking import linked, told
from tests.servers.running import ROOT, eventually
from tests.serving.served import answers
from wsgistack.serving.server import listen
from wsgistack.serving.worker import Service, Worker

PROGRAM = """
import sys
from wsgistack.serving.worker import Service
assert Service.is_this()
service = Service([sys.argv[1]])
assert not Service.is_this()
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"it works"]
try:
    {}
    service.serve(app, "127.0.0.1", 0, ready=print)
except ZeroDivisionError:
    service.fail(["one.ini"])
service.close()
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as listener:
        yield listener


@pytest.fixture
def start(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Worker]]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    workers: list[Worker] = []

    def start(line: str) -> Worker:
        (tmp_path / "program.py").write_text(PROGRAM.format(line))
        workers.append(Worker([sys.executable, "-W", "error", "program.py", "stack.toml"], listener))
        return workers[0]

    yield start
    workers[0].process.kill()
    workers[0].process.wait()


def hear(worker: Worker, until: Callable[[], bool]) -> None:
    def heard() -> bool | None:
        worker.hear()
        return until() or None

    eventually(heard)


def test_takes_over_what_listens_and_tells_that_it_serves(
    start: Callable[[str], Worker], listener: socket.socket, tmp_path: Path
) -> None:
    worker = start("pass")
    assert not worker.is_ready
    hear(worker, lambda: worker.is_ready)
    host, port = listener.getsockname()
    with closing(HTTPConnection(host, port, timeout=30)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"it works"
    worker.hear()
    assert not worker.has_ended
    worker.stop()
    assert worker.process.wait(30) == 0
    assert tmp_path / "stack.toml" in worker.files
    assert ROOT / "wsgistack" / "serving" / "worker.py" in worker.files
    assert not [file for file in worker.files if {"site-packages", "lib"} & set(file.parts)]


def test_tells_what_it_is_about_when_it_fails(start: Callable[[str], Worker], tmp_path: Path) -> None:
    worker = start("1 / 0")
    hear(worker, lambda: worker.has_ended)
    worker.stop()
    assert not worker.is_ready
    assert {tmp_path / "stack.toml", tmp_path / "one.ini"} <= worker.files


def test_ends_at_once_while_it_does_not_serve_yet(start: Callable[[str], Worker]) -> None:
    worker = start("open('begun', 'w').close(); import time; time.sleep(60)")
    eventually(lambda: Path("begun").exists() or None)
    worker.stop()
    assert worker.process.wait(30) != 0


@pytest.fixture
def link() -> Iterator[socket.socket]:
    with linked() as link:
        yield link


def test_tells_what_it_imports_while_it_serves(
    link: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_late.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    said: list[bool] = []

    def follow() -> None:
        said.extend(told(link, tmp_path / "stack.toml"))
        import_module("imported_late")
        said.extend(told(link, tmp_path / "imported_late.py"))
        link.close()

    follower = threading.Thread(target=follow)
    with closing(Service([tmp_path / "stack.toml"])) as service:
        service.serve(answers("200 OK"), "127.0.0.1", 0, ready=lambda address: follower.start())
    follower.join()
    assert said == [True, True]


@pytest.mark.parametrize("broken", ["__init__.py", "under/__init__.py", "under/leaf.py"])
def test_tells_the_module_that_could_not_be_imported(
    broken: str, link: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"package_{len(broken)}"
    (package / "under").mkdir(parents=True)
    for file in ("__init__.py", "under/__init__.py", "under/leaf.py"):
        (package / file).write_text("import no_such_module" if file == broken else "")
    monkeypatch.syspath_prepend(tmp_path)
    with closing(Service([])) as service:
        with pytest.raises(ModuleNotFoundError):
            import_module(f"{package.name}.under.leaf")
        service.fail([])
    assert told(link, package / broken) == [False]


@pytest.mark.parametrize("is_told_before", [True, False])
def test_ends_when_nobody_listens_any_more(is_told_before: bool, link: socket.socket) -> None:
    with closing(Service([])) as service:
        if is_told_before:
            service.fail([])
        link.close()
        service.serve(answers("200 OK"), "127.0.0.1", 0, ready=print)


def test_says_that_another_port_takes_a_new_start(
    start: Callable[[str], Worker], listener: socket.socket, capfd: pytest.CaptureFixture[str]
) -> None:
    port = listener.getsockname()[1]
    worker = start('service.serve(app, "127.0.0.1", 1, ready=print)')
    hear(worker, lambda: worker.is_ready)
    worker.stop()
    assert capfd.readouterr().err == f"reload: it still listens on port {port}; for 1, start wsgistack anew\n"
