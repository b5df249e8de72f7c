"""Which values are the same, and which layers of two lists stand for each other."""

from typing import Any

import pytest

from wsgistack import Gzip, Pipeline
from wsgistack.config.matching import alike, is_like, matched, moved
from wsgistack.pipeline.spec import Spec

NAN = float("nan")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(1, 1, True, id="numbers"),
        pytest.param(1, True, False, id="a number and a truth"),
        pytest.param(1, 1.0, False, id="a whole number and another one"),
        pytest.param(NAN, float("nan"), True, id="no number"),
        pytest.param([1, (2,)], [1, (2,)], True, id="lists"),
        pytest.param([1], (1,), False, id="a list and a tuple"),
        pytest.param([1], [True], False, id="lists of other types"),
        pytest.param([1], [1, 2], False, id="a longer list"),
        pytest.param({"a": [NAN]}, {"a": [NAN]}, True, id="mappings"),
        pytest.param({"a": 1}, {"a": True}, False, id="mappings to other types"),
        pytest.param({"a": 1}, {"b": 1}, False, id="mappings from other names"),
    ],
)
def test_tells_whether_values_are_the_same(one: Any, other: Any, is_same: bool) -> None:
    assert alike(one, other) is is_same


def test_tells_whether_layers_are_of_the_same_kind() -> None:
    assert is_like(Spec("gzip", {"level": 1}), Spec("wsgistack:Gzip", name="other"))
    assert is_like(Spec("a.b:c"), Spec("a.b:c"))
    assert not is_like(Spec("gzip"), Spec("lint"))


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        pytest.param(["gzip", "lint"], ["lint", "gzip"], {0: 1, 1: 0}, id="in another order"),
        pytest.param(["request-id"], ["request_id"], {0: 0}, id="dashes"),
        pytest.param(["gzip", "gzip"], ["gzip"], {0: 0}, id="twice and once"),
        pytest.param(["gzip"], [{"use": "lint", "name": "gzip"}], {0: 0}, id="the name of another"),
        pytest.param(["gzip", "lint"], [{"use": Gzip, "name": "x"}], {0: 0}, id="the same under another name"),
        pytest.param(["gzip"], ["lint"], {}, id="nothing in common"),
        pytest.param(
            [{"use": "gzip", "name": "a"}, "gzip"],
            ["gzip", {"use": "gzip", "name": "b"}],
            {1: 0, 0: 1},
            id="names first",
        ),
    ],
)
def test_finds_where_layers_are_now(old: list[Any], new: list[Any], places: dict[int, int]) -> None:
    assert matched(Pipeline(old).specs, Pipeline(new).specs) == places


@pytest.mark.parametrize(
    ("places", "others"),
    [
        ({0: 0, 1: 1, 2: 2}, set()),
        ({0: 3, 1: 0, 2: 1, 3: 2}, {0}),
        ({0: 1, 1: 2, 2: 0}, {2}),
        ({0: 4, 2: 5, 7: 6}, set()),
        ({}, set()),
    ],
)
def test_names_the_fewest_that_moved(places: dict[int, int], others: set[int]) -> None:
    assert moved(places) == others
