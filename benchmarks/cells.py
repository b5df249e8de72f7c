"""Each body with each compressor: the time that it adds to its framework, and the bytes that it sends."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.bodies import Body
from benchmarks.compressors import COMPRESSORS, Compressor
from benchmarks.pairs import Effort, Samples, Spread, interleave
from benchmarks.rows import describe_version

__all__ = ["Cell", "list_installed", "measure_cell"]


class Cell(NamedTuple):
    """The results of all compressors for one body.

    :param sent: the number of bytes sent, by the title of the compressor.
    """

    body: Body
    samples: Samples
    sent: dict[str, int]

    def cost(self, one: Compressor) -> Spread:
        """The time that a compressor adds to its framework, in microseconds."""
        return self.samples.cost(one.title, less=_name_framework_alone(one))

    def compare_throughput(self, one: Compressor, other: Compressor) -> Spread:
        """Divide the throughput of one compressor by that of another, both without their frameworks."""
        pairs = zip(self._list_added(other), self._list_added(one), strict=True)
        return Spread.of([theirs / ours for theirs, ours in pairs if ours > 0])

    def _list_added(self, one: Compressor) -> list[float]:
        return self.samples.rounds(one.title, less=_name_framework_alone(one))

    def compare_bytes(self, one: Compressor, other: Compressor) -> Spread:
        """Divide the bytes that one compressor sends by those of another."""
        return Spread.of([self.sent[one.title] / self.sent[other.title]])


def list_installed(compressors: Sequence[Compressor] = COMPRESSORS) -> list[Compressor]:
    """List the compressors that are installed."""
    return [each for each in compressors if all(map(describe_version, each.needs))]


def measure_cell(body: Body, compressors: Sequence[Compressor], effort: Effort) -> Cell:
    """Measure all compressors with one body, and their frameworks alone."""
    cases = {}
    sent = {}
    for each in compressors:
        cases[each.title] = each.make_case(body)
        cases[_name_framework_alone(each)] = each.make_case(body, plain=True)
        chunks: list[bytes] = []
        each.make_case(body, chunks.append)()
        sent[each.title] = sum(map(len, chunks))
    return Cell(body, interleave(cases, effort), sent)


def _name_framework_alone(one: Compressor) -> str:
    return f"{one.framework} alone"
