"""Broken configurations: every reader reports the same mistakes, never a traceback, and never a secret."""

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from tests.cli.files import read_mistakes
from tests.config.broken_cases import CASES, FOLDER, Case
from wsgistack import ConfigError, load
from wsgistack.cli import main

ROOT = Path(__file__).parents[2]
NO_TEXT = "not a text file; save it in UTF-8"
BYTES = {
    "in Latin-1": (
        b"[app:main]\nuse = pieces:app\n# caf\xe9\n",
        "stack.ini:3: byte 0xe9 is not UTF-8; save the file in UTF-8",
    ),
    "in UTF-16": ("[app:main]\nuse = pieces:app\n".encode("utf-16"), f"stack.ini: {NO_TEXT}"),
    "an image": (b"\x89PNG\r\n\x1a\n\0", f"stack.ini: {NO_TEXT}"),
    "empty": (b"", "stack.ini: the file is empty"),
    "blank": (b"\n \t\r\n", "stack.ini: the file is empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "stack.ini: the file is empty"),
    "with a NUL": (b"[app:main]\nuse = pieces:\0app\n", f"stack.ini: {NO_TEXT}"),
    "with a byte order mark": (
        b"\xef\xbb\xbf[app:main]\nuse = pieces:app\n[flter:f]\n",
        "stack.ini:3: unknown section type 'flter'; did you mean [filter:f]?",
    ),
    "with line ends of Windows": (
        b"[app:main]\r\nuse = pieces:app\r\n\r\n[flter:f]\r\n",
        "stack.ini:4: unknown section type 'flter'; did you mean [filter:f]?",
    ),
}


@pytest.fixture
def pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, where configurations find ``pieces``."""
    monkeypatch.syspath_prepend(FOLDER)
    return folder


def write(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    written = case.laid_down(folder)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    return written


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("case", CASES, ids=[each.id for each in CASES])
def test_every_reader_reports_the_mistakes(
    case: Case, pieces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = write(case, pieces, monkeypatch)
    expected = case.said_by("says", "serve says", "check says")
    assert main(["check", "--format", "concise", case.file]) == 1
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(expected)
    shown = ""
    if case.said_by("says"):
        with pytest.raises(ConfigError) as caught:
            load(case.file)
        assert [str(each) for each in caught.value.mistakes] == case.said_by("says")
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    else:
        assert callable(load(case.file))
    if at_start := case.said_by("says", "serve says"):
        assert main(["serve", "--port", "0", case.file]) == 1
        assert sorted(read_mistakes(capsys.readouterr().err)) == sorted(at_start)
    for command in (["show"], ["show", "--format", "toml"], ["diff", case.file]):
        status = main([*command, case.file])
        printed = capsys.readouterr()
        mistakes = {line for line in read_mistakes(printed.err) if not line.startswith("warning: ")}
        assert mistakes <= set(expected)
        assert bool(mistakes) == bool(status)
        shown += printed.out + printed.err
    assert not [secret for secret in ["hidden-word", *case.environment.values()] if secret in shown]


def test_a_process_reports_the_mistakes(pieces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = write(next(each for each in CASES if each.id.startswith("log: ")), pieces, monkeypatch)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "wsgistack", "check", case.file],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(FOLDER)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, read_mistakes(done.stderr)) == (1, case.said_by("says", "serve says", "check says"))


def read_by_all(file: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The messages of load, which must be those of the commands."""
    with pytest.raises(ConfigError) as caught:
        load(file)
    messages = str(caught.value).splitlines()
    for command in (["check"], ["serve", "--port", "0"], ["show"], ["show", "--format", "toml"]):
        assert main([*command, file]) == 1
        assert read_mistakes(capsys.readouterr().err) == messages
    return messages


@pytest.mark.parametrize(("content", "message"), BYTES.values(), ids=BYTES)
def test_reports_other_bytes_than_a_configuration(
    content: bytes, message: str, pieces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pieces / "stack.ini").write_bytes(content)
    assert read_by_all("stack.ini", capsys) == [message]


def test_reports_a_file_that_cannot_be_read(pieces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pieces / "stack.ini").mkdir()
    (pieces / "link.toml").symlink_to("nowhere")
    (pieces / "file").write_text("")
    cases = {
        "stack.ini": "cannot be read: Is a directory",
        "stak.ini": "file does not exist; did you mean 'stack.ini'?",
        "config:stack.ini": "file does not exist; did you mean the file 'stack.ini'?",
        "config:stack.ini#shop": "file does not exist; did you mean the file 'stack.ini' with --name shop (or "
        "name='shop' in Python)?",
        "config:stak.ini": "file does not exist; did you mean 'stack.ini'?",
        "link.toml#shop": "file does not exist; did you mean the file 'link.toml' with --name shop (or name='shop' in "
        "Python)?",
        "link.toml": "broken link: its target does not exist",
        "folder/stack.ini": "file does not exist",
        "file/stack.toml": "cannot be read: Not a directory",
        f"{'x' * 300}.ini": "cannot be read: File name too long",
    }
    for file, message in cases.items():
        assert read_by_all(file, capsys) == [f"{file}: {message}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_reports_a_file_without_permission(pieces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pieces / "stack.ini"
    file.write_text("[app:main]\nuse = pieces:app\n")
    file.chmod(0)
    assert read_by_all("stack.ini", capsys) == ["stack.ini: cannot be read: Permission denied"]
