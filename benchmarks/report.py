"""Writing down what was found: a page and data for each group, its plots, and a page of all claims."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.plots import figure
from benchmarks.rows import Group, Row
from benchmarks.rst import paragraphs, table, titled

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
        f"{group.name}.rst": _page(group, machine),
        f"{group.name}.json": f"{json.dumps(data, indent=1, ensure_ascii=False)}\n",
        **{f"{name}.svg": drawn for name, drawn in group.plots.items()},
    }
    return [_written(folder / name, text) for name, text in files.items()]


def write_claims(folder: Path, groups: Sequence[Group], machine: Mapping[str, str]) -> Path:
    """Write the page of all claims, with what came of them."""
    rows = [row for group in groups for row in group.rows if row.claim]
    met = sum(bool(row.is_met) for row in rows)
    lines = [*titled("Figures", "="), *paragraphs(_HOW), *_origin("python -m benchmarks", machine)]
    lines += paragraphs("More stands on the pages: " + ", ".join(f"`<{group.name}.rst>`_" for group in groups) + ".")
    lines += titled("What is aimed at, and what came of it", "-")
    lines += [f"{met} of {len(rows)} figures reach what is aimed at.", ""]
    for claim in dict.fromkeys(row.claim for row in rows if row.claim):
        lines += [
            *paragraphs(f"**{claim.text[0].upper()}{claim.text[1:]}**"),
            *_figures([r for r in rows if r.claim == claim]),
        ]
    return _written(folder / "figures.rst", "\n".join(lines).rstrip() + "\n")


def _page(group: Group, machine: Mapping[str, str]) -> str:
    lines = [*titled(group.title, "="), *paragraphs(*group.told.strip().split("\n\n"), _HOW)]
    lines += _origin(f"python -m benchmarks {group.name}", machine)
    lines += [f"Left out: {reason}." for reason in group.absent] + [""]
    lines += [f".. image:: {name}.svg\n   :alt: {name}\n" for name in group.plots]
    lines += _figures(group.rows)
    for besides in group.tables:
        lines += [*titled(besides.title, "-"), *table(besides.lines)]
    return "\n".join(lines).rstrip() + "\n"


def _figures(rows: Sequence[Row]) -> list[str]:
    cells = [("what", "beside", "figure", "quartiles", "pairs", "target", "met")]
    for row in rows:
        spread, claim = row.spread, row.claim
        cells.append(
            (
                row.what,
                row.beside or "—",
                f"{figure(spread.median)} {row.unit}",
                f"{figure(spread.low)} to {figure(spread.high)}",
                str(spread.pairs),
                f"{'≥' if claim.is_lower else '≤'} {figure(claim.target)}" if claim else "—",
                {True: "yes", False: "**no**", None: "—"}[row.is_met],
            )
        )
    return table(cells)


def _origin(command: str, machine: Mapping[str, str]) -> list[str]:
    told = "; ".join(f"{name} {value}" for name, value in machine.items())
    return ["Made by::", "", f"    {command}", "", *paragraphs(f"On {told}.")]


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
