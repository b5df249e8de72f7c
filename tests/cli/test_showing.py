"""``wsgistack show``: a configuration as a tree, or the same in another format."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from tests.cli.files import QUICKSTART, TREE, layers, run, written
from wsgistack.cli import main

SERVERS = (
    "[DEFAULT]\npassword = hidden\n[server:main]\nuse = egg:wsgistack\nport = ${env:P}\n[server:other]\nuse = main\n"
)
MISORDERED = layers("gzip", "access_log")


def test_shows_the_layers_as_a_tree_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(QUICKSTART)]) == 0
    assert capsys.readouterr().out == TREE


def test_shows_the_servers_and_the_names_of_global_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip") + SERVERS)
    assert main(["show", file]) == 0
    assert capsys.readouterr().out.split("\n\n") == [
        "gzip\n└─ hello:app",
        "server main: egg:wsgistack\n   port = '${env:P}'",
        "server other: egg:wsgistack\n   port = '${env:P}'",
        "global: password\n",
    ]


def test_shows_the_application_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip").replace(":main]", ":other]"))
    assert main(["show", "--name", "other", file]) == 0
    assert capsys.readouterr().out == "gzip\n└─ hello:app\n"
    assert main(["show", file]) == 1
    assert capsys.readouterr() == ("", f"{file}: no application or pipeline 'main'; choose from hello, other\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_shows_the_tree_on_any_terminal(encoding: str) -> None:
    shown = run("show", str(QUICKSTART), PYTHONIOENCODING=encoding)
    tree = TREE.encode(encoding, "backslashreplace").decode(encoding)
    assert (shown.returncode, shown.stderr, shown.stdout) == (0, "", tree)


def test_writes_where_standard_output_is_not_a_stream_of_bytes() -> None:
    with redirect_stdout(StringIO()) as shown:
        assert main(["show", str(QUICKSTART)]) == 0
        assert main(["show", "--format", "ini", str(QUICKSTART)]) == 0
    assert shown.getvalue().startswith(TREE + "[pipeline:main]\n")


@pytest.mark.parametrize("arguments", [[], ["--format", "toml"]], ids=["as a tree", "in another format"])
def test_refuses_a_wrong_order_where_it_is_strict(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, MISORDERED)
    assert main(["show", *arguments, file]) == 0
    shown, said = capsys.readouterr()
    assert said == ""
    assert main(["show", *arguments, "--strict", file]) == 1
    out, err = capsys.readouterr()
    assert out == shown
    assert err.startswith(f"{file}:2: [pipeline:main] gzip: gzip is outside access_log: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("format", ["toml", "ini", "python"])
def test_writes_the_whole_file_in_another_format(
    format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run("show", "--format", format, str(QUICKSTART), PYTHONIOENCODING="ascii")
    assert first.returncode == 0
    assert first.stderr == "warning: demo users: a secret is not written; put it into the environment as DEMO_USERS\n"
    assert "${env:DEMO_USERS}" in first.stdout
    other = tmp_path / f"stack.{format.replace('python', 'py')}"
    other.write_text(first.stdout, "utf-8")
    assert main(["diff", str(QUICKSTART), str(other)]) == 1
    assert capsys.readouterr() == ("demo users: changed\n", "")
    assert main(["show", "--format", format, str(other)]) == 0
    assert capsys.readouterr() == (first.stdout, "")


def test_writes_utf_8_on_any_terminal(tmp_path: Path) -> None:
    file = written(tmp_path, 'app = "hello:app"\nlayers = [{use = "gzip", name = "☃"}]\n', name="stack.toml")
    shown = run("show", "--format", "ini", file, PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stdout) == (
        0,
        "[pipeline:main]\npipeline = ☃ hello:app\n\n[filter:☃]\nuse = gzip\n",
    )


def test_says_what_another_format_can_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, 'app = "hello:app"\nlayers = [{use = "access_log", format = " %h"}]\n', name="stack.toml")
    assert main(["show", "--format", "ini", file]) == 1
    assert capsys.readouterr() == (
        "",
        f"{file}:2: layer 1 (access_log) format: has a value that can't be written so that the same is read again\n",
    )


def test_shows_no_secret_option_of_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(
        tmp_path, layers("gzip") + "[server:main]\nuse = call:tests.config.factories:make_secret\nkey = hidden\n"
    )
    assert main(["show", file]) == 0
    assert "server main: call:tests.config.factories:make_secret\n   key = <secret>\n" in capsys.readouterr().out
