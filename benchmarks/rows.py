"""What comes out of a measurement: rows, each of them a figure, and perhaps a claim that it supports or refutes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from benchmarks.pairs import Spread

__all__ = ["Claim", "Group", "Row", "Table", "absent", "at_least", "at_most", "installed"]


class Target(NamedTuple):
    """What is to be reached.

    :param text: in words.
    :param target: the bound.
    :param is_lower: whether it bounds from below.
    """

    text: str
    target: float
    is_lower: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether a figure reaches it."""
        return value >= self.target if self.is_lower else value <= self.target


def at_most(target: float, text: str) -> Target:
    """A claim that a figure is no more than that."""
    return Target(text, target)


def at_least(target: float, text: str) -> Target:
    """A claim that a figure is no less than that."""
    return Target(text, target, is_lower=True)


class Row(NamedTuple):
    """A figure.

    :param what: was measured.
    :param beside: what it was measured against, with the version of a peer; empty where the figure stands alone.
    :param spread: its median and quartiles.
    :param unit: ``x`` for a ratio.
    :param claim: that it decides, if any.
    """

    what: str
    compared_with: str
    spread: Spread
    unit: str = "x"
    target: Target | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the claim holds; None where there is none."""
        return self.spread.pairs > 0 and self.target.is_met_by(self.spread.median) if self.target else None

    def to_data(self) -> dict[str, object]:
        """The row for JSON."""
        claim = {"claim": self.target.text, "target": self.target.target, "met": self.is_met} if self.target else {}
        return {"what": self.what, "beside": self.compared_with, "unit": self.unit, **self.spread._asdict(), **claim}


class Table(NamedTuple):
    """What is told besides, with nothing that is claimed.

    :param lines: of cells; the first is the head.
    """

    title: str
    lines: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Group:
    """All that one measurement found.

    :param name: of its files.
    :param told: how it was measured, in paragraphs.
    :param plots: drawings in SVG by name.
    :param absent: what was left out, with the reason.
    """

    name: str
    title: str
    told: str
    rows: Sequence[Row]
    plots: Mapping[str, str] = field(default_factory=dict)
    absent: Sequence[str] = ()
    tables: Sequence[Table] = ()


def describe_version(distribution: str) -> str | None:
    """A distribution with its version, or None where it is not installed."""
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return None


def list_missing(distributions: Iterable[str]) -> list[str]:
    """Say which distributions are not installed."""
    return [f"{name} is not installed" for name in dict.fromkeys(distributions) if not describe_version(name)]
