"""Numbers with units: sizes and durations."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.options.conversion import UnfitError, convert, write
from wsgistack.types import Duration, Size


def read_size(value: object) -> object:
    return convert(value, Size)


def read_duration(value: object) -> object:
    return convert(value, Duration)


UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        ("64KiB", 65536),
        ("64 kiB", 65536),
        (" 1 k", 1000),
        ("1.001k", 1001),
        ("10 MB", 10_000_000),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_reads_sizes(value: object, expected: int) -> None:
    assert read_size(value) == expected


@pytest.mark.parametrize("value", ["", "5 apples", "9" * 400, "1kb", "1 KB B", "1e3", "٣", "-", "--1", 1.0, True, None])
def test_refuses_invalid_sizes(value: object) -> None:
    with pytest.raises(UnfitError, match="a size such as 500, 64KiB or 10 MB"):
        read_size(value)


@given(st.integers(0, 10**9), st.integers(0, 999), st.sampled_from(["", "k", "M", "G", "T"]), st.booleans())
def test_reads_any_size_exactly(whole: int, thousandths: int, prefix: str, binary: bool) -> None:
    unit = f"{prefix}{'i' if prefix and binary else ''}B"
    factor = (1024 if "i" in unit else 1000) ** " kMGT".index(prefix or " ")
    exact = (whole + Fraction(thousandths, 1000)) * factor
    assert read_size(f"{whole}.{thousandths:03} {unit}") == math.floor(exact)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (0.5, 0.5),
        ("90", 90.0),
        (" 1.5s\n", 1.5),
        ("10m", 600.0),
        ("10 m", 600.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("250ms", 0.25),
        ("1h30m", 5400.0),
        ("1m 250ms", 60.25),
        ("1d 2h 3m 4s 5ms", 93784.005),
    ],
)
def test_reads_durations(value: object, expected: float) -> None:
    made = read_duration(value)
    assert made == expected
    assert type(made) is float


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("soon", id="word"),
        pytest.param("m", id="unit alone"),
        pytest.param("1h30", id="number without unit after one with"),
        pytest.param("30m1h", id="wrong order"),
        pytest.param("1m1m", id="unit twice"),
        pytest.param("10M", id="unit in capitals"),
        pytest.param("inf", id="infinite text"),
        pytest.param("٣s", id="digits of another script"),
        pytest.param(math.nan, id="no number"),
        pytest.param(math.inf, id="infinite"),
        pytest.param(10**400, id="more than a float can hold"),
        pytest.param(True, id="bool"),
        pytest.param(None, id="nothing"),
    ],
)
def test_refuses_invalid_durations(value: object) -> None:
    with pytest.raises(UnfitError, match=r"a duration such as 1\.5s, 1h30m or 30d"):
        read_duration(value)


@pytest.mark.parametrize("value", ["-1", "-64 KiB", -1, -1.5])
def test_refuses_a_negative_size(value: object) -> None:
    with pytest.raises(UnfitError, match=r"^.'0 or more, such as 500, 64KiB or 10 MB'"):
        read_size(value)


@pytest.mark.parametrize("value", ["-1s", "-1h30m", -1, -0.1, -math.inf])
def test_refuses_a_negative_duration(value: object) -> None:
    with pytest.raises(UnfitError, match=r"^.'0 or more, such as 1\.5s, 1h30m or 30d'"):
        read_duration(value)


@given(st.dictionaries(st.sampled_from(list(UNITS)), st.integers(0, 10**6), min_size=1), st.sampled_from(["", " "]))
def test_reads_any_duration_exactly(amounts: dict[str, int], separator: str) -> None:
    written = separator.join(f"{amounts[unit]}{unit}" for unit in UNITS if unit in amounts)
    exact = Fraction(sum(amount * UNITS[unit] for unit, amount in amounts.items()), 1000)
    assert read_duration(written) == float(exact)


@given(st.integers(0) | st.integers(0, 9).map(lambda number: 1000**number))
def test_reads_each_size_that_it_writes(size: int) -> None:
    assert read_size(write(size, Size)) == size


@given(st.floats(0, allow_infinity=False) | st.integers(0, 10**16).map(float))
def test_reads_each_duration_that_it_writes(duration: float) -> None:
    assert read_duration(write(duration, Duration)) == duration


def test_writes_a_unit_only_where_the_annotation_means_one() -> None:
    for annotation in (float, int, float | None, str, Size):
        assert write(3600.0, annotation) == 3600.0
    assert write(3600.0, Duration | None) == "1h"
    assert write(3600, Duration) == "1h"
    assert write(True, Size) is True
    assert write(True, Duration) is True


@pytest.mark.parametrize("number", [math.inf, -math.inf, -60.0, 0.0, 0.5, 1e16])
def test_writes_a_number_that_no_unit_fits_as_it_is(number: float) -> None:
    assert write(number, Duration) == number
