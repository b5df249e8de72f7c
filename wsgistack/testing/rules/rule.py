"""A rule is a function whose docstring is its clause."""

from collections.abc import Callable, Iterable, Iterator
from inspect import cleandoc
from typing import Generic, NamedTuple, TypeVar

from wsgistack.errors import Breach

__all__ = ["Rule", "RuleBook", "read_clause"]

Judged = TypeVar("Judged")


class Rule(NamedTuple, Generic[Judged]):
    """One rule.

    :param name: the name of its function.
    :param clause: what it demands, with the section of the standard.
    :param check: yields one line for each breach.
    """

    name: str
    clause: str
    check: Callable[[Judged], Iterable[str]]


class RuleBook(Generic[Judged]):
    """Rules for the same kind of thing."""

    def __init__(self) -> None:
        self.rules: dict[str, Rule[Judged]] = {}

    def rule(self, check: Callable[[Judged], Iterator[str]]) -> Callable[[Judged], Iterator[str]]:
        """Register a function as a rule: its docstring is the clause, and it yields the details of the breaches."""
        self.rules[check.__name__] = Rule(check.__name__, read_clause(check), check)
        return check

    def breaches(self, judged: Judged) -> list[Breach]:
        """Every breach of every rule."""
        return [Breach(rule.name, rule.clause, detail) for rule in self.rules.values() for detail in rule.check(judged)]


def read_clause(check: Callable[..., object]) -> str:
    """The docstring of a check, on one line."""
    return " ".join(cleandoc(check.__doc__ or "").split())
