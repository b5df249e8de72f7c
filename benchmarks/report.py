"""Write what was found: data, plots and a page for each group, and one page with all targets.

Pages are made from the data files alone, so that a change of their texts needs no new measurement.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.plots import format_figure
from benchmarks.rows import Findings, Group, Row
from benchmarks.rst import fill_paragraphs, make_table, make_title

__all__ = ["write_group", "write_page", "write_targets"]

_HOW = (
    "All sides run in turn, pair by pair, in a new order in each round. A figure is the median of all pairs, with its "
    "quartiles: half of the pairs are between them. A ratio below 1 means that the first side takes less."
)


def write_group(folder: Path, group: Group, findings: Findings, machine: Mapping[str, str]) -> list[Path]:
    """Write the data, the plots and the page of a group.

    :param folder: made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "group": group.name,
        "machine": machine,
        "rows": [row.to_data() for row in findings.rows],
        "tables": [table._asdict() for table in findings.tables],
        "plots": list(findings.plots),
        "missing": list(findings.missing),
    }
    written = [_write(folder / f"{group.name}.json", f"{json.dumps(data, indent=1, ensure_ascii=False)}\n")]
    written += [_write(folder / f"{name}.svg", drawn) for name, drawn in findings.plots.items()]
    return [*written, write_page(folder, group)]


def write_page(folder: Path, group: Group) -> Path:
    """Write the page of a group from its data file."""
    data = _read(folder, group)
    lines = [*make_title(group.title, "="), *fill_paragraphs(*group.method.strip().split("\n\n"), _HOW)]
    lines += _describe_origin(f"python -m benchmarks {group.name}", data["machine"])
    for reason in data["missing"]:
        lines += [f"Left out: {reason}.", ""]
    lines += [f".. image:: {name}.svg\n   :alt: {name}\n" for name in data["plots"]]
    lines += _make_figures([Row.from_data(row) for row in data["rows"]])
    for more in data["tables"]:
        lines += [*make_title(more["title"], "-"), *make_table(more["lines"])]
    return _write(folder / f"{group.name}.rst", "\n".join(lines).rstrip() + "\n")


def write_targets(folder: Path, groups: Sequence[Group]) -> Path:
    """Write the page of all targets with their results, from the data files."""
    data = [_read(folder, group) for group in groups]
    rows = [row for each in data for row in map(Row.from_data, each["rows"]) if row.target]
    met = sum(bool(row.is_met) for row in rows)
    lines = [*make_title("Figures", "="), *fill_paragraphs(_HOW)]
    lines += _describe_origin("python -m benchmarks", data[0]["machine"])
    lines += fill_paragraphs("Pages with all figures: " + ", ".join(f"`<{group.name}.rst>`_" for group in groups) + ".")
    lines += make_title("Targets and results", "-")
    lines += [f"{met} of {len(rows)} figures meet their target.", ""]
    for target in dict.fromkeys(row.target for row in rows if row.target):
        lines += [
            *fill_paragraphs(f"**{target.text[0].upper()}{target.text[1:]}**"),
            *_make_figures([row for row in rows if row.target == target]),
        ]
    return _write(folder / "figures.rst", "\n".join(lines).rstrip() + "\n")


def _make_figures(rows: Sequence[Row]) -> list[str]:
    cells = [("what", "compared with", "figure", "quartiles", "pairs", "target", "met")]
    for row in rows:
        spread, target = row.spread, row.target
        cells.append(
            (
                row.what,
                row.compared_with or "—",
                f"{format_figure(spread.median)} {row.unit}",
                f"{format_figure(spread.low)} to {format_figure(spread.high)}",
                str(spread.pairs),
                f"{'≥' if target.is_minimum else '≤'} {format_figure(target.bound)}" if target else "—",
                {True: "yes", False: "**no**", None: "—"}[row.is_met],
            )
        )
    return make_table(cells)


def _describe_origin(command: str, machine: Mapping[str, str]) -> list[str]:
    parts = "; ".join(f"{name}: {value}" for name, value in machine.items())
    return ["Made by::", "", f"    {command}", "", *fill_paragraphs(f"Measured on: {parts}.")]


def _read(folder: Path, group: Group) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / f"{group.name}.json").read_text("utf-8"))
    return data


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
