"""Files that somebody else wrote must not control the terminal."""

import re
from pathlib import Path

import pytest

from tests.cli.files import HELLO
from tests.cli.programs import running
from tests.cli.screen import STYLES, run_in_a_pipe, run_on_a_terminal
from wsgistack.cli import main

ESCAPE = r"\u001b]0;x\u0007\u001b[2J\u009b1m\u202e\nforged"
FILE = rf"""
app = "hello:app"
layers = [
    {{ use = "gzip", name = "g{ESCAPE}" }},
    "f{ESCAPE}",
    {{ use = "basic_auth", users = {{ ada = "x" }}, when = {{ under = "/admin", header = {{ X-Y = "{ESCAPE}" }} }} }},
]
[filters."f{ESCAPE}"]
use = "request_id"
[filters."unlisted{ESCAPE}"]
use = "request_id"
[apps."a{ESCAPE}"]
app = "hello:app"
[apps.other.mounts]
"/x" = "a{ESCAPE}"
[servers."s{ESCAPE}"]
use = "egg:waitress"
[global]
"v{ESCAPE}" = "x"
"""
PLAIN = 'app = "hello:app"\n'
MIDDLEWARE = """
class Wrong(Exception):
    pass
def middleware(app):
    "It works.\\x1b[2J"
    def wrapped(environ, start_response):
        raise Wrong("\\x1b[2J")
    return wrapped
"""


@pytest.fixture
def _hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hello.py").write_text(HELLO + MIDDLEWARE)
    (tmp_path / "hostile.toml").write_text(FILE, "utf-8")
    (tmp_path / "nameless.toml").write_text(FILE.replace("\napp =", "\n[apps.first]\napp =", 1), "utf-8")
    (tmp_path / "plain.toml").write_text(PLAIN, "utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_hostile")
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "hostile.toml"],
        ["check", "--format", "concise", "hostile.toml"],
        ["check", "--format", "json", "hostile.toml"],
        ["check", "\033[2J.toml"],
        ["show", "hostile.toml"],
        ["show", "nameless.toml"],
        ["show", "--format", "toml", "hostile.toml"],
        ["show", "--format", "json", "hostile.toml"],
        ["diff", "hostile.toml", "plain.toml"],
        ["explain", "hostile.toml", "GET /\033[2J"],
        ["audit", "hostile.toml"],
        ["list", "hello:middleware"],
        ["conform", "hello:middleware"],
        ["init", "--output", "\033[2J.toml", "hello:app"],
        ["serve", "--server-name", "\033[2J", "hostile.toml"],
        ["serve", "--name", "\033[2J", "hostile.toml"],
    ],
    ids=" ".join,
)
def test_a_command_prints_no_control_characters(arguments: list[str]) -> None:
    _, out, err = run_in_a_pipe(*arguments)
    shown = out + err + STYLES.sub("", run_on_a_terminal(*arguments)[1])
    assert shown
    assert re.findall(r"[^\n]", "".join(each for each in shown if not each.isprintable())) == []
    assert "\nforged" not in shown


@pytest.mark.parametrize("argument", ["--\033[2J", "\033[2J"])
def test_wrong_arguments_are_escaped(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["check", "x.toml", argument], [argument]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
        assert "x1b[2J" in (shown := capsys.readouterr().err)
        assert "\033" not in shown


@pytest.mark.usefixtures("_hostile")
def test_serve_prints_no_control_characters(tmp_path: Path) -> None:
    with running(["serve", "-p", "0", "hostile.toml"], tmp_path, is_terminal=False) as program:
        program.wait_for("└─ hello:app")
        assert program.text.replace("\n", "").isprintable()
        assert "\nforged" not in program.text
