"""Reloading: what is served while files change, break, come and go, and what is said of it."""

import os
import resource
import signal
import socket
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.linking import linked, told
from tests.servers.running import ROOT, eventually
from tests.serving.reloading import HELLO, PROGRAM, Site, never
from tests.serving.served import answers
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.serving.reload import Serve, reloading


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


def test_serves_what_the_code_has_become_and_ends_what_was_begun(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    def client() -> None:
        site.becomes("one")
        with closing(HTTPConnection("127.0.0.1", site.port, timeout=60)) as connection:
            connection.request("GET", "/hold")
            response = connection.getresponse()
            assert response.read(5) == b"begun"
            site.write(HELLO.replace("one", "two"))
            site.becomes("two")
            (site.folder / "gate").touch()
            assert response.read() == b" by one"

    assert site.reload(client) == ["reload: starting again after a change of hello.py"]
    out, err = capfd.readouterr()
    assert out.splitlines() == [f"http://127.0.0.1:{site.port}/"] * 2
    assert err == ""


def test_goes_on_with_what_served_before_while_the_code_is_broken(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    def client() -> None:
        site.becomes("one")
        site.write("1 / 0")
        site.says("does not start")
        assert site.get() == "one"
        site.write("hello:ap", "conf/stack")
        eventually(lambda: site.said.getvalue().count("does not start") == 2 or None)
        site.write(HELLO.replace("one", "two"))
        eventually(lambda: site.said.getvalue().count("does not start") == 3 or None)
        assert site.get() == "one"
        site.write("hello:app", "conf/stack")
        site.becomes("two")

    assert site.reload(client)[:2] == [
        "reload: starting again after a change of hello.py",
        "reload: it does not start; what served before goes on",
    ]
    err = capfd.readouterr().err
    assert "ConfigError: cannot import module 'hello': ZeroDivisionError: division by zero (hello.py, line 1)\n" in err
    assert "did you mean 'app'?" in err


def test_answers_503_while_there_is_nothing_that_could_serve(site: Site) -> None:
    site.write("package:app", "conf/stack")
    (site.folder / "elsewhere" / "package").mkdir()
    site.write("1 / 0", "elsewhere/package/__init__.py")

    def client() -> None:
        site.becomes("503")
        site.write(HELLO, "elsewhere/package/__init__.py")
        site.becomes("one")
        with pytest.raises(ConnectionError):
            site.get("/die")
        site.becomes("503")
        site.write(HELLO, "elsewhere/package/__init__.py")
        site.becomes("one")

    waiting = f"answering 503 on http://127.0.0.1:{site.port}/ until the next change"
    assert site.reload(client) == [
        f"reload: it does not start; {waiting}",
        "reload: starting again after a change of elsewhere/package/__init__.py",
        f"reload: what served has ended with status 3; {waiting}",
        "reload: starting again after a change of elsewhere/package/__init__.py",
    ]


def test_waits_no_longer_for_what_has_changed_once_more(site: Site) -> None:
    def client() -> None:
        site.becomes("one")
        site.write("open('begun', 'w').close()\nimport time\ntime.sleep(600)")
        eventually(lambda: (site.folder / "begun").exists() or None)
        site.write(HELLO.replace("one", "two"))
        site.becomes("two")

    assert site.reload(client) == ["reload: starting again after a change of hello.py"] * 2


def test_watches_what_is_imported_by_a_request(site: Site) -> None:
    (site.folder / "elsewhere" / "late").mkdir()
    site.write("TEXT = 'late'", "elsewhere/late/module.py")

    def client() -> None:
        site.becomes("late", "/late")
        site.write("TEXT = 'later'", "elsewhere/late/module.py")
        site.becomes("later", "/late")

    assert site.reload(client) == ["reload: starting again after a change of elsewhere/late/module.py"]


def test_watches_for_what_a_mistake_names(site: Site) -> None:
    site.write("hello:app elsewhere/part", "conf/stack")

    def client() -> None:
        site.becomes("503")
        site.write("here", "elsewhere/part")
        site.becomes("one")

    assert site.reload(client)[1:] == ["reload: starting again after a change of elsewhere/part"]


def test_misses_no_change_of_what_it_does_not_watch_yet(site: Site) -> None:
    site.write("changing:app", "conf/stack")
    changed = HELLO.replace("one", "two")
    site.write(f"from pathlib import Path\nPath(__file__).write_text({changed!r})\n{HELLO}", "elsewhere/changing.py")
    assert site.reload(lambda: site.becomes("two")) == [
        "reload: starting again after a change of elsewhere/changing.py"
    ]


def test_watches_no_files_that_it_is_not_made_of(site: Site) -> None:
    def client() -> None:
        site.becomes("one")
        for file in ("notes.txt", ".#hello.py", "hello.py~", "hello.pyc"):
            (site.folder / file).write_text("1 / 0")
        (site.folder / "folder").mkdir()
        site.write(HELLO.replace("one", "two"))
        site.becomes("two")
        for count, file in enumerate(("new.py", "new.toml", "new.ini"), 2):
            site.has_started(count)
            site.write("", file)
            site.says(f"a change of {file}")

    names = ["hello.py", "new.py", "new.toml", "new.ini"]
    assert site.reload(client) == [f"reload: starting again after a change of {name}" for name in names]


def test_sees_a_folder_that_goes_and_comes_back(site: Site) -> None:
    def client() -> None:
        site.becomes("one")
        (site.folder / "conf").rename(site.folder / "aside")
        site.says("it does not start")
        site.write(HELLO.replace("one", "two"))
        eventually(lambda: site.said.getvalue().count("does not start") == 2 or None)
        (site.folder / "aside").rename(site.folder / "conf")
        site.becomes("two")

    assert site.reload(client)[0] == "reload: starting again after a change of conf"


def test_kills_what_does_not_end_when_it_is_asked_again(site: Site) -> None:
    hanging = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen('begun', 'w').close()"
    site.write(f"{hanging}\nwhile True: time.sleep(600)")

    def client() -> None:
        eventually(lambda: (site.folder / "begun").exists() or None)
        os.kill(os.getpid(), signal.SIGTERM)

    assert site.reload(client) == []


def test_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(ConfigError) as caught:
        reloading(never, "127.0.0.1", 0, files=["stack.toml"], command=[])
    problem = "needs the library watchfiles, which can't be imported"
    assert caught.value.mistakes == (Mistake(problem, key="--reload", hint="pip install 'wsgistack[reload]'"),)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match=r"^--reload: can't hand a socket on to another process on Windows$"):
        reloading(never, "127.0.0.1", 0, files=["stack.toml"], command=[])


def test_says_that_the_system_does_not_help_to_watch() -> None:
    import watchfiles  # while files can be opened

    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as next_one:
        free = next_one.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, most))
    try:
        with pytest.raises(ConfigError, match=r"^--reload: can't watch for changes: .*Too many open files.*POLLING=1"):
            reloading(never, "127.0.0.1", 0, files=["stack.toml"], command=[])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
    assert watchfiles.__all__


def test_runs_and_serves_in_the_other_process() -> None:
    with linked() as link:

        def run(serve: Serve) -> None:
            serve(answers("200 OK"), "127.0.0.1", 0, ready=lambda address: link.close())

        assert not reloading(run, "127.0.0.1", 0, files=[], command=[])


@pytest.mark.parametrize(
    ("error", "files"),
    [
        pytest.param(ConfigError(Mistake("", where=Where("/b.ini")), Mistake("")), ["/a.ini", "/b.ini"], id="mistakes"),
        pytest.param(SystemExit(3), ["/a.ini"], id="an exit"),
    ],
)
def test_tells_from_the_other_process_what_a_failure_is_about(error: BaseException, files: list[str]) -> None:
    def run(serve: Serve) -> None:
        raise error

    with linked() as link:
        with pytest.raises(type(error)):
            reloading(run, "127.0.0.1", 0, files=["/a.ini"], command=[])
        assert told(link, *files) == [False]
