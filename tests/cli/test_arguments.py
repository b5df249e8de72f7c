"""Wrong arguments of every command: the error names the argument, and what to write instead."""

import re

import pytest

from wsgistack.cli import main

NO_COMMAND = "choose from audit, check, conform, diff, explain, init, list, passwd, replay, serve, show"


def read_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The error, which is one line below one line of usage."""
    with pytest.raises(SystemExit, match=r"^2$"):
        main(arguments)
    out, err = capsys.readouterr()
    usage, error = err.splitlines()
    assert out == ""
    assert re.match(r"usage: wsgistack ", usage)
    return error


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        # commands
        (["sevre", "x.toml"], "wsgistack: error: unknown command 'sevre'; did you mean 'serve'?"),
        (["stack.toml"], f"wsgistack: error: unknown command 'stack.toml'; {NO_COMMAND}"),
        (["--version=1"], "wsgistack: error: argument --version: ignored explicit argument '1'"),
        # unknown options, before and after FILE, with a value or without
        (["--strict", "check", "x"], "wsgistack: error: unknown option --strict; write it after the command"),
        (["--vresion"], "wsgistack: error: unknown option --vresion; did you mean '--version'?"),
        (
            ["serve", "--wrkers", "4", "x.toml"],
            "wsgistack serve: error: unknown option --wrkers; did you mean '--workers'?",
        ),
        (
            ["serve", "--wrkers=4", "x.toml"],
            "wsgistack serve: error: unknown option --wrkers; did you mean '--workers'?",
        ),
        (
            ["serve", "x.toml", "--wrkers", "4"],
            "wsgistack serve: error: unknown option --wrkers; did you mean '--workers'?",
        ),
        (["serve", "--wrkers"], "wsgistack serve: error: unknown option --wrkers; did you mean '--workers'?"),
        (["serve", "--prot", "80", "x.toml"], "wsgistack serve: error: unknown option --prot; did you mean '--port'?"),
        (["check", "--strct", "x", "a=b"], "wsgistack check: error: unknown option --strct; did you mean '--strict'?"),
        (["check", "-x", "x"], "wsgistack check: error: unknown option -x; wsgistack check --help lists all options"),
        (["check", "-qx", "x"], "wsgistack check: error: unknown option -x"),
        (
            ["explain", "--nme", "a", "x", "GET /"],
            "wsgistack explain: error: unknown option --nme; did you mean '--name'?",
        ),
        (["show", "--fromat", "toml", "x"], "wsgistack show: error: unknown option --fromat; did you mean '--format'?"),
        (["audit", "x", "--pth", "/a"], "wsgistack audit: error: unknown option --pth; did you mean '--path'?"),
        (["diff", "x", "y", "--nme=z"], "wsgistack diff: error: unknown option --nme"),
        (["list", "--all"], "wsgistack list: error: unknown option --all"),
        (
            ["conform", "gzip", "--opt", "a=b"],
            "wsgistack conform: error: unknown option --opt; did you mean '--option'?",
        ),
        (
            ["conform", "gzip", "--hedaer=A: b"],
            "wsgistack conform: error: unknown option --hedaer; did you mean '--header'?",
        ),
        # abbreviations
        (["serve", "--rel", "x"], "wsgistack serve: error: unknown option --rel; did you mean '--reload'?"),
        (["audit", "--form", "json", "x"], "wsgistack audit: error: unknown option --form; did you mean '--format'?"),
        # values of options
        (["serve", "x", "--port"], "wsgistack serve: error: argument -p/--port: expected one argument"),
        (["serve", "-p-1", "x"], "wsgistack serve: error: argument -p/--port: not a valid port"),
        (["serve", "--port", "-1", "x"], "wsgistack serve: error: argument -p/--port: not a valid port"),
        (["serve", "-p"], "wsgistack serve: error: argument -p/--port: expected one argument"),
        (["check", "--name", "--strict", "x"], "wsgistack check: error: argument --name: expected one argument"),
        (["check", "--quiet=yes", "x"], "argument -q/--quiet: ignored explicit argument 'yes'"),
        (["conform", "gzip", "--format", "xml"], "argument --format: invalid choice: 'xml' "),
        (["conform", "gzip", "--option", "level"], "wsgistack conform: error: argument --option: expected NAME=VALUE"),
        (["conform", "gzip", "--header", ": b"], "wsgistack conform: error: argument --header: expected NAME:VALUE"),
        (["explain", "x", "GET /", "--header", "A b"], "argument --header: expected NAME:VALUE"),
        # what is missing
        (["check"], "wsgistack check: error: the following arguments are required: TARGET"),
        (["audit", "--name", "x.toml"], "wsgistack audit: error: the following arguments are required: TARGET"),
        (["diff", "x.ini"], "wsgistack diff: error: the following arguments are required: NEW"),
        (["explain", "x.ini"], "wsgistack explain: error: the following arguments are required: REQUEST"),
        (["conform"], "wsgistack conform: error: the following arguments are required: NAME"),
        # what is too much, or not of the right form
        (["check", "x.toml", "y.toml"], "wsgistack check: error: unexpected argument 'y.toml'; expected NAME=VALUE"),
        (["serve", "x.toml", "8080"], "wsgistack serve: error: unexpected argument '8080'; expected NAME=VALUE"),
        (["check", "x", "--strict", "who"], "wsgistack check: error: unexpected argument 'who'; expected NAME=VALUE"),
        (["diff", "x", "y", "z"], "wsgistack diff: error: unexpected argument 'z'; expected NAME=VALUE"),
        (["list", "gzip", "a=b"], "wsgistack list: error: unexpected argument 'a=b'"),
        (["conform", "gzip", "paths"], "wsgistack conform: error: unexpected argument 'paths'"),
        (["check", "x.ini", "=5"], "wsgistack check: error: argument NAME=VALUE: missing NAME"),
        (["explain", "x", "GET", "/"], "argument REQUEST: 'GET' is not a method and a path, such as 'GET /admin'"),
    ],
)
def test_names_the_wrong_argument(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error in read_error(arguments, capsys)


@pytest.mark.parametrize("arguments", [["conform", "gzip", "--header", "X-Key hidden"], ["check", "x", "=hidden"]])
def test_does_not_show_a_value_that_may_be_secret(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "hidden" not in read_error(arguments, capsys)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["check", "--", "--strict"], "--strict: "),
        (["check", "-"], "-: "),
        (["check", "no such file", "--strict", "--", "a=b"], "no such file: "),
        (["serve", "-qv", "-"], "-: "),
    ],
)
def test_reads_arguments_with_a_dash(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(error)
