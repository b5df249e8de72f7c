"""The catalogue of broken middlewares."""

from dataclasses import dataclass

from wsgistack.types import Changes, Factory

__all__ = ["BROKEN", "Broken", "broken"]


@dataclass(frozen=True)
class Broken:
    """A broken middleware.

    :param rules: the names of all rules that it breaks.
    :param changes: what it declares as changed.
    """

    factory: Factory
    rules: frozenset[str]
    changes: Changes


BROKEN: dict[str, Broken] = {}


def broken(name: str, factory: Factory, *rules: str, changes: tuple[str, ...] = ()) -> None:
    assert name not in BROKEN
    BROKEN[name] = Broken(factory, frozenset(rules), Changes.from_names(changes))
