"""``wsgistack init``: the file that it writes, which must be right as it is, and what it refuses."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.cli.files import read_mistakes
from tests.cli.projects import PROGRAM, PROJECTS, write_project
from tests.direct import Call
from wsgistack import load
from wsgistack.cli import main
from wsgistack.pipeline import registry

LAYERS = ["request_id", "access_log", "catch_errors", "compress"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project("plain:application", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "target", [pytest.param(each, marks=() if each == "plain:application" else pytest.mark.slow) for each in PROJECTS]
)
def test_writes_a_file_that_is_right(target: str, folder: Path) -> None:
    write_project(target, folder)
    written = subprocess.run([PROGRAM, "init", target], check=True, capture_output=True, text=True)
    following = "  wsgistack check stack.toml\n  wsgistack serve --reload stack.toml\n"
    assert (written.stdout, written.stderr) == (f"Wrote stack.toml. Next:\n{following}", "")
    assert tomllib.loads((folder / "stack.toml").read_text()) == {"app": target, "layers": LAYERS}
    checked = subprocess.run([PROGRAM, "check", "--strict", "stack.toml"], check=True, capture_output=True, text=True)
    assert (checked.stdout, checked.stderr) == ("stack.toml: OK\n", "")


def test_the_file_says_how_to_ask_for_a_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["init", "-q", "plain:application"]) == 0
    file = folder / "stack.toml"
    file.write_text(re.sub(r"# (?=\{)", "", file.read_text()))
    monkeypatch.setenv("SITE_PASSWORD", "lovelace")
    assert main(["check", "--strict", str(file)]) == 0
    app = load(file)
    for password, status in (("YWRtaW46bG92ZWxhY2U=", "200 OK"), ("YWRtaW46", "401 Unauthorized")):
        call = Call(app, HTTP_AUTHORIZATION=f"Basic {password}")
        call.read()  # otherwise its line of the log is written during another test
        assert call.status == status


def test_leaves_out_layers_that_are_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "has", "request_id".__eq__)
    assert main(["init", "plain:application"]) == 0
    assert tomllib.loads((folder / "stack.toml").read_text())["layers"] == ["request_id"]


def test_writes_another_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "plain:application", "--output", "my site.toml"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "Wrote my site.toml. Next:",
        "  wsgistack check 'my site.toml'",
        "  wsgistack serve --reload 'my site.toml'",
    ]
    assert main(["check", "my site.toml"]) == 0
    assert "wsgistack check 'my site.toml'" in (folder / "my site.toml").read_text()


def test_prints_nothing_when_it_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "-q", "plain:application"]) == 0
    assert capsys.readouterr() == ("", "")


def test_does_not_replace_a_file_unless_it_is_forced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "stack.toml").write_text("mine")
    assert main(["init", "plain:application"]) == 1
    hint = "write --force to replace it, or --output for another file"
    out, err = capsys.readouterr()
    assert (out, read_mistakes(err)) == ("", [f"stack.toml: file exists; {hint}"])
    assert (folder / "stack.toml").read_text() == "mine"
    assert main(["init", "--force", "plain:application"]) == 0
    assert "plain:application" in (folder / "stack.toml").read_text()


def test_the_application_is_imported_from_the_folder_of_the_file(folder: Path) -> None:
    (folder / "site").mkdir()
    command = [
        str(PROGRAM),
        "init",
        "-q",
        "plain:application",
        "-o",
    ]  # in its own process, which has a sys.path of its own
    refused = subprocess.run([*command, "site/stack.toml"], check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    hint = "install it, or put it into the folder of the configuration"
    [said] = read_mistakes(refused.stderr)
    assert said == f"plain:application: cannot import module 'plain'; {hint}"
    subprocess.run([*command, "../stack.toml"], cwd=folder / "site", check=True)
    assert (folder / "stack.toml").exists()


@pytest.mark.parametrize(
    ("target", "mistake"),
    [
        ("plain", "plain: file does not exist; did you mean 'plain:application'?"),
        ("plain.py", "plain.py: Python code is not a configuration; did you mean 'plain:application'?"),
        ("old.ini", "old.ini: is a configuration already; expected module:application such as shop:app"),
        (
            "plain:aplication",
            "plain:aplication: module 'plain' has no attribute 'aplication'; did you mean 'application'?",
        ),
    ],
)
def test_refuses_a_wrong_target(target: str, mistake: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "old.ini").write_text("[app:main]\nuse = plain:application\n")
    assert main(["init", target]) == 1
    out, err = capsys.readouterr()
    assert (out, read_mistakes(err)) == ("", [mistake])
    assert not (folder / "stack.toml").exists()


def test_reports_what_is_wrong_with_target_and_output_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "plain", "-o", "stack.ini"]) == 1
    assert read_mistakes(capsys.readouterr().err) == [
        "plain: file does not exist; did you mean 'plain:application'?",
        "stack.ini: init writes only TOML; expected a name such as stack.toml",
    ]


def test_reports_that_the_file_can_not_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder.toml").mkdir()
    assert main(["init", "wsgiref.simple_server:demo_app", "-f", "-o", "folder.toml"]) == 1
    assert capsys.readouterr().err == "folder.toml: cannot be written: Is a directory\n"


@pytest.mark.parametrize("output", [".", "/", "", "..", "stack.ini"])
def test_writes_only_toml(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "plain:application", "-o", output]) == 1
    assert read_mistakes(capsys.readouterr().err)[0].endswith(
        "init writes only TOML; expected a name such as stack.toml"
    )


def test_does_not_look_for_the_application_in_a_folder_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "plain:application", "-o", "missing/stack.toml"]) == 1
    assert capsys.readouterr().err == "missing: folder does not exist\n"
