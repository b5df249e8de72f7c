"""A corpus of broken configurations: what is said of each, the same by all that read one, and never a traceback."""

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from tests.config.broken_cases import CASES, FOLDER, Case
from wsgistack import ConfigError, config, load
from wsgistack.cli import main
from wsgistack.config.document import open_document

ROOT = Path(__file__).parents[2]
FIRST_OF_EACH_THEME = {each.id.partition(":")[0]: each for each in reversed(CASES)}.values()
NOT_UTF_8 = "is not UTF-8; expected a text in UTF-8"
BYTES = {
    "in Latin-1": (b"[app:main]\nuse = pieces:app\n# caf\xe9\n", [f"stack.ini:3: the byte 0xe9 {NOT_UTF_8}"]),
    "in UTF-16": ("[app:main]\nuse = pieces:app\n".encode("utf-16"), [f"stack.ini:1: the byte 0xff {NOT_UTF_8}"]),
    "an image": (b"\x89PNG\r\n\x1a\n\0", [f"stack.ini:1: the byte 0x89 {NOT_UTF_8}"]),
    "empty": (b"", ["stack.ini: the file is empty"]),
    "blank": (b"\n \t\r\n", ["stack.ini: the file is empty"]),
    "a byte order mark alone": (b"\xef\xbb\xbf", ["stack.ini: the file is empty"]),
    "in UTF-16 without a mark": (
        "[app:main]".encode("utf-16-le"),
        ["stack.ini:1: holds a NUL; expected a text in UTF-8"],
    ),
    "with a NUL": (b"[app:main]\nuse = pieces:\0app\n", ["stack.ini:2: holds a NUL; expected a text in UTF-8"]),
    "with a byte order mark": (
        b"\xef\xbb\xbf[app:main]\nuse = pieces:app\n[flter:f]\n",
        ["stack.ini:3: unknown section type 'flter'; did you mean [filter:f]?"],
    ),
    "with the ends of lines of Windows": (
        b"[app:main]\r\nuse = pieces:app\r\n\r\n[flter:f]\r\n",
        ["stack.ini:4: unknown section type 'flter'; did you mean [filter:f]?"],
    ),
}


@pytest.fixture
def pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, where configurations find ``pieces``."""
    monkeypatch.syspath_prepend(FOLDER)
    return folder


@pytest.fixture
def case(request: pytest.FixtureRequest, pieces: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    laid: Case = request.param.laid_down(pieces)
    for name, value in laid.environment.items():
        monkeypatch.setenv(name, value)
    return laid


every_case = pytest.mark.parametrize("case", CASES, ids=[each.id for each in CASES], indirect=True)


def secrets(case: Case) -> list[str]:
    """What nobody may be told."""
    return ["hidden-word", *case.environment.values()]


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 100


@every_case
def test_check_says_what_is_wrong(case: Case) -> None:
    try:
        said = [str(each) for each in config.find_mistakes(open_document(case.file))]
    except ConfigError as error:
        said = [str(each) for each in error.mistakes]
    assert sorted(said) == sorted(case.said_by("says", "serve says", "check says"))
    assert said


@every_case
def test_load_says_the_same_of_what_it_needs(case: Case) -> None:
    if not case.said_by("says"):
        assert callable(load(case.file))
        return
    with pytest.raises(ConfigError) as caught:
        load(case.file)
    assert [str(each) for each in caught.value.mistakes] == case.said_by("says")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in secrets(case) if secret in told]


@every_case
def test_no_command_ends_in_a_traceback(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    expected = case.said_by("says", "serve says", "check says")
    assert main(["check", case.file]) == 1
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(expected)
    if at_start := case.said_by("says", "serve says"):
        assert main(["serve", "--port", "0", case.file]) == 1
        assert sorted(capsys.readouterr().err.splitlines()) == sorted(at_start)
    for command in (["show"], ["show", "--format", "toml"], ["diff", case.file]):
        status = main([*command, case.file])
        printed = capsys.readouterr()
        mistakes = {line for line in printed.err.splitlines() if not line.startswith("warning: ")}
        assert mistakes <= set(expected)
        assert bool(mistakes) == bool(status)
        assert not [secret for secret in secrets(case) if secret in printed.out + printed.err]


@pytest.mark.parametrize("case", FIRST_OF_EACH_THEME, ids=lambda each: each.id, indirect=True)
def test_the_commands_say_the_same_in_a_process_of_their_own(case: Case) -> None:
    expected = case.said_by("says", "serve says", "check says")
    at_start = case.said_by("says", "serve says")
    status, printed = run("check", case.file)
    assert (status, sorted(printed)) == (1, sorted(expected))
    if at_start:
        status, printed = run("serve", "--port", "0", case.file)
        assert (status, sorted(printed)) == (1, sorted(at_start))
    status, printed = run("show", case.file)
    assert set(printed) <= set(expected)
    assert status == bool(printed)


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit status of a command, and the lines that it has for its user."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "wsgistack", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(FOLDER)])},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def said_by_all(file: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What load says of a file, which has to be what the commands say."""
    with pytest.raises(ConfigError) as caught:
        load(file)
    said = str(caught.value).splitlines()
    for command in (["check"], ["serve", "--port", "0"], ["show"], ["show", "--format", "toml"]):
        assert main([*command, file]) == 1
        assert capsys.readouterr().err.splitlines() == said
    return said


@pytest.mark.parametrize(("content", "messages"), BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_configuration(
    content: bytes, messages: list[str], pieces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pieces / "stack.ini").write_bytes(content)
    assert said_by_all("stack.ini", capsys) == messages


@pytest.mark.parametrize("suffix", ["ini", "toml"])
def test_files_that_can_not_be_read(suffix: str, pieces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pieces / f"stack.{suffix}").mkdir()
    (pieces / f"link.{suffix}").symlink_to("nowhere")
    (pieces / "file").write_text("")
    cases = {
        f"stack.{suffix}": "can't be read: Is a directory",
        f"stak.{suffix}": f"file does not exist; did you mean 'stack.{suffix}'?",
        f"link.{suffix}#shop": (
            f"file does not exist; did you mean 'link.{suffix}', and 'shop' by --name or as second argument?"
        ),
        f"link.{suffix}": "is a link to what is not there",
        f"folder/stack.{suffix}": "file does not exist",
        f"file/stack.{suffix}": "can't be read: Not a directory",
        f"{'x' * 300}.{suffix}": "can't be read: File name too long",
    }
    for file, message in cases.items():
        assert said_by_all(file, capsys) == [f"{file}: {message}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="to root every file is readable")
def test_a_file_without_permission(pieces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pieces / "stack.ini"
    file.write_text("[app:main]\nuse = pieces:app\n")
    file.chmod(0)
    assert said_by_all("stack.ini", capsys) == ["stack.ini: cannot be read: Permission denied"]
