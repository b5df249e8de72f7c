"""Completion with the Tab key: what a shell offers, and what happens without argcomplete."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import argcomplete
import pytest
from argcomplete.finders import CompletionFinder

from tests.cli.files import layers, run, written
from wsgistack.cli import main
from wsgistack.pipeline import registry

Complete = Callable[..., list[str]]

BASH = """
eval "$(register-python-argcomplete wsgistack)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_TYPE=9
COMP_POINT=${#COMP_LINE}
_python_argcomplete wsgistack
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    text = layers("gzip") + "[pipeline:api]\npipeline = hello\n[server:web]\nuse = egg:waitress\n"
    written(tmp_path, text)
    written(tmp_path, 'app = "hello:app"\n', name="stack.toml")
    written(tmp_path, "[", name="broken.ini")
    written(tmp_path, "{}", name="incident.json")
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Complete the last word of a command line, in this process."""

    def autocomplete(parser: Any, **options: Any) -> None:
        finder: Any = CompletionFinder(parser, **options)
        *before, prefix = line
        found.extend(finder._get_completions(before, prefix, "", None))
        raise SystemExit

    found: list[str] = []
    line: list[str] = []

    def complete(*words: str) -> list[str]:
        found.clear()
        line[:] = ["wsgistack", *words]
        with pytest.raises(SystemExit):
            main([])
        return sorted(each.strip() for each in found)

    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.setattr(argcomplete, "autocomplete", autocomplete)
    return complete


COMMANDS = ["audit", "check", "conform", "diff", "explain", "init", "list", "passwd", "replay", "serve", "show"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param([""], COMMANDS, id="commands"),
        pytest.param(["s"], ["serve", "show"], id="beginning of a command"),
        pytest.param(
            ["check", "--"],
            ["--color", "--format", "--help", "--layer", "--name", "--paste-deploy", "--quiet", "--strict"],
            id="options",
        ),
        pytest.param(["conform", "gzip", "--format", ""], ["json", "junit", "text"], id="choices"),
        pytest.param(["check", ""], ["broken.ini", "conf/", "stack.ini", "stack.toml"], id="files"),
        pytest.param(["passwd", "sta"], ["stack.ini", "stack.toml"], id="any file"),
        pytest.param(["diff", "stack.ini", "stack."], ["stack.ini", "stack.toml"], id="second file"),
        pytest.param(["show", "stack.ini", "--name", ""], ["api", "hello", "main"], id="applications"),
        pytest.param(["show", "--name", ""], [], id="applications without a file"),
        pytest.param(["show", "broken.ini", "--name", ""], [], id="applications of a file with mistakes"),
        pytest.param(["serve", "stack.ini", "--server-name", ""], ["web"], id="servers"),
        pytest.param(["conform", "gz"], ["gzip"], id="layers"),
        pytest.param(["list", ""], sorted(registry.names()), id="all layers"),
        pytest.param(["replay", "stack.toml", ""], ["conf/", "incident.json"], id="capsules"),
        pytest.param(["check", "stack.ini", ""], [], id="nothing for NAME=VALUE"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_offers_what_fits(words: list[str], offered: list[str], complete: Complete) -> None:
    assert complete(*words) == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["che"], ["check "]),
        pytest.param(["check", "--str"], ["--strict "], marks=pytest.mark.slow),
        pytest.param(["check", "stack.t"], ["stack.toml "], marks=pytest.mark.slow),
        pytest.param(["list", "gz"], ["gzip "], marks=pytest.mark.slow),
        pytest.param(["show", "stack.ini", "--name", "ap"], ["api "], marks=pytest.mark.slow),
    ],
)
def test_completes_in_bash(words: list[str], offered: list[str], folder: Path) -> None:
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["bash", "--norc", "-c", BASH, "bash", "wsgistack", *words]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, cwd=folder)
    assert (shown.stdout.splitlines(), shown.stderr) == (offered, "")


def test_runs_nothing_without_argcomplete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    with pytest.raises(SystemExit, match=r"^1$"):
        main(["list"])
    assert capsys.readouterr() == ("", "")


def test_imports_nothing_if_no_shell_asks() -> None:
    program = "import sys; from wsgistack.cli import main; main(['list']); sys.exit('argcomplete' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout


def test_the_help_shows_how_to_switch_it_on() -> None:
    shown = run("--help").stdout
    for line in (
        "pip install 'wsgistack[completion]'",
        'eval "$(register-python-argcomplete wsgistack)"',
        "register-python-argcomplete --shell fish wsgistack | source",
    ):
        assert line in shown
