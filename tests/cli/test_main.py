"""The program: how it starts, what it needs, and how it ends when nobody reads its output."""

import os
import runpy
import signal
import subprocess
import sys
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


def test_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main([])
    assert "COMMAND" in capsys.readouterr().err


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


def test_is_interrupted_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + HELLO
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the caller of pytest may ignore it
    try:
        assert main(["check", written(tmp_path, layers("gzip"), app=app)]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr() == ("", "")


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
    assert capsys.readouterr().out.splitlines()[-5] == "exit codes:"
