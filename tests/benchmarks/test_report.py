"""The pages, the data and the plots of the figures."""

import json
import shutil
from math import inf
from pathlib import Path
from xml.etree import ElementTree as ET

import docutils.core
import pytest

from benchmarks.__main__ import main
from benchmarks.machine import describe_machine
from benchmarks.pairs import Spread
from benchmarks.plots import Bar, draw_bars, draw_lines, format_figure
from benchmarks.report import write_group, write_targets
from benchmarks.rows import Findings, Group, Row, Table, at_least, at_most, describe_version, list_missing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
FAST = at_most(1.3, "fast enough")
SMALL = at_least(8.0, "small enough")
FINDINGS = Findings(
    [
        Row("ours", "", Spread(2.5, 2.25, 3.0, 41), "µs"),
        Row("ours", "their `layer` 1.0", Spread(1.25, 1.2, 1.4, 41), target=FAST),
        Row("ours", "another", Spread(7.5, 7.0, 8.5, 41), target=SMALL),
    ],
    {"some": draw_bars("A <plot>", [("a & b", [Bar("ours", 1.0, is_ours=True), Bar("theirs", 20.0)])])},
    ["Flask is not installed"],
    [Table("More", [["body", "bytes"], ["JSON", "12"]])],
)
GROUP = Group("some", "Some figures", "for tests", "\nHow it was\nmeasured.\n\nAnd more.\n", lambda effort: FINDINGS)


def words(page: str) -> str:
    settings = {"halt_level": 2, "output_encoding": "unicode", "report_level": 2}
    shown = docutils.core.publish_string(page, writer="pseudoxml", settings_overrides=settings)
    return str(shown)


def test_writes_a_page_with_all_findings(tmp_path: Path) -> None:
    data, plot, page = write_group(tmp_path / "new" / "figures", GROUP, FINDINGS, describe_machine())
    text = page.read_text("utf-8")
    assert [path.name for path in (data, plot, page)] == ["some.json", "some.svg", "some.rst"]
    for part in ("How it was measured.", "python -m benchmarks some", "Flask is not installed", "CPython", "JSON"):
        assert part in text
    assert "1.25 x" in text
    assert "≤ 1.30" in text
    assert "**no**" in text
    assert 'uri="some.svg"' in words(text)


def test_writes_data_that_says_whether_a_target_is_met(tmp_path: Path) -> None:
    found = json.loads(write_group(tmp_path, GROUP, FINDINGS, {"python": "3"})[0].read_text("utf-8"))
    assert found["machine"] == {"python": "3"}
    assert [row.get("met") for row in found["rows"]] == [None, True, False]
    assert found["rows"][1]["target"] == {"text": "fast enough", "bound": 1.3, "is_minimum": False}
    assert [Row.from_data(row) for row in found["rows"]] == FINDINGS.rows
    assert found["rows"][0]["median"] == 2.5
    assert found["tables"] == [{"title": "More", "lines": [["body", "bytes"], ["JSON", "12"]]}]


def test_writes_a_page_of_the_targets_of_all_groups(tmp_path: Path) -> None:
    write_group(tmp_path, GROUP, FINDINGS, {"python": "3"})
    text = write_targets(tmp_path, [GROUP, GROUP]).read_text("utf-8")
    assert "2 of 4 figures meet their target." in text
    assert text.count("**Fast enough**") == 1
    assert "2.50 µs" not in text
    assert 'refuri="some.rst"' in words(text)


def test_the_pages_in_the_documentation_show_the_data(tmp_path: Path) -> None:
    figures = ROOT / "docs/figures"
    shutil.copytree(figures, tmp_path / "figures")
    main(["pages", "--output", str(tmp_path)])
    for page in figures.glob("*.rst"):
        assert (tmp_path / "figures" / page.name).read_text("utf-8") == page.read_text("utf-8")


def test_refuses_to_write_pages_without_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["pages", "--output", str(tmp_path)])
    assert "has no data of layers, stack," in capsys.readouterr().err


def test_the_readme_shows_what_was_measured() -> None:
    readme = (ROOT / "README.rst").read_text("utf-8")
    stack = json.loads((ROOT / "docs/figures/stack.json").read_text("utf-8"))
    row = {(each["what"], each["compared_with"] or ""): format_figure(each["median"]) for each in stack["rows"]}
    browser = "five layers: 100 bytes, browser"
    [paste] = [what for what in row if what[0] == browser and what[1].startswith("Paste")]
    assert f"**{row[browser, '']} µs for five layers.**" in readme
    assert f"{row[paste]} of what Paste's four layers add" in " ".join(readme.split())
    assert f"add {row['public site: 15 layers', '']} µs" in " ".join(readme.split())
    assert stack["machine"]["date"] in readme


EXPLAINED = {
    "**cascade.": "cascade: the fallback answers",
    "**https, over https.": "https: over https",
    "**etag around a stream.": "etag: stream of 4 chunks",
    "**A tenth of the request id of oslo.middleware.": "every layer: at most a tenth",
    "**Five layers and one handwritten function": "the five layers: at most 1.3 times one handwritten function",
    "**More than 22 layers of tier T2.": "each of layers 17 to 32",
    "**Half of Paste's four layers.": "the five layers: at most half of Paste's four layers",
    "**The layer around its codec": "the layer: at most 5 µs",
    "and responses that are not compressed.**": "the layer: at most 2 µs for a response that is not compressed",
    "**At most 3 % of a Flask request of 200 µs.**": "a Flask request of 200 µs",
    "**The number of bytes of gzip and zstd.**": "gzip: at most 15 % more bytes",
    "of gzip and zstd.**": "zstd: no more bytes",
}
"""What ``docs/profile.rst`` says, and the target or the situation of which it explains the miss."""


def test_the_profile_explains_each_missed_target_and_no_other() -> None:
    page = " ".join((ROOT / "docs/profile.rst").read_text("utf-8").split())
    assert [words for words in EXPLAINED if words not in page] == []
    rows = [row for file in ROOT.glob("docs/figures/*.json") for row in json.loads(file.read_text("utf-8"))["rows"]]
    missed = [(row["what"], row["target"]["text"]) for row in rows if row.get("met") is False]
    explained = (*EXPLAINED.values(),)
    assert [row for row in missed if not any(text.startswith(explained) for text in row)] == []
    assert [each for each in explained if not any(text.startswith(each) for row in missed for text in row)] == []


def test_the_readme_shows_how_many_peers_break_a_rule() -> None:
    readme = (ROOT / "README.rst").read_text("utf-8")
    found = json.loads((ROOT / "docs/conformance.json").read_text("utf-8"))["peers"]
    ours = [each for each in found if each["title"].startswith("wsgistack")]
    theirs = [each for each in found if each not in ours]
    assert not any(each["failed"] for each in ours)
    assert f"**0 broken rules in {len(ours)} layers.**" in readme
    assert (
        f"Of {len(theirs)} middlewares of other projects, {sum(bool(each['failed']) for each in theirs)} break a"
        in readme
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.0123, "0.0123"),
        (1.0, "1.00"),
        (1.256, "1.26"),
        (41.98, "42.0"),
        (1234.5, "1234"),
        (-2.5, "-2.50"),
    ],
)
def test_shows_three_significant_digits(value: float, shown: str) -> None:
    assert format_figure(value) == shown


def test_plots_are_well_formed_and_show_all_names() -> None:
    points = {"ours <1>": [(1.0, 0.5), (1024.0, 20.0)], "theirs": [(1.0, 1.0), (1024.0, 900.0)], "none": [(1.0, 0.0)]}
    for drawn, names in (
        (FINDINGS.plots["some"], {"A <plot>", "a & b", "ours", "theirs"}),
        (draw_lines("Growth", "layers", "µs", points), {"Growth", "layers", "ours <1>", "theirs", "1k"}),
    ):
        root = ET.fromstring(drawn)  # noqa: S314
        assert names <= {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}


def test_a_bar_beyond_the_scale_is_cut_and_marked() -> None:
    drawn = draw_bars("t", [("g", [*(Bar(f"b{n}", 1.0) for n in range(9)), Bar("giant", 1000.0), Bar("less", -1.0)])])
    root = ET.fromstring(drawn)  # noqa: S314
    widths = [float(element.get("width", inf)) for element in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert "1000 →" in drawn
    assert max(widths[1:]) <= 860
    assert min(widths) == 0


def test_lists_missing_distributions() -> None:
    assert describe_version("a-distribution-that-nobody-has") is None
    assert describe_version("pytest") == f"pytest {pytest.__version__}"
    assert list_missing(["pytest", "a-distribution-that-nobody-has"] * 2) == [
        "a-distribution-that-nobody-has is not installed"
    ]
