"""Measuring in pairs: spreads, ratios and differences, and that all sides run in every round."""

import gc
from collections.abc import Callable
from itertools import count
from time import sleep

import pytest

from benchmarks.pairs import QUICK, THOROUGH, Effort, Samples, Spread, copy_function, interleave
from benchmarks.rows import Row, at_most

pytestmark = pytest.mark.slow

FEW = Effort(seconds=0.0, batch=0.0, least=3)


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        pytest.param([4.0], Spread(4.0, 4.0, 4.0, 1), id="one"),
        pytest.param([1.0, 3.0], Spread(2.0, 1.5, 2.5, 2), id="two"),
        pytest.param([5.0, 1.0, 2.0, 4.0, 3.0], Spread(3.0, 2.0, 4.0, 5), id="five"),
    ],
)
def test_a_spread_is_the_median_with_its_quartiles(values: list[float], spread: Spread) -> None:
    assert Spread.of(values) == spread


def test_figures_come_from_pairs_and_not_from_sums() -> None:
    samples = Samples({"alone": [1.0, 10.0, 1.0], "ours": [3.0, 30.0, 5.0], "theirs": [2.0, 20.0, 2.0]})
    assert samples.ratio("ours", "theirs").median == 1.5
    assert samples.ratio("ours", "theirs", less="alone").median == 2.0
    assert samples.cost("ours", less="alone").median == 4.0
    assert samples.rounds("theirs", less="alone") == [1.0, 10.0, 1.0]


def test_leaves_out_a_pair_whose_other_side_took_no_time() -> None:
    samples = Samples({"alone": [1.0, 1.0], "ours": [3.0, 3.0], "theirs": [2.0, 1.0]})
    assert samples.ratio("ours", "theirs", less="alone") == Spread(2.0, 2.0, 2.0, 1)


def test_a_ratio_without_pairs_meets_no_target() -> None:
    samples = Samples({"alone": [2.0, 2.0], "ours": [3.0, 3.0], "theirs": [2.0, 1.0]})
    nothing = samples.ratio("ours", "theirs", less="alone")
    assert nothing == Spread(0.0, 0.0, 0.0, 0)
    assert Row("ours", "theirs", nothing, target=at_most(1.3, "fast")).is_met is False


def test_every_side_runs_in_every_round() -> None:
    ran: list[str] = []
    samples = interleave({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, FEW)
    assert {name: len(rounds) for name, rounds in samples.times.items()} == {"a": 3, "b": 3}
    assert ran.count("a") == ran.count("b")
    for begin in range(len(ran) - 6, len(ran), 2):
        assert {*ran[begin : begin + 2]} == {"a", "b"}


def test_collects_no_garbage_while_a_side_runs() -> None:
    found: list[bool] = []
    interleave({"a": lambda: found.append(gc.isenabled())}, FEW)
    assert found[-3:] == [False] * 3
    assert gc.isenabled()


def test_a_side_that_raises_leaves_the_garbage_collector_as_it_was() -> None:
    calls = count()

    def fails() -> None:
        if next(calls) > 1:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        interleave({"a": fails}, FEW)
    assert gc.isenabled()


def test_times_are_microseconds_of_the_given_clock() -> None:
    ticks = count(step=5000)
    samples = interleave({"a": lambda: None}, FEW, lambda: next(ticks))
    assert samples.cost("a") == Spread(5.0, 5.0, 5.0, 3)


def test_a_slow_side_gets_no_warm_up() -> None:
    calls: list[None] = []

    def slow() -> None:
        calls.append(None)
        sleep(0.001)

    interleave({"a": slow}, Effort(0.0, 1e-6, 2), lambda: len(calls) * 10**9)
    assert len(calls) == 3


def test_a_copied_function_does_the_same_with_its_own_code() -> None:
    def adding(number: int) -> Callable[..., int]:
        return lambda other, more=1: number + other + more

    made = adding(2)
    copy = copy_function(made)
    assert copy(3) == made(3) == 6
    assert copy.__code__ is not made.__code__


def test_scaling_changes_the_seconds_and_quick_stays_quick() -> None:
    assert THOROUGH.scale(2).seconds == 2 * THOROUGH.seconds
    assert not THOROUGH.is_quick
    assert QUICK.scale(2).is_quick
