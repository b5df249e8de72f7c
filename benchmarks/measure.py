"""Judge one peer in a separate process: ``python -m benchmarks.measure PEER`` prints a :class:`Result` as JSON."""

import json
import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from benchmarks.endpoint import judge_endpoint
from benchmarks.fairness import doubts
from benchmarks.peers import PEERS, Peer
from wsgistack.imports import import_object
from wsgistack.testing import Judge, Verdict
from wsgistack.types import Factory

__all__ = ["Broken", "Result", "Uncounted", "measure", "measure_apart"]

_ROOT = Path(__file__).parent.parent
_LONGEST = 200


class Broken(NamedTuple):
    """A rule that a peer breaks.

    :param cases: the names of all cases in which the rule is broken.
    :param detail: what happened in the first of them.
    """

    rule: str
    clause: str
    cases: list[str]
    detail: str


class Uncounted(NamedTuple):
    """A rule that is broken in some cases, and the reason why these are not counted."""

    rule: str
    reason: str
    cases: list[str]


class Result(NamedTuple):
    """The result for one peer.

    :param cases: the number of cases.
    :param failed: the number of cases with a breach that is counted.
    """

    title: str
    version: str
    cases: int
    failed: int
    broken: list[Broken]
    uncounted: list[Uncounted]


def measure(peer: Peer, cases: Iterable[str] | None = None) -> Result:
    """Judge a peer.

    :param cases: the names of the cases; by default all.
    """
    with _silence():
        factory = _factory(peer)
        if peer.is_endpoint:
            return _result(peer, list(judge_endpoint(factory(None))))
        judge = Judge(factory, peer.options, headers=peer.headers, changes=peer.allowed)
        return _result(peer, [judge.judge(name) for name in (judge.names() if cases is None else cases)])


def measure_apart(peer: Peer) -> Result:
    """Judge a peer in a separate process, because some peers change the whole process and some print."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.measure", peer.title],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{peer.title} cannot be judged:\n{done.stderr}")
    found = json.loads(done.stdout)
    found["broken"] = [Broken(*each) for each in found["broken"]]
    found["uncounted"] = [Uncounted(*each) for each in found["uncounted"]]
    return Result(**found)


def _result(peer: Peer, verdicts: list[Verdict]) -> Result:
    broken: dict[str, Broken] = {}
    uncounted: dict[tuple[str, str], Uncounted] = {}
    for verdict in verdicts:
        for rule, clause, detail in sorted(verdict.breaches):
            reason = next(doubts(peer.title, rule, verdict.case), None)
            if reason:
                cases = uncounted.setdefault((rule, reason), Uncounted(rule, reason, [])).cases
            else:
                if rule not in broken:
                    broken[rule] = Broken(rule, clause, [], _tidy(detail))
                cases = broken[rule].cases
            if verdict.case not in cases:
                cases.append(verdict.case)
    failed = {case for each in broken.values() for case in each.cases}
    return Result(
        peer.title,
        peer.version or "",
        len(verdicts),
        len(failed),
        sorted(broken.values()),
        sorted(uncounted.values()),
    )


def _factory(peer: Peer) -> Factory:
    factory = import_object(peer.use)
    if not callable(factory):
        raise TypeError(f"{peer.use} is not callable")
    return factory


def _tidy(detail: str) -> str:
    """Remove what differs between runs or machines, and shorten the detail to one line."""
    text = re.sub(r" at 0(x[0-9a-fA-F]*)?\b", "", detail)
    text = re.sub(r"(/[^/\s'\"]+)+/(?=[^/\s'\"]+\.py)", "", text)
    text = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress what peers print, log and warn about."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


if __name__ == "__main__":
    print(json.dumps(measure(next(peer for peer in PEERS if peer.title == sys.argv[1]))._asdict()))
