"""Each group, run as a program in a hurry: it measures something of everything, and writes it down."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import docutils.core
import pytest

from benchmarks.__main__ import GROUPS, main

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=list(GROUPS))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    told = run(request.param, "--quick", "--output", str(folder)).split()
    assert {Path(name).parent for name in told} == {folder / "figures"}
    page: Path = folder / "figures" / f"{request.param}.rst"
    return page


def test_writes_figures_with_all_that_tells_what_they_are_worth(written: Path) -> None:
    found = json.loads(written.with_suffix(".json").read_text("utf-8"))
    assert {"processor", "system", "python", "codecs", "wsgistack", "date", "effort"} == set(found["machine"])
    assert "hardly measured" in found["machine"]["effort"]
    assert len(found["rows"]) > 5
    for row in found["rows"]:
        assert row["low"] <= row["median"] <= row["high"], row
        assert row["pairs"] >= 1 or not row.get("met"), row
        assert ("claim" in row) == ("target" in row) == ("met" in row)
    assert any("claim" in row for row in found["rows"])
    assert all("not installed" in reason or "no server is asked" in reason for reason in found["absent"])


def test_writes_a_page_that_can_be_read(written: Path) -> None:
    settings = {"halt_level": 2, "report_level": 2}
    docutils.core.publish_string(written.read_text("utf-8"), settings_overrides=settings)


def test_writes_plots(written: Path) -> None:
    drawn = list(written.parent.glob("*.svg"))
    assert all(ET.fromstring(path.read_text("utf-8")).tag.endswith("svg") for path in drawn)  # noqa: S314
    assert drawn or written.stem == "server"  # where no server is asked, there is nothing to draw


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["sta"], "invalid choice: 'sta'", id="name"),
        pytest.param(["start", "--output", __file__], "--output", id="output"),
    ],
)
def test_says_what_can_not_be_before_anything_is_measured(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert told in capsys.readouterr().err


def test_says_what_there_is() -> None:
    told = run("--help")
    assert all(name in told for name in ("conformance", *GROUPS, "--output", "--quick"))
