"""Judging a middleware: is every hostile application still legal in it, and what it leaves alone untouched."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import NamedTuple

from wsgistack.errors import Breach
from wsgistack.testing.hostile import CASES, Case
from wsgistack.testing.probe import Probe
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER, Passage
from wsgistack.testing.rules.rule import clause_of
from wsgistack.testing.scenarios import SCENARIOS, Scenario, Wrap
from wsgistack.testing.server import Server
from wsgistack.types import App, Changes, Factory

__all__ = ["Judge", "Verdict"]

_BY_A_BROWSER = "-by_a_browser"
_BROWSER = (("Accept", "text/html,*/*;q=0.8"), ("Accept-Encoding", "gzip"), ("Cookie", "a=1"))


class Verdict(NamedTuple):
    """What came of one case.

    :param case: its name.
    :param description: what it is about.
    :param breaches: what the middleware broke; none if all is well.
    """

    case: str
    description: str
    breaches: tuple[Breach, ...]


class Judge:
    """Runs a middleware against every case: hostile applications, asked plainly and as browsers ask, and scenarios.

    :param factory: takes the application first, and then the options.
    :param options: for the factory.
    :param headers: that every request has, such as the credentials that let it in.
    :param changes: what the middleware says that it changes; by default its own attribute ``changes``, or nothing.
    """

    def __init__(
        self,
        factory: Factory,
        options: Mapping[str, object] | None = None,
        *,
        headers: Iterable[tuple[str, str]] = (),
        changes: Changes | None = None,
    ) -> None:
        self._wrap: Wrap = partial(_build, factory, dict(options or {}))
        self._headers = tuple(headers)
        own = getattr(factory, "changes", None)  # a stranger may mean something else by it
        self._changes = changes or (own if isinstance(own, Changes) else Changes())

    @staticmethod
    def names() -> list[str]:
        """The names of all cases."""
        return [*CASES, *(f"{name}{_BY_A_BROWSER}" for name in CASES), *SCENARIOS]

    def judge(self, name: str) -> Verdict:
        """Run one case."""
        if name in SCENARIOS:
            return self._judge_scenario(SCENARIOS[name])
        return self._judge_case(CASES[name.removesuffix(_BY_A_BROWSER)], name)

    def judge_all(self) -> Iterator[Verdict]:
        """Run every case."""
        return map(self.judge, self.names())

    def _judge_case(self, case: Case, name: str) -> Verdict:
        clock = count()
        probe = Probe(case.app, clock)
        environ = case.environ((*self._headers, *(_BROWSER if name.endswith(_BY_A_BROWSER) else ())))
        asked = dict(environ)
        outer = Server().run(self._wrap(probe), environ, take=case.take, clock=clock)
        alone = Server().run(case.app, case.environ()) if case.body else None
        breaches = [
            *APPLICATION.breaches(outer),
            *MIDDLEWARE.breaches(Passage(outer, probe.records, self._changes, asked, alone)),
            *(breach for record in probe.records for breach in SERVER.breaches(record)),
        ]
        return Verdict(name, case.description, tuple(breaches))

    def _judge_scenario(self, scenario: Scenario) -> Verdict:
        name, clause = scenario.__name__, clause_of(scenario)
        details = scenario(self._wrap, (*self._headers, *_BROWSER))
        return Verdict(name, clause, tuple(Breach(name, clause, detail) for detail in details))


def _build(factory: Factory, options: Mapping[str, object], app: App) -> App:
    return factory(app, **options)
