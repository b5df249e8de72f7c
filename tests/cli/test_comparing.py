"""``wsgistack diff``: its lines, and its exit status."""

from pathlib import Path

import pytest

from tests.cli.files import QUICKSTART, layers, written
from tests.cli.screen import STYLES, run_on_a_terminal
from wsgistack.cli import main

OTHER = layers("gzip", "request_id", "lint") + "[filter:gzip]\nlevel = 9\n[app:other]\nuse = hello:app\n"
CHANGES = [
    "application layers: access_log, gzip, request_id -> gzip, request_id, lint",
    "- layer access_log use: access_log",
    "+ layer gzip option level: 9",
    "+ layer lint use: lint",
    "+ application other use: hello:app",
]


def test_prints_nothing_for_equal_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(QUICKSTART), str(QUICKSTART)]) == 0
    assert capsys.readouterr() == ("", "")


def test_prints_each_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path, layers("access_log", "gzip", "request_id"))
    new = written(tmp_path, OTHER, name="new.ini")
    assert main(["diff", old, new]) == 1
    out, err = capsys.readouterr()
    assert (sorted(out.splitlines()), err) == (sorted(CHANGES), "")
    status, text = run_on_a_terminal("diff", old, new)
    assert (status, STYLES.sub("", text)) == (1, out)
    styles = {"+": "\033[32m{}\033[m", "-": "\033[1;31m{}\033[m"}
    assert text.splitlines() == [styles.get(line[0], "{}").format(line) for line in out.splitlines()]


def test_prints_durations_and_sizes_with_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (
        written(tmp_path, f"{layers('https', 'etag')}[filter:https]\nhsts = {hsts}\n{etag}", name=name)
        for name, hsts, etag in (("old.ini", "30d", ""), ("new.ini", "8760h", "[filter:etag]\nmax_size = 65536\n"))
    )
    assert main(["diff", old, new]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "layer https option hsts: '30d' -> '365d'",
        "+ layer etag option max_size: '64KiB'",
    ]


def test_refuses_a_file_with_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path, layers("gzpi"))
    for files in ((old, str(QUICKSTART)), (str(QUICKSTART), old)):
        assert main(["diff", *files]) == 2
        out, err = capsys.readouterr()
        assert (out, err.partition(": [")[0]) == ("", f"{old}:2")


def test_compares_with_global_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip") + "[filter:gzip]\nlevel = %(strength)s\n")
    assert main(["diff", file, file]) == 2
    assert "%(strength)s" in capsys.readouterr().err
    assert main(["diff", file, file, "strength=9"]) == 0
