"""Measure all sides in turn, pair by pair, so that a disturbance of the machine affects all of them equally.

pyperf measures one side completely and then the other, in separate processes. On a machine whose speed changes by 15 %
within seconds, the ratio of the two contains that change. Here the two sides of a pair run within milliseconds of each
other, and the result is the median of the ratios of many pairs, with its quartiles.
"""

import gc
import random
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from statistics import median, quantiles
from time import perf_counter, process_time_ns
from types import FunctionType
from typing import NamedTuple, TypeVar, cast

__all__ = ["QUICK", "THOROUGH", "Case", "Effort", "Samples", "Spread", "copy_function", "interleave"]

Case = Callable[[], object]
"""One side: performs the measured work once."""

_Function = TypeVar("_Function", bound=Callable[..., object])
_WARM_UP_ROUNDS = 3
_SLOW = 10  # a case that takes so many times its batch needs no warm-up


class Effort(NamedTuple):
    """How much time one comparison gets.

    :param seconds: for all rounds together.
    :param batch: for one side in one round, in seconds; a side that takes longer runs once.
    :param least: the minimum number of rounds.
    """

    seconds: float
    batch: float
    least: int

    @property
    def is_quick(self) -> bool:
        """Whether the figures are not valid."""
        return not self.seconds

    def scale(self, factor: float) -> "Effort":
        """Multiply the seconds; a quick effort stays quick."""
        return self._replace(seconds=self.seconds * factor)


THOROUGH = Effort(seconds=2.0, batch=0.002, least=5)
QUICK = Effort(seconds=0.0, batch=0.00002, least=2)


class Spread(NamedTuple):
    """The median of a number of pairs, with its quartiles."""

    median: float
    low: float
    high: float
    pairs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Summarize values; without values, the spread has no pairs and meets no target."""
        values = [*values]
        if not values:
            return cls(0.0, 0.0, 0.0, 0)
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, _, high = quantiles(values, method="inclusive")
        return cls(median(values), low, high, len(values))


class Samples(NamedTuple):
    """The times of each side, in microseconds per call; items at the same index belong to the same round."""

    times: dict[str, list[float]]

    def cost(self, name: str, less: str = "") -> Spread:
        """The time of a side, or the time that it takes more than another side."""
        return Spread.of(self.rounds(name, less))

    def ratio(self, name: str, other: str, less: str = "") -> Spread:
        """Divide the times of two sides, or the times that both add to a third side."""
        ours, theirs = self.rounds(name, less), self.rounds(other, less)
        return Spread.of([mine / its for mine, its in zip(ours, theirs, strict=True) if its > 0])

    def rounds(self, name: str, less: str = "") -> list[float]:
        """The time of a side in each round, or the time that it took more than another side."""
        of_less = self.times[less] if less else repeat(0.0)
        return [took - subtracted for took, subtracted in zip(self.times[name], of_less, strict=False)]


def interleave(
    cases: Mapping[str, Case], effort: Effort = THOROUGH, clock: Callable[[], int] = process_time_ns
) -> Samples:
    """Run all sides in turn, in a new order in each round. Garbage is collected between them, not while they run.

    :param clock: returns nanoseconds. By default it counts processor time, which other processes do not change.
    """
    batches = {name: _Batch(case, effort.batch, clock) for name, case in cases.items()}
    took: dict[str, list[float]] = {name: [] for name in cases}
    order = list(cases)
    until = perf_counter() + effort.seconds
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        while len(took[order[0]]) < effort.least or perf_counter() < until:
            random.shuffle(order)
            for name in order:
                took[name].append(batches[name].run())
                gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return Samples(took)


def copy_function(function: _Function) -> _Function:
    """Copy a function together with its code object.

    The interpreter specializes code for the types that it sees. If two sides shared a line of the harness, each would
    undo the specialization of the other, and the time for that would be part of the measurement.
    """
    made = cast(FunctionType, function)
    code = made.__code__.replace()
    copy = FunctionType(code, made.__globals__, made.__name__, made.__defaults__, made.__closure__)
    return cast(_Function, copy)


class _Batch:
    def __init__(self, case: Case, seconds: float, clock: Callable[[], int]) -> None:
        self._case = case
        self._clock = clock
        self._repeated = copy_function(_repeat)
        self._times = 1
        for _ in range(_WARM_UP_ROUNDS):
            took = self.run()
            if took > seconds * 1e6 * _SLOW:
                break
            self._times = max(1, min(100_000, int(seconds * 1e6 / max(took, 0.01))))

    def run(self) -> float:
        begin = self._clock()
        self._repeated(self._case, self._times)
        return (self._clock() - begin) / self._times / 1000


def _repeat(case: Case, times: int) -> None:
    for _ in repeat(None, times):
        case()
