"""Single values: which are allowed, and what they are converted to."""

import math
from enum import Enum, IntEnum
from typing import Annotated, Literal, NewType

import pytest

from wsgistack.options.conversion import UnfitError, convert
from wsgistack.options.references import Text
from wsgistack.types import Duration, Size

DURATION = "a duration such as 1.5s, 1h30m or 30d"
UNQUOTED = "write it without quotes"
POINT = "write it without a decimal point"


class Coding(Enum):
    BR = "br"
    GZIP = "gzip"
    OFF = False
    BEST_ONE = 9


class Level(IntEnum):
    LOW = 1
    HIGH = 2


Port = NewType("Port", int)


@pytest.mark.parametrize(
    ("written", "annotation", "expected"),
    [
        pytest.param("true", bool, True, id="bool"),
        pytest.param("OFF", bool, False, id="bool in capitals"),
        pytest.param("0", bool, False, id="bool as a digit"),
        pytest.param("-7", int, -7, id="int"),
        pytest.param("1.5", float, 1.5, id="float"),
        pytest.param("1", float, 1.0, id="whole float"),
        pytest.param("none", str, "none", id="str"),
        pytest.param("", str, "", id="empty str"),
        pytest.param("stdout", Literal["stderr", "stdout"], "stdout", id="literal"),
        pytest.param("2", Literal[1, 2], 2, id="literal number"),
        pytest.param("64KiB", Size, 65536, id="size, binary"),
        pytest.param("1.001k", Size, 1001, id="size with a fraction"),
        pytest.param("9007199254740993", Size, 9007199254740993, id="size beyond the precision of floats"),
        pytest.param("1h30m", Duration, 5400.0, id="duration"),
        pytest.param("br", Coding, Coding.BR, id="enum by value"),
        pytest.param("Gzip", Coding, Coding.GZIP, id="enum by value in other case"),
        pytest.param("best-one", Coding, Coding.BEST_ONE, id="enum by name"),
        pytest.param("9", Coding, Coding.BEST_ONE, id="enum by a value that is no text"),
        pytest.param("2", Level, Level.HIGH, id="enum of numbers by value"),
        pytest.param("true", Literal["auto", True], True, id="literal bool"),
        pytest.param("AUTO", Literal["auto", True], "auto", id="literal in other case"),
        pytest.param("None", Literal["auto", None], None, id="literal none"),  # noqa: PYI061
        pytest.param("gzip", Literal[Coding.GZIP], Coding.GZIP, id="literal of an enum"),
        pytest.param("x", Literal["x", b"x"], "x", id="literal bytes beside text"),
        pytest.param("8080", Port, 8080, id="new type"),
        pytest.param("1_000", int, 1000, id="int with a separator"),
        pytest.param("-10.5e-1", float, -1.05, id="float with all that it may have"),
        pytest.param(".5", float, 0.5, id="float without a digit before the point"),
        pytest.param("-inf", float, -math.inf, id="infinite float"),
        pytest.param("5", Annotated[int, "seconds"], 5, id="annotated otherwise"),
    ],
)
def test_reads_text(written: str, annotation: object, expected: object) -> None:
    made = convert(Text(written), annotation)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        pytest.param(True, bool, True, id="bool"),
        pytest.param(3, float, 3.0, id="int for float"),
        pytest.param("none", str, "none", id="none where that is no choice"),
        pytest.param(2, Level, Level.HIGH, id="enum by value"),
        pytest.param(False, Coding, Coding.OFF, id="enum by a value that is a bool"),
        pytest.param("high", Level, Level.HIGH, id="enum by name"),
        pytest.param(Level.LOW, Level, Level.LOW, id="member of the enum"),
        pytest.param(b"x", Literal["x", b"x"], b"x", id="literal bytes"),
        pytest.param(True, Literal[1, True], True, id="literal bool beside a number that equals it"),
        pytest.param(90, Duration, 90.0, id="duration as a number"),
        pytest.param("10m", Duration, 600.0, id="duration"),
        pytest.param("1 k", Size, 1000, id="size"),
        pytest.param(0, Size, 0, id="size as a number"),
    ],
)
def test_takes_typed_values(value: object, annotation: object, expected: object) -> None:
    made = convert(value, annotation)
    assert made == expected
    assert type(made) is type(expected)


def test_reads_a_number_that_is_none() -> None:
    assert str(convert(Text("nan"), float)) == "nan"


@pytest.mark.parametrize(
    ("written", "annotation", "expected", "hint"),
    [
        pytest.param("yess", bool, "true or false", "did you mean 'yes'?", id="bool"),
        pytest.param("1.0", int, "a whole number", "", id="int"),
        pytest.param("1" * 5000, int, "a whole number", "", id="int of thousands of digits"),
        pytest.param("one", float, "a number", "", id="float"),
        pytest.param("stdot", Literal["stderr", "stdout"], "stderr or stdout", "did you mean 'stdout'?", id="literal"),
        pytest.param("gzp", Coding, "br, gzip, OFF or BEST_ONE", "did you mean 'gzip'?", id="enum"),
        pytest.param("5 apples", Duration, DURATION, "", id="duration"),
        pytest.param("5 apples", Size, "a size such as 500, 64KiB or 10 MB", "", id="size"),
    ],
)
def test_refuses_text(written: str, annotation: object, expected: str, hint: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(Text(written), annotation)
    assert (caught.value.expected, caught.value.hint) == (expected, hint)


@pytest.mark.parametrize(
    ("value", "annotation", "expected", "hint"),
    [
        pytest.param("true", bool, "true or false", UNQUOTED, id="text for bool"),
        pytest.param("yess", bool, "true or false", "", id="other text for bool"),
        pytest.param(1, bool, "true or false", "", id="int for bool"),
        pytest.param(True, int, "a whole number", "", id="bool for int"),
        pytest.param("1", int, "a whole number", UNQUOTED, id="text for int"),
        pytest.param(1.0, int, "a whole number", POINT, id="float for int"),
        pytest.param(True, float, "a number", "", id="bool for float"),
        pytest.param(10**400, float, "a number", "", id="int that no float can hold"),
        pytest.param(1, str, "text", "write it in quotes", id="int for text"),
        pytest.param([], str, "text", "", id="list for text"),
        pytest.param("", None, "none", "", id="text for none"),
        pytest.param(3, Literal["a"], "a", "", id="int for a literal"),
        pytest.param("1", Literal["a", 1], "a or 1", UNQUOTED, id="text for a literal number"),
        pytest.param(True, Literal[1], "1", "", id="bool for a literal number"),
        pytest.param(1.0, Literal[1], "1", "", id="float for a literal number"),
        pytest.param(True, Level, "LOW or HIGH", "", id="bool for an enum of numbers"),
        pytest.param("1", Level, "LOW or HIGH", "", id="text for an enum of numbers"),
        pytest.param(True, Size, "a size such as 500, 64KiB or 10 MB", "", id="bool for a size"),
        pytest.param(math.nan, Duration, DURATION, "", id="no number for a duration"),
    ],
)
def test_refuses_typed_values(value: object, annotation: object, expected: str, hint: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(value, annotation)
    assert (caught.value.expected, caught.value.hint) == (expected, hint)
