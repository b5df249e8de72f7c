"""Measuring sides in turn, pair by pair: what disturbs the machine meanwhile disturbs them alike.

pyperf measures one thing, then the other, each many times in processes of its own. Where the machine itself gets faster
and slower by 15 % within seconds, their ratio holds that; here a pair lies within milliseconds, and the median of the
ratios of many pairs is told, with its quartiles.
"""

import gc
import random
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from statistics import median, quantiles
from time import perf_counter, process_time_ns
from types import FunctionType
from typing import NamedTuple, TypeVar, cast

__all__ = ["QUICK", "THOROUGH", "Case", "Effort", "Samples", "Spread", "fresh", "interleave"]

Case = Callable[[], object]
"""One side: does once what is measured."""

_Function = TypeVar("_Function", bound=Callable[..., object])
_WARMING = 3
_SLOW = 10


class Effort(NamedTuple):
    """How much is done for one comparison.

    :param seconds: to spend on all of its rounds.
    :param batch: seconds that each side is repeated for in a round; a longer one is run once.
    :param least: rounds to run in any case.
    """

    seconds: float
    batch: float
    least: int

    @property
    def is_quick(self) -> bool:
        """Whether nothing is really measured."""
        return not self.seconds

    def scale(self, factor: float) -> "Effort":
        """The same with more or less seconds; what is quick stays quick."""
        return self._replace(seconds=self.seconds * factor)


THOROUGH = Effort(seconds=2.0, batch=0.002, least=5)
QUICK = Effort(seconds=0.0, batch=0.00002, least=2)


class Spread(NamedTuple):
    """A median, with the quartiles around it, of so many pairs."""

    median: float
    low: float
    high: float
    pairs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """What some values come to; of none, nothing that supports a claim."""
        values = [*values]
        if not values:
            return cls(0.0, 0.0, 0.0, 0)
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, _, high = quantiles(values, method="inclusive")
        return cls(median(values), low, high, len(values))


class Samples(NamedTuple):
    """What each side took in each round, in microseconds a call: equal places of the lists are of one round."""

    times: dict[str, list[float]]

    def cost(self, name: str, less: str = "") -> Spread:
        """What a side takes, or what it takes more than another one."""
        return Spread.of(self.rounds(name, less))

    def ratio(self, name: str, beside: str, less: str = "") -> Spread:
        """How many times as long a side takes as another one, or what both add to a third one."""
        ours, theirs = self.rounds(name, less), self.rounds(beside, less)
        return Spread.of([mine / other for mine, other in zip(ours, theirs, strict=True) if other > 0])

    def rounds(self, name: str, less: str = "") -> list[float]:
        """What a side took in each round, or what it took more than another one."""
        of_less = self.times[less] if less else repeat(0.0)
        return [took - subtracted for took, subtracted in zip(self.times[name], of_less, strict=False)]


def interleave(
    cases: Mapping[str, Case], effort: Effort = THOROUGH, clock: Callable[[], int] = process_time_ns
) -> Samples:
    """Run all sides in turn, in a new order each round, with the garbage collected between them and not meanwhile.

    :param clock: in nanoseconds. By default processor time, which other processes do not add to.
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
    """A copy of a function with code of its own.

    The interpreter specializes code for what it meets. Sides that share a line of the harness would undo that for each
    other, and pay for it.
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
        for _ in range(_WARMING):
            took = self.run()
            if took > seconds * 1e6 * _SLOW:  # there is nothing to warm
                break
            self._times = max(1, min(100_000, int(seconds * 1e6 / max(took, 0.01))))

    def run(self) -> float:
        begin = self._clock()
        self._repeated(self._case, self._times)
        return (self._clock() - begin) / self._times / 1000


def _repeat(case: Case, times: int) -> None:
    for _ in repeat(None, times):
        case()
