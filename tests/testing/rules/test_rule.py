"""Rules, and the books that contain them."""

import re
from collections.abc import Iterator

import pytest

from wsgistack.errors import Breach
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.rules.rule import RuleBook, read_clause


def test_a_function_is_a_rule_and_its_docstring_is_the_clause() -> None:
    book: RuleBook[int] = RuleBook()

    @book.rule
    def is_small(number: int) -> Iterator[str]:
        """A number is small
        (somewhere).
        """
        if number > 9:
            yield f"{number} is large"

    @book.rule
    def is_even(number: int) -> Iterator[str]:
        """A number is even."""
        if number % 2:
            yield f"{number} is odd"

    assert list(book.rules) == ["is_small", "is_even"]
    assert book.breaches(4) == []
    assert book.breaches(11) == [
        Breach("is_small", "A number is small (somewhere).", "11 is large"),
        Breach("is_even", "A number is even.", "11 is odd"),
    ]
    assert list(is_small(10)) == ["10 is large"]


def test_a_function_without_a_docstring_has_no_clause() -> None:
    assert read_clause(lambda: None) == ""


@pytest.mark.parametrize("book", [APPLICATION, SERVER, MIDDLEWARE], ids=["application", "server", "middleware"])
def test_each_rule_has_a_clause_that_is_a_sentence(book: RuleBook[object]) -> None:
    assert [rule.clause for rule in book.rules.values() if not rule.clause.endswith(".")] == []


@pytest.mark.parametrize("book", [APPLICATION, SERVER], ids=["application", "server"])
def test_each_rule_for_applications_and_servers_cites_its_source(book: RuleBook[object]) -> None:
    assert [rule.name for rule in book.rules.values() if not re.search("PEP 3333|RFC 9110", rule.clause)] == []
