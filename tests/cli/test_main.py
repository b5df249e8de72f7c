"""The program: how it starts, what it needs, and how it ends when nobody reads its output."""

import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import wsgistack
from tests.cli.files import HELLO, QUICKSTART, layers, written
from wsgistack.cli import main


def test_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["wsgistack", "--version"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(Path(wsgistack.__file__).with_name("__main__.py")), run_name="__main__")
    assert capsys.readouterr().out == f"wsgistack {version('wsgistack')}\n"


def test_prints_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"wsgistack {version('wsgistack')}\n"


def test_shows_its_help_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    assert capsys.readouterr() == (err, "")


def test_installs_as_a_program() -> None:
    program = Path(sys.executable).with_name("wsgistack")
    assert subprocess.run([program, "check", QUICKSTART], check=True, capture_output=True).stderr == b""


def test_ends_quietly_when_the_reader_has_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert main(["list"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_works_with_a_closed_stream(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, status in ((["check", str(QUICKSTART)], 0), (["list", "nobody"], 1)):
        monkeypatch.setattr(sys, name, None)
        assert main(arguments) == status
        getattr(sys, name).close()
    monkeypatch.undo()
    assert bool(capsys.readouterr().out) == (name == "stderr")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["list"], ["check", "--format", "json", str(QUICKSTART)]])
def test_reports_that_the_output_cannot_be_written(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 1
    assert capsys.readouterr().err == "wsgistack: error: can't write the output: no space left on the device\n"


def test_reports_that_the_current_folder_is_gone(tmp_path: Path) -> None:
    code = "import os, sys; os.rmdir(os.getcwd()); from wsgistack.cli import main; sys.exit(main())"
    ended = subprocess.run(
        # like the program, without the current folder in sys.path, where Python 3.13.0 can import no module of C
        [sys.executable, "-P", "-c", code, "check", "stack.toml"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "wsgistack: error: the current folder does not exist any more\n"


def test_does_not_hide_other_errors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with (tmp_path / "x").open(encoding="utf-8") as not_writable:
        monkeypatch.setattr(sys, "stdout", not_writable)
        with pytest.raises(OSError, match="not writable"):
            main(["list"])


INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + HELLO


@pytest.fixture
def default_interrupt() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, even if the caller of pytest ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("command", ["serve", "check", "explain", "audit", "list", "conform"])
@pytest.mark.usefixtures("default_interrupt")
def test_is_interrupted_without_a_traceback(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = layers("auth") + "[filter:auth]\nuse = basic_auth\nusers = a = b\n"
    file = written(tmp_path, text, app=INTERRUPTED)
    monkeypatch.chdir(tmp_path)
    arguments = {"list": ["hello:app"], "conform": ["hello:app"], "explain": [file, "GET /"]}
    assert main([command, *arguments.get(command, [file])]) == 130
    assert capsys.readouterr() == ("", "")


STATUS = {
    "serve": {1: "serve wrong.toml", 2: "serve"},
    "check": {0: "check guarded.toml", 1: "check wrong.toml", 2: "check"},
    "show": {0: "show guarded.toml", 1: "show wrong.toml", 2: "show"},
    "diff": {0: "diff guarded.toml guarded.toml", 1: "diff guarded.toml open.toml", 2: "diff missing.toml open.toml"},
    "list": {0: "list", 1: "list nobody", 2: "list --nobody"},
    "explain": {0: "explain open.toml GET_/", 1: "explain wrong.toml GET_/", 2: "explain open.toml"},
    "audit": {0: "audit guarded.toml", 1: "audit open.toml", 2: "audit"},
    "conform": {0: "conform request_id", 1: "conform hello:app", 2: "conform"},
}


@pytest.mark.parametrize(
    ("status", "arguments"), [(status, text) for texts in STATUS.values() for status, text in texts.items()]
)
def test_ends_with_the_exit_codes_of_its_help(
    status: int, arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guard = 'app = "hello:app"\nlayers = [{ use = "basic_auth", users = { a = "b" }'
    written(tmp_path, f"{guard} }}]\n", name="guarded.toml")
    written(tmp_path, f'{guard}, when = {{ path = "/a" }} }}]\n', name="open.toml")
    written(tmp_path, 'app = "hello:nobody"\nlayers = ["nobody"]\n', name="wrong.toml")
    monkeypatch.chdir(tmp_path)
    try:
        ended = main([each.replace("_/", " /") for each in arguments.split()])
    except SystemExit as error:
        ended = error.code  # type: ignore[assignment]
    assert ended == status, capsys.readouterr()


VALUES = "[app:main]\nuse = call:hello:make\nname = %(who)s\n"
MAKE = """
def make(global_conf, name):
    print(name, global_conf.get("n"))
    return lambda environ, start_response: []
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["FILE", "who=ada = b", "n=1"],
        ["FILE", "who=ada = b", "--strict", "n=1"],
        ["--strict", "FILE", "n=1", "who=ada = b"],
    ],
)
def test_accepts_global_values_anywhere_after_the_file(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, VALUES, app=MAKE)
    assert main(["check", *(file if each == "FILE" else each for each in arguments)]) == 0
    assert capsys.readouterr().out == f"ada = b 1\n{file}: OK\n"


def test_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    _, _, text = capsys.readouterr().out.partition("exit codes:\n")
    assert re.findall(r"^  (\d+) ", text, re.MULTILINE) == ["0", "1", "2", "130"]
