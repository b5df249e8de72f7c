"""The page of the peers and the rules that they break, in reStructuredText."""

from collections.abc import Iterable, Sequence
from platform import python_version

from benchmarks.measure import Result
from benchmarks.peers import Peer
from benchmarks.rst import fill_paragraphs, make_table, make_title
from wsgistack.testing.rules import APPLICATION, SERVER
from wsgistack.types import Changes

__all__ = ["COMMAND", "conformance_page", "is_demanded"]

COMMAND = "python -m benchmarks conformance"
_CITED = ("holds_no_chunk_back", "passes_exc_info_unmodified")
_MEASURED = (
    "Each of these was wrapped around every hostile application of the conformance kit, asked plainly and as a browser "
    "asks, and was run through the kit's scenarios of several requests. The tables tell in how many cases a rule was "
    "broken; a dot is none. Below stands for each number the first case that shows it, and what happened in it."
)
_FAIR = (
    "A case is odd on purpose, and a broken rule may never matter to an application that does nothing of the kind. "
    "What a peer says by itself that it changes is not counted; nor is what a rule can't rightly know, and both are "
    "told with the reason."
)
_DEMANDED = "What PEP 3333 and HTTP demand"
_ASKED = "What the kit asks beyond them"
_ASKED_WHY = (
    "PEP 3333 does not spell these out: a middleware that keeps them is one that nobody notices. The clause of each "
    "rule says why it is there."
)


def conformance_page(judged: Sequence[tuple[Peer, Result]], absent: Iterable[Peer]) -> str:
    """The whole page."""
    rules = {each.rule: each.clause for _, result in judged for each in result.broken}
    demanded = sorted(rule for rule in rules if is_demanded(rule))
    others = sorted(rule for rule in rules if not is_demanded(rule))
    lines = [*make_title("Conformance of the peers", "="), *fill_paragraphs(_MEASURED, _FAIR)]
    lines += [f"Python {python_version()}. Made by::", "", f"    {COMMAND}", ""]
    lines += [f"Not installed, and left out: {peer.title}." for peer in absent] or ["Nobody was left out."]
    lines += ["", *make_title(_DEMANDED, "-"), *_table(judged, demanded), *_key(demanded, rules)]
    lines += [*make_title(_ASKED, "-"), *fill_paragraphs(_ASKED_WHY), *_table(judged, others), *_key(others, rules)]
    lines += make_title("The cases that show it", "-")
    for peer, result in judged:
        lines += [*make_title(f"{peer.title} {result.version}", "~"), *_told(peer, result)]
    return "\n".join(lines).rstrip() + "\n"


def is_demanded(rule: str) -> bool:
    """Whether PEP 3333 or HTTP demands what a rule does; else the kit alone asks for it."""
    return rule in APPLICATION.rules or rule in SERVER.rules or rule in _CITED


def _table(judged: Sequence[tuple[Peer, Result]], rules: Sequence[str]) -> list[str]:
    """A row for each peer, and a column for each rule by its number."""
    rows = [["", "cases", *(str(number + 1) for number in range(len(rules)))]]
    for _, result in judged:
        numbers = {each.rule: str(len(each.cases)) for each in result.broken}
        rows.append([result.title, str(result.cases), *(numbers.get(rule, "·") for rule in rules)])
    rows[0][0] = "peer"
    return make_table(rows)


def _key(rules: Sequence[str], clauses: dict[str, str]) -> list[str]:
    lines = []
    for number, rule in enumerate(rules, start=1):
        indent = " " * len(f"{number}. ")
        lines += [f"{number}. ``{rule}``", "", *fill_paragraphs(clauses[rule], indent=indent)]
    return lines


def _told(peer: Peer, result: Result) -> list[str]:
    lines = fill_paragraphs(_setting(peer))
    if not result.broken:
        lines += [f"Passed all {result.cases} cases.", ""]
    for rule, _, cases, detail in result.broken:
        lines += [f"``{rule}``, {_in_cases(cases)}; ``{cases[0]}``::", "", f"    {detail}", ""]
    for rule, reason, cases in result.uncounted:
        lines += fill_paragraphs(f"Not counted: ``{rule}``, {_in_cases(cases)}: {reason}.")
    return lines


def _setting(peer: Peer) -> str:
    """How a peer was judged."""
    if peer.is_endpoint:
        return "An application that wraps none: judged by the rules about applications, over requests of all methods."
    options = ", ".join(f"``{name}``" for name in peer.options)
    return f"``{peer.use}``{f' with {options}' if options else ''}, which {_allowed(peer.allowed)}."


def _allowed(changes: Changes) -> str:
    parts = [f"change ``{name}``" for name in sorted(changes.headers)]
    parts += [text for flag, text in _MAY.items() if getattr(changes, flag)]
    return f"may {', '.join(parts)}" if parts else "changes nothing"


_MAY = {
    "body": "change the body",
    "answers": "answer by itself",
    "errors": "answer errors",
    "wraps": "wrap the iterable",
}


def _in_cases(cases: Sequence[str]) -> str:
    return f"{len(cases)} case{'s' * (len(cases) != 1)}"
