"""Each group, run as a program with ``--quick``: it measures everything briefly and writes its files."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import docutils.core
import pytest

from benchmarks.__main__ import GROUPS, main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=[group.name for group in GROUPS])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    paths = run(request.param, "--quick", "--output", str(folder)).split()
    assert {Path(name).parent for name in paths} == {folder / "figures"}
    page: Path = folder / "figures" / f"{request.param}.rst"
    return page


def test_writes_figures_with_the_machine_and_the_number_of_pairs(written: Path) -> None:
    found = json.loads(written.with_suffix(".json").read_text("utf-8"))
    assert {"processor", "system", "python", "codecs", "wsgistack", "date", "effort"} == set(found["machine"])
    assert "not valid" in found["machine"]["effort"]
    assert len(found["rows"]) > 5
    for row in found["rows"]:
        assert row["low"] <= row["median"] <= row["high"], row
        assert row["pairs"] >= 1 or not row.get("met"), row
        assert ("target" in row) == ("met" in row)
    assert any("target" in row for row in found["rows"])
    assert all("not installed" in reason or "servers were not measured" in reason for reason in found["missing"])


def test_writes_a_page_that_docutils_accepts(written: Path) -> None:
    settings = {"halt_level": 2, "report_level": 2}
    docutils.core.publish_string(written.read_text("utf-8"), settings_overrides=settings)


def test_writes_plots(written: Path) -> None:
    drawn = list(written.parent.glob("*.svg"))
    assert all(ET.fromstring(path.read_text("utf-8")).tag.endswith("svg") for path in drawn)  # noqa: S314
    assert drawn or written.stem == "server"  # without a server there is nothing to draw


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["sta"], "invalid choice: 'sta'", id="name"),
        pytest.param(["start", "--output", __file__], "--output", id="output"),
    ],
)
def test_refuses_bad_arguments_before_it_measures(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_help_lists_all_commands() -> None:
    text = run("--help")
    names = [group.name for group in GROUPS]
    assert all(name in text for name in ("conformance", "pages", *names, "--output", "--quick"))
