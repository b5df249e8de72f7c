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
    "Each middleware below was wrapped around every hostile application of the conformance kit. Each case was run with "
    "plain headers and with those of a browser. The kit's scenarios of several requests were run as well, and a few "
    "cases on servers that differ from PEP 3333. The tables show the number of cases in which a rule was broken; a dot "
    "means none. For each number, the last section shows the first such case and what happened in it."
)
_FAIR = (
    "The cases are unusual on purpose. A broken rule may never matter to an application that does nothing of the kind. "
    "Changes that a peer documents are not counted, and neither are cases that a rule cannot judge. Both are listed "
    "with the reason."
)
_DEMANDED = "Rules of PEP 3333 and HTTP"
_ADDITIONAL = "Additional rules of the kit"
_ADDITIONAL_WHY = (
    "PEP 3333 does not state these rules. If a middleware keeps them, neither the application nor the server notices "
    "it. The clause of each rule states its reason."
)


def conformance_page(judged: Sequence[tuple[Peer, Result]], absent: Iterable[Peer]) -> str:
    """The whole page."""
    rules = {each.rule: each.clause for _, result in judged for each in result.broken}
    demanded = sorted(rule for rule in rules if is_demanded(rule))
    others = sorted(rule for rule in rules if not is_demanded(rule))
    lines = [*make_title("Conformance of the peers", "="), *fill_paragraphs(_MEASURED, _FAIR)]
    lines += [f"Python {python_version()}. Made by::", "", f"    {COMMAND}", ""]
    lines += [f"Not installed, and left out: {peer.title}." for peer in absent] or ["No peer was left out."]
    lines += ["", *make_title(_DEMANDED, "-"), *_make_table(judged, demanded), *_list_clauses(demanded, rules)]
    lines += [
        *make_title(_ADDITIONAL, "-"),
        *fill_paragraphs(_ADDITIONAL_WHY),
        *_make_table(judged, others),
        *_list_clauses(others, rules),
    ]
    lines += make_title("Cases", "-")
    for peer, result in judged:
        lines += [*make_title(f"{peer.title} {result.version}", "~"), *_describe_result(peer, result)]
    return "\n".join(lines).rstrip() + "\n"


def is_demanded(rule: str) -> bool:
    """Whether a rule comes from PEP 3333 or HTTP, and not from the kit alone."""
    return rule in APPLICATION.rules or rule in SERVER.rules or rule in _CITED


def _make_table(judged: Sequence[tuple[Peer, Result]], rules: Sequence[str]) -> list[str]:
    """A row for each peer, and a column for each rule by its number."""
    rows = [["", "cases", *(str(number + 1) for number in range(len(rules)))]]
    for _, result in judged:
        numbers = {each.rule: str(len(each.cases)) for each in result.broken}
        rows.append([result.title, str(result.cases), *(numbers.get(rule, "·") for rule in rules)])
    rows[0][0] = "peer"
    return make_table(rows)


def _list_clauses(rules: Sequence[str], clauses: dict[str, str]) -> list[str]:
    lines = []
    for number, rule in enumerate(rules, start=1):
        indent = " " * len(f"{number}. ")
        lines += [f"{number}. ``{rule}``", "", *fill_paragraphs(clauses[rule], indent=indent)]
    return lines


def _describe_result(peer: Peer, result: Result) -> list[str]:
    lines = fill_paragraphs(_describe_setting(peer))
    if not result.broken:
        lines += [f"Passed all {result.cases} cases.", ""]
    for rule, _, cases, detail in result.broken:
        lines += [f"``{rule}``, {_count_cases(cases)}; ``{cases[0]}``::", "", f"    {detail}", ""]
    for rule, reason, cases in result.uncounted:
        lines += fill_paragraphs(f"Not counted: ``{rule}``, {_count_cases(cases)}: {reason}.")
    return lines


def _describe_setting(peer: Peer) -> str:
    """Describe how a peer was judged."""
    if peer.is_endpoint:
        return "An application that wraps no other one: judged by the rules about applications, with all methods."
    options = ", ".join(f"``{name}``" for name in peer.options)
    return f"``{peer.use}``{f' with {options}' if options else ''}, which {_describe_changes(peer.allowed)}."


def _describe_changes(changes: Changes) -> str:
    parts = [f"change ``{name}``" for name in sorted(changes.headers)]
    parts += [text for flag, text in _MAY.items() if getattr(changes, flag)]
    return f"may {', '.join(parts)}" if parts else "changes nothing"


_MAY = {
    "body": "change the body",
    "answers": "send its own response",
    "errors": "send error responses",
    "wraps": "wrap the iterable",
}


def _count_cases(cases: Sequence[str]) -> str:
    return f"{len(cases)} case{'s' * (len(cases) != 1)}"
