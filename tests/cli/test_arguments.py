"""Arguments that are more than a word."""

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
def test_takes_no_malformed_argument(argument: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["conform", "gzip", *argument])
    assert message in capsys.readouterr().err


def test_conform_takes_no_misspelling_for_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["conform", "gzip", "--changes", "boddy"])
    assert "did you mean 'body'?" in capsys.readouterr().err
