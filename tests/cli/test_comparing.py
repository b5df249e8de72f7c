"""``wsgistack diff``: its lines, and its exit status."""

from pathlib import Path

import pytest

from tests.cli.files import QUICKSTART, layers, written
from wsgistack.cli import main

OTHER = layers("gzip", "request_id", "lint") + "[filter:gzip]\nlevel = 9\n[app:other]\nuse = hello:app\n"
CHANGES = [
    "application layers: access_log, gzip, request_id -> gzip, request_id, lint",
    "- layer access_log use: access_log",
    "+ layer gzip option level: 9",
    "+ layer lint use: lint",
]


def test_prints_nothing_for_equal_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(QUICKSTART), str(QUICKSTART)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "status", "lines"),
    [
        ([], 1, [*CHANGES, "+ application other use: hello:app"]),
        (["--name", "main"], 1, CHANGES),
        (["--name", "hello"], 0, []),
        (["--name", "other"], 1, ["+ application use: hello:app"]),
    ],
)
def test_prints_each_change(
    arguments: list[str], status: int, lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path, layers("access_log", "gzip", "request_id"))
    new = written(tmp_path, OTHER, name="new.ini")
    assert main(["diff", *arguments, old, new]) == status
    out, err = capsys.readouterr()
    assert (sorted(out.splitlines()), err) == (sorted(lines), "")


def test_refuses_files_with_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path, layers("gzpi"))
    new = str(tmp_path / "stack.inii")
    assert main(["diff", old, new]) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert (out, first.partition(": [")[0], second.partition(": ")[0]) == ("", f"{old}:2", new)
    assert main(["diff", "--name", "mian", str(QUICKSTART), str(QUICKSTART)]) == 2
    assert capsys.readouterr() == ("", "unknown application 'mian'; did you mean 'main'?\n")


def test_compares_with_global_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip") + "[filter:gzip]\nlevel = %(strength)s\n")
    assert main(["diff", file, file]) == 2
    assert "%(strength)s" in capsys.readouterr().err
    assert main(["diff", file, file, "strength=9"]) == 0
