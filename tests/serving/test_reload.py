"""Serving with reload: which version serves while files change, and what the two processes report."""

import os
import signal
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
from tests.servers.running import ROOT
from tests.serving.reloading import HELLO, PROGRAM, Site
from tests.serving.served import answers
from tests.waiting import MAX_WAIT, wait_until
from wsgistack.config.document import read_source
from wsgistack.errors import ConfigError
from wsgistack.serving import reload
from wsgistack.serving.listener import open_listener
from wsgistack.serving.reload import is_worker, supervise, work


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with open_listener("127.0.0.1", 0) as listener:
        yield listener


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site(tmp_path)
    site.write(PROGRAM, "program.py")
    site.write("hello:app", "conf/stack")
    site.write(HELLO)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{tmp_path / 'elsewhere'}")
    return site


def test_serves_the_changed_code_and_ends_the_requests_in_flight(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    def client() -> None:
        site.becomes("one")
        with closing(HTTPConnection("127.0.0.1", site.port, timeout=MAX_WAIT)) as connection:
            connection.request("GET", "/hold")
            response = connection.getresponse()
            assert response.read(5) == b"begun"
            site.write(HELLO.replace("one", "two"))
            site.becomes("two")
            (site.folder / "gate").touch()
            assert response.read() == b" by one"

    assert site.reload(client) == ["reload: hello.py has changed; starting again"]
    out, err = capfd.readouterr()
    assert out.splitlines() == [f"http://127.0.0.1:{site.port}/"] * 2
    assert {*err.splitlines()} <= {"Task queue depth is 1"}  # Waitress, when its threads are still starting


def test_serves_the_previous_version_while_the_code_is_broken(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    def client() -> None:
        site.becomes("one")
        site.write("1 / 0")
        site.says("startup failed")
        assert site.get() == "one"
        site.write("hello:ap", "conf/stack")
        wait_until(lambda: site.said.getvalue().count("startup failed") == 2)
        site.write(HELLO.replace("one", "two"))
        wait_until(lambda: site.said.getvalue().count("startup failed") == 3)
        assert site.get() == "one"
        site.write("hello:app", "conf/stack")
        site.becomes("two")

    assert site.reload(client)[:2] == [
        "reload: hello.py has changed; starting again",
        "reload: startup failed; still serving the previous version",
    ]
    err = capfd.readouterr().err
    assert "ConfigError: cannot import module 'hello': ZeroDivisionError: division by zero (hello.py, line 1)\n" in err
    assert "did you mean 'app'?" in err


@pytest.mark.slow
def test_lets_requests_wait_while_nothing_can_serve(site: Site) -> None:
    site.write("package:app", "conf/stack")
    (site.folder / "elsewhere" / "package").mkdir()
    site.write("1 / 0", "elsewhere/package/__init__.py")

    def client() -> None:
        site.says("startup failed; requests wait")
        with socket.create_connection(("127.0.0.1", site.port), timeout=MAX_WAIT) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            site.write(HELLO, "elsewhere/package/__init__.py")
            assert b"".join(iter(lambda: connection.recv(65536), b"")).endswith(b"one")
        with pytest.raises(ConnectionError):
            site.get("/die")
        site.says("ended with status 3")
        site.write(HELLO.replace("one", "two"), "elsewhere/package/__init__.py")
        assert site.get() == "two"

    assert site.reload(client) == [
        "reload: startup failed; requests wait",
        "reload: elsewhere/package/__init__.py has changed; starting again",
        "reload: the server has ended with status 3; requests wait",
        "reload: elsewhere/package/__init__.py has changed; starting again",
    ]


def test_gives_up_a_start_when_a_file_changes_again(site: Site) -> None:
    def client() -> None:
        site.becomes("one")
        site.write("open('begun', 'w').close()\nimport time\ntime.sleep(600)")
        wait_until(lambda: (site.folder / "begun").exists())
        site.write(HELLO.replace("one", "two"))
        site.becomes("two")

    assert site.reload(client) == ["reload: hello.py has changed; starting again"] * 2


@pytest.mark.slow
def test_watches_modules_that_a_request_imports(site: Site) -> None:
    (site.folder / "elsewhere" / "late").mkdir()
    site.write("TEXT = 'late'", "elsewhere/late/module.py")

    def client() -> None:
        site.becomes("late", "/late")
        site.write("TEXT = 'later'", "elsewhere/late/module.py")
        site.becomes("later", "/late")

    assert site.reload(client) == ["reload: elsewhere/late/module.py has changed; starting again"]


@pytest.mark.slow
def test_watches_for_a_missing_file_of_the_configuration(site: Site) -> None:
    site.write("hello:app elsewhere/part", "conf/stack")

    def client() -> None:
        site.says("startup failed")
        site.write("here", "elsewhere/part")
        site.becomes("one")

    assert site.reload(client)[1:] == ["reload: elsewhere/part has changed; starting again"]


@pytest.mark.slow
def test_notices_a_change_before_the_file_is_watched(site: Site) -> None:
    site.write("changing:app", "conf/stack")
    changed = HELLO.replace("one", "two")
    site.write(f"from pathlib import Path\nPath(__file__).write_text({changed!r})\n{HELLO}", "elsewhere/changing.py")
    assert site.reload(lambda: site.becomes("two")) == ["reload: elsewhere/changing.py has changed; starting again"]


@pytest.mark.slow
def test_ignores_files_that_the_application_does_not_use(site: Site) -> None:
    def client() -> None:
        site.becomes("one")
        for file in ("notes.txt", ".#hello.py", "hello.py~", "hello.pyc"):
            (site.folder / file).write_text("1 / 0")
        (site.folder / "folder").mkdir()
        site.write(HELLO.replace("one", "two"))
        site.becomes("two")
        for count, file in enumerate(("new.py", "new.toml", "new.ini"), 1):
            site.has_ended(count)
            site.write("", file)
            site.says(f"{file} has changed")

    names = ["hello.py", "new.py", "new.toml", "new.ini"]
    assert site.reload(client) == [f"reload: {name} has changed; starting again" for name in names]


@pytest.mark.slow
def test_follows_a_folder_that_disappears_and_comes_back(site: Site) -> None:
    def client() -> None:
        site.becomes("one")
        (site.folder / "conf").rename(site.folder / "aside")
        site.says("startup failed")
        (site.folder / "hello.py").write_text(HELLO.replace("one", "two"))
        (site.folder / "aside").rename(site.folder / "conf")
        site.becomes("two")

    assert site.reload(client)[0] == "reload: conf/stack has changed; starting again"


@pytest.mark.slow
def test_kills_a_worker_that_does_not_end_at_the_second_signal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "URGENT_TIMEOUT", 0.2)
    hanging = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen('begun', 'w').close()"
    site.write(f"{hanging}\nwhile True: time.sleep(600)")

    def client() -> None:
        wait_until(lambda: (site.folder / "begun").exists())
        os.kill(os.getpid(), signal.SIGTERM)

    assert site.reload(client) == []


@pytest.mark.slow
@pytest.mark.parametrize("sibling", ["broken link", "folder"])
def test_ignores_broken_links_and_folders_that_are_named_like_code(sibling: str, site: Site) -> None:
    path = site.folder / "conf" / "odd.py"
    path.mkdir() if sibling == "folder" else path.symlink_to("nowhere")
    assert site.reload(lambda: site.becomes("one")) == []


def test_names_the_extra_that_it_needs(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    with pytest.raises(ConfigError, match=r"^--reload: needs .*waitress.*; pip install 'wsgistack\[serve\]'$"):
        supervise(listener, command=[])


def test_refuses_windows(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match=r"^--reload: not supported on Windows, where processes can't share"):
        supervise(listener, command=[])


@pytest.fixture
def link() -> Iterator[Connection]:
    with linked() as link:
        yield link


def test_worker_reports_modules_that_are_imported_while_it_serves(
    link: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_late.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def follow() -> None:
        with closing(link):
            read_reports(link, "")
            import_module("imported_late")
            read_reports(link, tmp_path / "imported_late.py")

    follower = threading.Thread(target=follow)
    assert is_worker()
    work(lambda serve: serve(answers("200 OK"), ready=lambda address: follower.start()))
    follower.join()
    assert not is_worker()


@pytest.mark.parametrize("mistake", ["import no_such_module", "def syntax error"])
@pytest.mark.parametrize("broken", ["__init__.py", "under/__init__.py", "under/leaf.py"])
def test_worker_reports_a_module_that_can_not_be_imported(
    broken: str, mistake: str, link: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"package_{len(broken)}_{len(mistake)}"
    (package / "under").mkdir(parents=True)
    for file in ("__init__.py", "under/__init__.py", "under/leaf.py"):
        (package / file).write_text(mistake if file == broken else "")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises((ModuleNotFoundError, SyntaxError)):
        work(lambda serve: import_module(f"{package.name}.under.leaf"))
    assert "" not in read_reports(link, package / broken)


@pytest.mark.parametrize("name", ["missing.ini", "no\0name"])
def test_worker_reports_a_file_of_the_configuration_that_can_not_be_read(name: str, link: Connection) -> None:
    def run(serve: Callable[..., None]) -> None:
        with pytest.raises(ConfigError):
            read_source(Path(name))
        compile("", "<text>", "exec")
        sys.exit(3)

    with pytest.raises(SystemExit):
        work(run)
    assert "" not in read_reports(link, os.path.abspath(name))  # noqa: PTH100 (as the worker does)


def test_worker_ends_when_the_parent_has_ended(link: Connection) -> None:
    link.close()
    work(lambda serve: serve(answers("200 OK"), ready=print))
