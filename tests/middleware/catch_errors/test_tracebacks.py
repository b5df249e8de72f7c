"""The text of a traceback, however long or broken its error is."""

import traceback

import pytest

from tests.middleware.catch_errors.failing import Unprintable, caught, fail
from wsgistack.middleware.catch_errors.tracebacks import MAX_TRACEBACK, format_error, message_of


def raising(error: Exception) -> Exception:
    def throw() -> None:
        raise error

    return caught(throw)


def chained() -> None:
    try:
        fail()
    except ValueError as error:
        raise RuntimeError("effect") from error


def test_is_the_same_as_that_of_python() -> None:
    noted = raising(KeyError("a"))
    noted.add_note("a note")
    for error in (caught(chained), noted, raising(ExceptionGroup("several", [ValueError(), noted]))):
        assert format_error(error) == ("".join(traceback.format_exception(error)), False)


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
    text, is_cut = format_error(raising(error))
    assert is_cut
    assert len(text) <= MAX_TRACEBACK + 100
    assert type(error).__name__ in text
    assert "in throw" in text


def test_keeps_both_ends_of_a_long_chain() -> None:
    error = raising(KeyError(0))
    for number in range(1, 1000):
        outer = ValueError(number)
        outer.__cause__ = error
        error = raising(outer)
    text, is_cut = format_error(error)
    assert is_cut
    assert len(text) <= MAX_TRACEBACK + 100
    assert "KeyError: 0" in text
    assert text.endswith("ValueError: 999\n")
    assert text.count("[...]") == 1


def test_survives_errors_that_cannot_be_shown() -> None:
    class Broken(Exception):  # noqa: N818
        __notes__ = property(lambda self: 1 / 0)

    error = raising(Broken())
    error.__traceback__ = error.__traceback__
    text, _ = format_error(error)
    assert "in throw" in text
    assert "Broken" in text
    assert "Unprintable" in format_error(raising(Unprintable()))[0]
    assert message_of(Unprintable()) == "<str() raises RuntimeError>"
    assert message_of(ValueError("a")) == "a"


def test_edits_each_part() -> None:
    assert "NO" in format_error(caught(fail), str.upper)[0]
