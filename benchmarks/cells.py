"""Each body with each compressor: what it adds to its framework, and what goes to the client."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.bodies import Body
from benchmarks.compressors import COMPRESSORS, Compressor
from benchmarks.pairs import Effort, Samples, Spread, interleave
from benchmarks.rows import describe_version

__all__ = ["Cell", "measure_cell", "present"]


class Cell(NamedTuple):
    """One body, and what everybody made of it.

    :param sent: the bytes that went to the client, by the title of the compressor.
    """

    body: Body
    samples: Samples
    sent: dict[str, int]

    def cost(self, one: Compressor) -> Spread:
        """What a compressor adds to its framework, in microseconds."""
        return self.samples.cost(one.title, less=_name_framework_alone(one))

    def compare_throughput(self, one: Compressor, other: Compressor) -> Spread:
        """How many times the throughput of another one it has, both without their frameworks."""
        pairs = zip(self._list_added(other), self._list_added(one), strict=True)
        return Spread.of([theirs / ours for theirs, ours in pairs if ours > 0])

    def _list_added(self, one: Compressor) -> list[float]:
        return self.samples.rounds(one.title, less=_name_framework_alone(one))

    def compare_bytes(self, one: Compressor, other: Compressor) -> Spread:
        """How many times the bytes of another one it sends."""
        return Spread.of([self.sent[one.title] / self.sent[other.title]])


def list_installed(compressors: Sequence[Compressor] = COMPRESSORS) -> list[Compressor]:
    """Those that are installed."""
    return [each for each in compressors if all(map(describe_version, each.needs))]


def measure_cell(body: Body, compressors: Sequence[Compressor], effort: Effort) -> Cell:
    """Have all of them answer with a body, and their frameworks alone as well."""
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
