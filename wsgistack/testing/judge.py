"""The judge of a middleware: each hostile application must stay legal in it, and must not be changed unexpectedly."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from wsgistack.errors import Breach
from wsgistack.testing.hostile import CASES
from wsgistack.testing.modes import MODES
from wsgistack.testing.request import RequestHeaders, list_headers
from wsgistack.testing.rules.rule import read_clause
from wsgistack.testing.scenarios import SCENARIOS
from wsgistack.testing.trial import BROWSER, Wrap, find_breaches, run_case
from wsgistack.types import App, Changes, Factory

__all__ = ["Judge", "Verdict"]

_BY_A_BROWSER = "-by_a_browser"


class Verdict(NamedTuple):
    """The result of one case.

    :param case: its name.
    :param description: what is special about it.
    :param breaches: what the middleware breaks; empty if it passes.
    """

    case: str
    description: str
    breaches: tuple[Breach, ...]


class Judge:
    """Runs a middleware through every case.

    The cases are hostile applications, each with a plain request and with a browser's request; scenarios of several
    requests; and servers that differ from PEP 3333.

    :param factory: the middleware: a callable that takes the application first, and then the options.
    :param options: for the factory.
    :param headers: that every request has, for example credentials: a mapping, or pairs of a name and a value.
    :param changes: what the middleware declares as changed. The default is its own attribute ``changes``; without one,
        it changes nothing.
    """

    def __init__(
        self,
        factory: Factory,
        options: Mapping[str, object] | None = None,
        *,
        headers: RequestHeaders = (),
        changes: Changes | None = None,
    ) -> None:
        self._wrap: Wrap = partial(_build, factory, dict(options or {}))
        self._headers = list_headers(headers)
        own = getattr(factory, "changes", None)  # another author may use this name for something else
        self._changes = changes or (own if isinstance(own, Changes) else Changes())

    @staticmethod
    def names() -> list[str]:
        """The names of all cases."""
        return [*CASES, *(f"{name}{_BY_A_BROWSER}" for name in CASES), *SCENARIOS, *MODES]

    def judge(self, name: str) -> Verdict:
        """Run one case."""
        if name in SCENARIOS:
            scenario = SCENARIOS[name]
            return _make_verdict(name, read_clause(scenario), scenario(self._wrap, (*self._headers, *BROWSER)))
        if name in MODES:
            mode = MODES[name]
            return _make_verdict(name, mode.clause, mode.run(self._wrap, self._headers, self._changes))
        case = CASES[name.removesuffix(_BY_A_BROWSER)]
        headers = (*self._headers, *(BROWSER if name.endswith(_BY_A_BROWSER) else ()))
        passage = run_case(self._wrap, case, self._changes, headers)
        return Verdict(name, case.description, tuple(find_breaches(passage)))

    def judge_all(self) -> Iterator[Verdict]:
        """Run every case."""
        return map(self.judge, self.names())


def _make_verdict(name: str, clause: str, details: Iterable[str]) -> Verdict:
    return Verdict(name, clause, tuple(Breach(name, clause, detail) for detail in details))


def _build(factory: Factory, options: Mapping[str, object], app: App) -> App:
    return factory(app, **options)
