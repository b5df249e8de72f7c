"""Python in an ini file."""

import contextlib
import logging.handlers
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wsgistack import ConfigError
from wsgistack.config.log.code import Code


def test_is_evaluated_among_the_names_of_logging() -> None:
    assert Code("(sys.stderr, DEBUG, handlers)", Path()).value() == (sys.stderr, logging.DEBUG, logging.handlers)


def test_names_that_it_sets_are_forgotten() -> None:
    assert Code("(walrus := 5, walrus)", Path()).value() == (5, 5)
    assert not hasattr(logging, "walrus")


@pytest.mark.parametrize(
    ("text", "is_harmless"),
    [("(sys.stderr, 10 * 2, {'a': []})", True), ("(open('x', 'w'),)", False), ("[f'{len(x)}' for x in ()]", False)],
)
def test_is_harmless_if_nothing_is_called(text: str, is_harmless: bool) -> None:
    assert Code(text, Path()).is_harmless is is_harmless


def test_references_are_filled_in_where_they_break_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "80")
    (tmp_path / "password").write_text("it's \\ ${env:PORT}\n")
    code = Code("('${file:password}', int('${env:PORT}'), '$${env:PORT}')", tmp_path)
    assert code.value() == ("it's \\ ${env:PORT}", 80, "${env:PORT}")
    assert "80" in code.hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("('a' 5)", "is no expression of Python: invalid syntax"),
        ("(${env:PORT},)", "is no expression of Python: invalid syntax; a reference has to stand in quotes"),
        ("'${env:UNSET_NAME}', '${env:UNSET_OTHER}'", "environment variable UNSET_NAME is not set"),
        ("x = 5", "is no expression of Python: invalid syntax"),
        ("", "is no expression of Python: invalid syntax"),
        ("(" * 5000, "is no expression of Python: "),
        ("-" * 5000 + "1", "is no expression of Python: "),
    ],
)
def test_says_what_is_wrong(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Code(text, Path())
    assert str(caught.value.mistakes[0]).startswith(expected)


def test_tells_of_each_reference() -> None:
    with pytest.raises(ConfigError) as caught:
        Code("'${env:UNSET_NAME}', '${env:UNSET_OTHER}'", Path())
    assert len(caught.value.mistakes) == 2


def test_says_that_it_fails() -> None:
    with pytest.raises(ConfigError, match="can't be evaluated: ZeroDivisionError: division by zero"):
        Code("1 / 0", Path()).value()


@given(st.text("(){}[]'\"\\,.${}env:a1+- \n\0") | st.text())
@example("'\\ud800'")
def test_meets_any_text_with_a_mistake_only(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(Code(text, Path()).is_harmless, bool)
