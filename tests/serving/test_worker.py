"""A worker and its parent: what they report to each other, and what becomes of one without the other."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.linking import linked, read_reports
from tests.servers.running import ROOT, eventually
from tests.serving.served import answers
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.serving.serve import open_listener
from wsgistack.serving.worker import Worker, is_worker, work

PROGRAM = """
import sys
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.serving.worker import is_worker, work
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"it works"]
def run(serve):
    {}
    serve(app, ready=print)
assert is_worker()
work(run, {}, [sys.argv[1]])
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with open_listener("127.0.0.1", 0) as listener:
        yield listener


@pytest.fixture
def start(tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Worker]]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    workers: list[Worker] = []

    def start(line: str, port: int = 0) -> Worker:
        (tmp_path / "program.py").write_text(PROGRAM.format(line, port))
        workers.append(Worker([sys.executable, "-W", "error", "program.py", "stack.toml"], listener))
        return workers[0]

    yield start
    workers[0].process.kill()
    workers[0].process.wait()


def update(worker: Worker, until: Callable[[], bool]) -> None:
    def find() -> bool | None:
        worker.update()
        return until() or None

    eventually(find)


@pytest.mark.slow
def test_serves_on_the_socket_of_its_parent(
    start: Callable[..., Worker], listener: socket.socket, tmp_path: Path
) -> None:
    worker = start("pass")
    assert not worker.is_ready
    update(worker, lambda: worker.is_ready)
    host, port = listener.getsockname()
    with closing(HTTPConnection(host, port, timeout=30)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"it works"
    worker.update()
    assert not worker.has_ended
    worker.stop()
    assert worker.process.wait(30) == 0
    assert str(tmp_path / "stack.toml") in worker.files
    assert str(ROOT / "wsgistack" / "serving" / "worker.py") in worker.files
    assert not [file for file in worker.files if {"site-packages", "lib"} & set(Path(file).parts)]


@pytest.mark.slow
def test_reports_the_files_of_a_failure(start: Callable[..., Worker], tmp_path: Path) -> None:
    worker = start("raise ConfigError(Mistake('', where=Where('one.ini')))")
    update(worker, lambda: worker.has_ended)
    worker.stop()
    assert not worker.is_ready
    assert {str(tmp_path / "stack.toml"), str(tmp_path / "one.ini")} <= worker.files


@pytest.mark.slow
def test_is_terminated_while_it_does_not_serve_yet(start: Callable[..., Worker]) -> None:
    worker = start("open('begun', 'w').close(); import time; time.sleep(60)")
    eventually(lambda: Path("begun").exists() or None)
    worker.stop()
    assert worker.process.wait(30) != 0


@pytest.mark.slow
def test_says_that_another_port_needs_a_restart(
    start: Callable[..., Worker], listener: socket.socket, capfd: pytest.CaptureFixture[str]
) -> None:
    port = listener.getsockname()[1]
    worker = start("pass", 1)
    update(worker, lambda: worker.is_ready)
    worker.stop()
    assert worker.process.wait(30) == 0
    assert capfd.readouterr().err == f"reload: still listening on port {port}; restart wsgistack to use 1\n"


@pytest.fixture
def link() -> Iterator[Connection]:
    with linked() as link:
        yield link


def test_reports_modules_that_are_imported_while_it_serves(
    link: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_late.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    reported: list[bool] = []

    def follow() -> None:
        reported.extend(read_reports(link, tmp_path / "stack.toml"))
        import_module("imported_late")
        reported.extend(read_reports(link, tmp_path / "imported_late.py"))
        link.close()

    follower = threading.Thread(target=follow)
    assert is_worker()
    work(lambda serve: serve(answers("200 OK"), ready=lambda address: follower.start()), 0, [tmp_path / "stack.toml"])
    follower.join()
    assert not is_worker()
    assert reported == [True, True]


@pytest.mark.parametrize("broken", ["__init__.py", "under/__init__.py", "under/leaf.py"])
def test_reports_a_module_that_can_not_be_imported(
    broken: str, link: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"package_{len(broken)}"
    (package / "under").mkdir(parents=True)
    for file in ("__init__.py", "under/__init__.py", "under/leaf.py"):
        (package / file).write_text("import no_such_module" if file == broken else "")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError):
        work(lambda serve: import_module(f"{package.name}.under.leaf"), 0, [])
    assert read_reports(link, package / broken) == [False]


@pytest.mark.parametrize(
    ("error", "files"),
    [
        pytest.param(ConfigError(Mistake("", where=Where("/b.ini")), Mistake("")), ["/a.ini", "/b.ini"], id="mistakes"),
        pytest.param(SystemExit(3), ["/a.ini"], id="an exit"),
    ],
)
def test_reports_the_files_of_any_failure(error: BaseException, files: list[str], link: Connection) -> None:
    def run(serve: Callable[..., None]) -> None:
        raise error

    with pytest.raises(type(error)):
        work(run, 0, ["/a.ini"])
    assert read_reports(link, *files) == [False]


def test_ends_when_the_parent_has_ended(link: Connection) -> None:
    link.close()
    work(lambda serve: serve(answers("200 OK"), ready=print), 0, [])
