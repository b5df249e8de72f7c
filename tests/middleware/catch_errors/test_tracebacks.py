"""The text of a traceback, however long or broken its error is."""

import traceback

import pytest

from tests.middleware.catch_errors.debug.failing import catch, describe
from tests.middleware.catch_errors.failing import Unprintable, caught, fail
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.tracebacks import MAX_TRACEBACK, format_error, write_traceback
from wsgistack.middleware.catch_errors.values import Values

VALUES = Values(Redaction())


def raising(error: Exception) -> Exception:
    def throw() -> None:
        raise error

    return caught(throw)


def _divide(number: int) -> float:
    return 1 / number + 2


def _caused() -> None:
    try:
        _divide(0)
    except ZeroDivisionError as error:
        raise ValueError("effect") from error


def test_writes_a_traceback_as_python_does() -> None:
    lines = write_traceback(describe(_caused)).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    place = lines.index("ZeroDivisionError: division by zero")
    assert lines[place - 3 : place] == [
        f'  File "{__file__}", line {_divide.__code__.co_firstlineno + 1}, in _divide',
        "    return 1 / number + 2",
        "           ^^^^^^^^^^",
    ]
    assert lines[place + 2] == "The above exception was the direct cause of the following exception:"
    assert lines[-1] == "ValueError: effect"


def test_writes_groups_notes_and_what_is_left_out() -> None:
    def down(number: int) -> float:
        return down(number - 1) if number else 1 / 0

    def group() -> None:
        error = catch(lambda: down(9))
        error.add_note("a note")
        raise BaseExceptionGroup("several", [error, KeyError()])

    text = write_traceback(describe(group))
    assert "\n  +- 1 of 2\n" in text
    assert "\n  +- 2 of 2\n  | KeyError" in text
    assert "\n  | a note\n" in text
    assert "  |   [this call repeated 8 more times]" in text


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a" * 100_000_000),
        ValueError("a\n" * 1_000_000),
        ExceptionGroup("a" * 100_000, [ValueError("b" * 10_000_000), OSError("c" * 100_000)]),
    ],
    ids=["one line", "many lines", "a group"],
)
def test_cuts_long_messages(error: Exception) -> None:
    text = format_error(raising(error), VALUES)
    assert len(text) <= MAX_TRACEBACK
    assert " characters)" in text
    assert type(error).__name__ in text
    assert "in throw" in text


def test_keeps_both_ends_of_a_long_text() -> None:
    error = raising(ExceptionGroup("several", [ValueError(f"{number} {'a' * 4000}") for number in range(100)]))
    text = format_error(error, VALUES)
    assert len(text) <= MAX_TRACEBACK + 100
    assert "ValueError: 0 a" in text
    assert text.count("[...]") == 1
    assert text.endswith("more exceptions")


def test_survives_errors_that_cannot_be_shown() -> None:
    class Broken(Exception):  # noqa: N818
        __notes__ = property(lambda self: 1 / 0)

    text = format_error(raising(Broken()), VALUES)
    assert "in throw" in text
    assert "Broken" in text
    assert "Unprintable" in format_error(raising(Unprintable()), VALUES)


def test_looks_like_that_of_python() -> None:
    error = caught(fail)
    theirs = "".join(traceback.format_exception(error)).strip()
    shown = [line for line in theirs.split("\n") if line.strip(" ~^")]  # Python 3.13 marks a call that fills its line
    assert format_error(error, VALUES).split("\n") == shown
