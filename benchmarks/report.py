"""Writing down what was found: a page and data for each group, its plots, and a page of all claims."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.plots import format_figure
from benchmarks.rows import Group, Row
from benchmarks.rst import fill_paragraphs, make_table, make_title

__all__ = ["write_claims", "write_group"]

_HOW = (
    "Both sides run in turn, pair by pair, in a new order each round. A figure is the median of the pairs, with the "
    "quartiles between which half of them lie. A ratio below 1 is less than what stands beside it."
)


def write_group(folder: Path, group: Group, machine: Mapping[str, str]) -> list[Path]:
    """Write a page, data and plots.

    :param folder: where to; it is made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "group": group.name,
        "machine": machine,
        "rows": [row.as_data() for row in group.rows],
        "tables": [table._asdict() for table in group.tables],
        "absent": list(group.absent),
    }
    files = {
        f"{group.name}.rst": _make_page(group, machine),
        f"{group.name}.json": f"{json.dumps(data, indent=1, ensure_ascii=False)}\n",
        **{f"{name}.svg": drawn for name, drawn in group.plots.items()},
    }
    return [_write(folder / name, text) for name, text in files.items()]


def write_claims(folder: Path, groups: Sequence[Group], machine: Mapping[str, str]) -> Path:
    """Write the page of all claims, with what came of them."""
    rows = [row for group in groups for row in group.rows if row.claim]
    met = sum(bool(row.is_met) for row in rows)
    lines = [*make_title("Figures", "="), *fill_paragraphs(_HOW), *_describe_origin("python -m benchmarks", machine)]
    lines += fill_paragraphs(
        "More stands on the pages: " + ", ".join(f"`<{group.name}.rst>`_" for group in groups) + "."
    )
    lines += make_title("What is aimed at, and what came of it", "-")
    lines += [f"{met} of {len(rows)} figures reach what is aimed at.", ""]
    for claim in dict.fromkeys(row.claim for row in rows if row.claim):
        lines += [
            *fill_paragraphs(f"**{claim.text[0].upper()}{claim.text[1:]}**"),
            *_make_figures([r for r in rows if r.claim == claim]),
        ]
    return _write(folder / "figures.rst", "\n".join(lines).rstrip() + "\n")


def _make_page(group: Group, machine: Mapping[str, str]) -> str:
    lines = [*make_title(group.title, "="), *fill_paragraphs(*group.told.strip().split("\n\n"), _HOW)]
    lines += _describe_origin(f"python -m benchmarks {group.name}", machine)
    lines += [f"Left out: {reason}." for reason in group.absent] + [""]
    lines += [f".. image:: {name}.svg\n   :alt: {name}\n" for name in group.plots]
    lines += _make_figures(group.rows)
    for besides in group.tables:
        lines += [*make_title(besides.title, "-"), *make_table(besides.lines)]
    return "\n".join(lines).rstrip() + "\n"


def _make_figures(rows: Sequence[Row]) -> list[str]:
    cells = [("what", "beside", "figure", "quartiles", "pairs", "target", "met")]
    for row in rows:
        spread, claim = row.spread, row.claim
        cells.append(
            (
                row.what,
                row.beside or "—",
                f"{format_figure(spread.median)} {row.unit}",
                f"{format_figure(spread.low)} to {format_figure(spread.high)}",
                str(spread.pairs),
                f"{'≥' if claim.is_lower else '≤'} {format_figure(claim.target)}" if claim else "—",
                {True: "yes", False: "**no**", None: "—"}[row.is_met],
            )
        )
    return make_table(cells)


def _describe_origin(command: str, machine: Mapping[str, str]) -> list[str]:
    told = "; ".join(f"{name} {value}" for name, value in machine.items())
    return ["Made by::", "", f"    {command}", "", *fill_paragraphs(f"On {told}.")]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
