"""Arguments that several commands share, or that are more than a word."""

import pytest

from wsgistack.cli import main


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (["--option", "level"], "argument --option: 'level' is not of the form NAME=VALUE"),
        (["--header", ": b"], "argument --header: ': b' is not of the form NAME:VALUE"),
        (["--format", "xml"], "argument --format: invalid choice: 'xml'"),
    ],
)
def test_refuses_a_malformed_argument(argument: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["conform", "gzip", *argument])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["check", "x.ini", "who"], "wsgistack check: error: argument NAME=VALUE: 'who' is not of the form NAME=VALUE"),
        (["check"], "wsgistack check: error: the following arguments are required: TARGET"),
        (["check", "x.ini", "=5"], "wsgistack check: error: argument NAME=VALUE: '=5' is not of the form NAME=VALUE"),
        (["check", "x.ini", "--strict", "who"], "argument NAME=VALUE: 'who' is not of the form NAME=VALUE"),
        (["check", "--strct", "x.ini", "a=b"], "wsgistack check: error: unrecognized arguments: --strct"),
        (["serve", "--wrkers", "4", "x.toml"], "wsgistack serve: error: unrecognized arguments: --wrkers"),
        (["serve", "--wrkers=4", "x.toml"], "wsgistack serve: error: unrecognized arguments: --wrkers=4"),
        (["check", "--wrkers", "--", "x.toml"], "wsgistack check: error: unrecognized arguments: --wrkers"),
        (["serve", "--", "x.toml"], "wsgistack serve: error: the following arguments are required: TARGET"),
        (["diff", "x.ini"], "wsgistack diff: error: the following arguments are required: NEW"),
        (["list", "gzip", "a=b"], "wsgistack: error: unrecognized arguments: a=b"),
    ],
)
def test_names_the_wrong_argument(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(arguments)
    assert capsys.readouterr().err.endswith(f"{error}\n")
