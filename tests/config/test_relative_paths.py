"""Relative paths in options of middlewares whose signature does not say Path."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from webtest import TestApp as Browser

from tests.cli.files import read_mistakes
from tests.direct import answering
from wsgistack import OrderWarning, load
from wsgistack.cli import main
from wsgistack.types import App, Secret

PROBLEM = "root: is a relative path, which depends on the working directory; write "
FILES = {
    "a.ini": (
        "[pipeline:main]\npipeline = static tests.config.test_relative_paths:hello\n"
        "[filter:static]\nuse = {use}\nroot = {root}\nprefix = static\n"
    ),
    "a.toml": (
        'app = "tests.config.test_relative_paths:hello"\n'
        'layers = [{{ use = "{use}", root = "{root}", prefix = "static" }}]\n'
    ),
}
WHITENOISE = "whitenoise:WhiteNoise"
hello = answering([b"hello"])


def stranger(app: App, root: str = "", prefix: str = "") -> App:
    return app


def safe(app: App, root: Annotated[str, Secret], prefix: str) -> App:
    return app


def exact(app: App, root: Path, prefix: str) -> App:
    assert root.is_absolute()
    return app


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a relative path in it, in another folder than the working directory."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "site" / "static").mkdir(parents=True)
    (tmp_path / "site" / "static" / "a.css").write_text("p {}")
    file: Path = tmp_path / "site" / request.param
    monkeypatch.chdir(tmp_path / "elsewhere")
    return file


def check(file: Path, root: str, capsys: pytest.CaptureFixture[str], use: str = f"{__name__}:stranger") -> str:
    file.write_text(FILES[file.name].format(use=use, root=root))
    assert main(["check", str(file)]) == 0
    return "\n".join(read_mistakes(capsys.readouterr().err))


@pytest.mark.filterwarnings("ignore:No directory at:UserWarning")  # WhiteNoise warns about each wrong path
def test_the_hint_leads_to_a_path_that_does_not_depend_on_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warning = check(file, "static", capsys, WHITENOISE)
    found = re.search(re.escape(PROBLEM) + r"(.*), or in an ini file (.*)", warning)
    assert found, warning
    assert "\n" not in warning, "the prefix is not a path, although there is such a folder"
    with pytest.warns(OrderWarning, match=PROBLEM):
        load(file)
    for right in found.groups()[: 2 if file.suffix == ".ini" else 1]:
        assert check(file, right, capsys, WHITENOISE) == ""
        assert Browser(load(file)).get("/static/a.css").text == "p {}"


@pytest.mark.parametrize("root", ["absent", "", "x" * 5000, "${env:PATH}", "/etc"])
def test_does_not_warn_about_other_texts(root: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(file, root, capsys) == ""


@pytest.mark.parametrize("use", [safe, exact])
def test_does_not_warn_where_the_signature_says_path_or_secret(
    use: Any, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(file, "static", capsys, f"{__name__}:{use.__name__}") == ""


def test_does_not_warn_in_the_folder_itself(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    assert check(file, "static", capsys) == ""
