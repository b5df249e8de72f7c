"""``wsgistack check``: every mistake at once, whatever a file contains."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.files import HELLO, QUICKSTART, layers, read_mistakes, written
from wsgistack.cli import main


@pytest.mark.parametrize(
    "file", [pytest.param("", id="the quickstart"), pytest.param('app = "hello:app"', id="TOML without layers")]
)
def test_prints_ok_if_it_finds_no_mistake(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, file, name="stack.toml") if file else str(QUICKSTART)
    assert main(["check", path]) == 0
    assert capsys.readouterr() == (f"{path}: OK\n", "")
    assert main(["check", "-q", path]) == 0
    assert capsys.readouterr() == ("", "")


def test_suggests_the_name_of_the_application(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "typo.ini"
    file.write_text("[pipeline:mian]\npipeline = request_id app\n[app:app]\nuse = wsgiref.simple_server:demo_app\n")
    assert main(["check", str(file)]) == 1
    assert capsys.readouterr() == (
        f"1 mistake in {file}\n",
        f"{file}: missing application or pipeline 'main'\n  = hint: did you mean 'mian'?\n\n",
    )
    assert main(["check", str(file), "--quiet"]) == 1
    assert main(["check", "--name", "mian", str(file)]) == 0


def test_checks_everything_in_a_file_without_main(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[pipeline:api]\npipeline = {} hello\n[app:hello]\nuse = hello:app\n"
    file = written(tmp_path, text.format("gzip"))
    assert main(["check", file]) == 0
    note = "serve needs --name, because no application is called main"
    assert capsys.readouterr() == (f"{file}: OK\n{note}\n", "")
    for arguments, out in [(["-q"], ""), (["--name", "api"], f"{file}: OK\n")]:
        assert main(["check", *arguments, file]) == 0
        assert capsys.readouterr() == (out, "")
    assert main(["check", written(tmp_path, text.format("gzpi"))]) == 1
    assert [line.partition(": ")[0] for line in read_mistakes(capsys.readouterr().err)] == [f"{tmp_path}/stack.ini:2"]


FIVE = """\
[pipeline:main]
pipeline = request_id access gzpi hello

[fliter:access]
use = access_log

[filter:access]
use = access_log
formt = combined
output = stdrr

[app:hello]
use = hello:ap
"""


def test_reports_all_mistakes_with_file_line_and_suggestion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, FIVE)
    assert main(["check", "--format", "concise", file]) == 1
    out, err = capsys.readouterr()
    assert out == f"5 mistakes in {file}\n"
    expected = [
        (f"{file}:2: [pipeline:main] pipeline: ", "'gzpi'", "did you mean 'gzip'?"),
        (f"{file}:4: ", "'fliter'", "did you mean [filter:access]?"),
        (f"{file}:9: [filter:access] formt: ", "", "did you mean 'format'?"),
        (f"{file}:10: [filter:access] output: ", "'stdrr'", "did you mean 'stderr'?"),
        (f"{file}:13: [app:hello]", "'ap'", "did you mean 'app'?"),
    ]
    for line, (place, problem, hint) in zip(err.splitlines(), expected, strict=True):
        assert line.startswith(place)
        assert problem in line
        assert line.endswith(f"; {hint}")
    for command in ("show", "serve"):
        assert main([command, file]) == 1
        shown, errors = capsys.readouterr()
        assert shown == ""
        assert set(read_mistakes(errors)) <= set(err.splitlines())
    assert read_mistakes(errors) == err.splitlines(), "serve reports them all"


def test_warns_about_the_order_once_and_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = "[pipeline:main]\npipeline = request_id inner\n" + layers("gzip", "access_log").replace("main", "inner")
    file = written(tmp_path, inner)
    assert main(["check", file]) == 0
    out, err = capsys.readouterr()
    [warning] = read_mistakes(err)
    assert out == f"{file}: no mistakes, 1 warning\n"
    assert warning.startswith(f"warning: {file}:4: [pipeline:inner]")
    assert "outside access_log: " in warning
    assert warning.endswith("; put access_log before gzip")
    assert main(["check", "--format", "concise", file]) == 0
    assert capsys.readouterr() == (out, f"{warning}\n")


@pytest.mark.parametrize("command", ["check", "show", "serve"])
def test_reports_that_a_file_can_not_be_read(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.ini").touch()
    (tmp_path / "bytes.toml").write_bytes(b"\n\xff")
    files = {
        "emptyy.ini": "; did you mean 'empty.ini'?",
        "empty.ini": ": the file is empty",
        "bytes.toml": "UTF-8",
        ".": ": cannot be read: Is a directory",
        "x" * 300: ": cannot be read: File name too long",
    }
    for name, message in files.items():
        assert main([command, str(tmp_path / name)]) == 1
        err = capsys.readouterr().err
        [line] = read_mistakes(err)
        assert line.startswith(f"{tmp_path / name}:")
        assert line.endswith(message)


KEYS = ["use", "pipeline", "app", "layers", "level", "minimum_size", "users", "codings", "here", "format", "name"]
VALUES = [
    "gzip",
    "basic_auth",
    "access_log",
    "a",
    "egg:wsgistack#gzip",
    "config:x.ini",
    "call:json:dumps",
    "%(a)s",
    "1",
]
VALUES += [
    "json:dumps",
    "hello:app",
    "[]",
    '"gzip"',
    '["gzip", 1, {}, {use = 1}]',
    "{}",
    "%(",
    "-1",
    "a:b:c",
    "egg:",
    "",
]
LINES = st.one_of(
    st.builds(
        "[{}:{}]".format, st.sampled_from(["app", "filter", "pipeline", "x"]), st.sampled_from(["main", "a", ""])
    ),
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.lists(st.sampled_from(VALUES), max_size=3).map(" ".join)),
    st.sampled_from(["[DEFAULT]", "[[layers]]", "[app]", "  a = 1", "#", "\ufeff"]),
    st.text(max_size=8),
)


@given(
    content=st.lists(LINES, max_size=12).map(lambda lines: "\n".join(lines).encode()) | st.binary(max_size=40),
    suffix=st.sampled_from(["ini", "toml"]),
    command=st.sampled_from(["check", "show"]),
)
def test_survives_whatever_a_file_contains(
    content: bytes, suffix: str, command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(content)
    (path.parent / "hello.py").write_text(HELLO)
    assert main([command, str(path)]) in (0, 1)


def test_reports_to_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip", "access_log"), app="print('imported')\n" + HELLO)
    for arguments, status in (([], 0), (["--strict"], 1)):
        assert main(["check", "--format", "json", *arguments, file]) == status
        out, err = capsys.readouterr()
        document = json.loads(out)
        assert [*document] == ["file", "mistakes", "warnings"]
        assert document["file"] == file
        [warning] = document["mistakes" if status else "warnings"]
        assert (warning["line"], warning["hint"]) == (2, "put access_log before gzip")
        assert err.replace("imported\n", "") == ""
    assert main(["check", "--format", "json", written(tmp_path, layers("gzip"))]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": file, "mistakes": [], "warnings": []}
