"""``wsgistack diff``: its lines, and its exit status."""

from pathlib import Path

import pytest

from tests.cli.files import QUICKSTART, layers, written
from wsgistack.cli import main

OTHER = layers("gzip", "request_id", "lint") + "[filter:gzip]\nlevel = 9\n[app:other]\nuse = hello:app\n"


def test_says_nothing_of_what_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(QUICKSTART), str(QUICKSTART)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "status", "lines"),
    [
        ([], 1, ["- access_log", "gzip level: default -> 9", "+ lint after request_id", "+ application other"]),
        (["--name", "main"], 1, ["- access_log", "gzip level: default -> 9", "+ lint after request_id"]),
        (["--name", "hello"], 0, []),
        (["--name", "other"], 1, ["+ application other"]),
    ],
)
def test_says_what_changed(
    arguments: list[str], status: int, lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path, layers("access_log", "gzip", "request_id"))
    new = written(tmp_path, OTHER, name="new.ini")
    assert main(["diff", *arguments, old, new]) == status
    out, err = capsys.readouterr()
    assert (out.splitlines(), err) == (lines, "")


def test_can_not_compare_what_has_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path, layers("gzpi"))
    new = str(tmp_path / "stack.inii")
    assert main(["diff", old, new]) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        "",
        [
            f"{old}:2: [pipeline:main] pipeline: unknown layer 'gzpi'; did you mean 'gzip'?",
            f"{new}: there is no such file; did you mean 'stack.ini'?",
        ],
    )
    assert main(["diff", "--name", "mian", str(QUICKSTART), str(QUICKSTART)]) == 2
    assert capsys.readouterr() == ("", "no application 'mian' in either; did you mean 'main'?\n")


def test_compares_with_global_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip") + "[filter:gzip]\nlevel = %(strength)s\n")
    assert main(["diff", file, file]) == 2
    assert "no value for %(strength)s" in capsys.readouterr().err
    assert main(["diff", file, file, "strength=9"]) == 0
