"""Results of a measurement: rows with a figure each, perhaps with a target, and the groups that they belong to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from benchmarks.pairs import Effort, Spread

__all__ = ["Findings", "Group", "Row", "Table", "Target", "at_least", "at_most", "describe_version", "list_missing"]


class Target(NamedTuple):
    """A bound that a figure is to keep.

    :param text: the target in words.
    :param is_minimum: whether the figure must not be below the bound; by default it must not be above.
    """

    text: str
    bound: float
    is_minimum: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether a figure keeps the bound."""
        return value >= self.bound if self.is_minimum else value <= self.bound


def at_most(bound: float, text: str) -> Target:
    """Make a target for a figure that must not be above the bound."""
    return Target(text, bound)


def at_least(bound: float, text: str) -> Target:
    """Make a target for a figure that must not be below the bound."""
    return Target(text, bound, is_minimum=True)


class Row(NamedTuple):
    """One figure.

    :param what: what was measured.
    :param compared_with: the other side, a peer with its version; empty for a figure that is not a ratio.
    :param spread: the median with its quartiles.
    :param unit: ``x`` for a ratio.
    """

    what: str
    compared_with: str
    spread: Spread
    unit: str = "x"
    target: Target | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the figure meets its target; None for a row without a target."""
        return self.spread.pairs > 0 and self.target.is_met_by(self.spread.median) if self.target else None

    def to_data(self) -> dict[str, object]:
        """The row for JSON."""
        target = {"target": self.target._asdict(), "met": self.is_met} if self.target else {}
        figure = {"what": self.what, "compared_with": self.compared_with, "unit": self.unit}
        return {**figure, **self.spread._asdict(), **target}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Row":
        """Read a row from JSON."""
        spread = Spread(*(data[name] for name in Spread._fields))
        target = Target(**data["target"]) if "target" in data else None
        return cls(data["what"], data["compared_with"], spread, data["unit"], target)


class Table(NamedTuple):
    """More figures, without targets.

    :param lines: rows of cells; the first is the head.
    """

    title: str
    lines: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Findings:
    """Everything that one measurement found.

    :param plots: drawings in SVG, by name.
    :param missing: what was left out, with the reason.
    """

    rows: Sequence[Row]
    plots: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    tables: Sequence[Table] = ()


class Group(NamedTuple):
    """A group of measurements with a page of its own.

    :param name: the name of its command and of its files.
    :param summary: one line for the help of the command.
    :param method: how it is measured, in paragraphs for the page.
    """

    name: str
    title: str
    summary: str
    method: str
    measure: Callable[[Effort], Findings]


def describe_version(distribution: str) -> str | None:
    """Name a distribution with its version, or return None if it is not installed."""
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return None


def list_missing(distributions: Iterable[str]) -> list[str]:
    """List the distributions that are not installed, as reasons."""
    return [f"{name} is not installed" for name in dict.fromkeys(distributions) if not describe_version(name)]
