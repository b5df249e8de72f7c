"""One case, run through one middleware: what both sides saw, and the rules that are broken."""

from collections.abc import Callable
from itertools import count
from typing import TypeAlias

from wsgistack.errors import Breach
from wsgistack.testing.hostile import Case
from wsgistack.testing.probe import Probe
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER, Passage
from wsgistack.testing.server import STRICT, Mode, Server
from wsgistack.types import App, Changes

__all__ = ["BROWSER", "Headers", "Wrap", "find_breaches", "run_case"]

Wrap: TypeAlias = Callable[[App], App]
Headers: TypeAlias = tuple[tuple[str, str], ...]

BROWSER: Headers = (("Accept", "text/html,*/*;q=0.8"), ("Accept-Encoding", "gzip"), ("Cookie", "a=1"))
"""What a browser sends with each request."""


_MAX_CHUNKS = 20_100
"""A middleware may give two chunks for each of the longest case, and some more."""

_MAX_CHUNKS_OF_A_MODE = 100


def run_case(wrap: Wrap, case: Case, changes: Changes, headers: Headers, mode: Mode = STRICT) -> Passage:
    """Send the request of a case to its application, through a middleware."""
    clock = count()
    probe = Probe(case.app, clock)
    environ = case.environ(headers)
    sent = dict(environ)
    limit = _MAX_CHUNKS if mode is STRICT else _MAX_CHUNKS_OF_A_MODE
    outer = Server(mode).run(wrap(probe), environ, take=case.take, max_chunks=limit, clock=clock)
    alone = Server().run(case.app, case.environ()) if case.body else None
    return Passage(outer, probe.records, changes, sent, alone)


def find_breaches(passage: Passage) -> list[Breach]:
    """Every breach of every rule, on both sides of the middleware."""
    return [
        *APPLICATION.breaches(passage.outer),
        *MIDDLEWARE.breaches(passage),
        *(breach for record in passage.inner for breach in SERVER.breaches(record)),
    ]
