"""Reports about a middleware, for people, programs and build servers; and the page of the rules."""

import json
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from wsgistack.testing.judge import BY_A_BROWSER, Verdict
from wsgistack.testing.modes import MODES
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.rules.rule import clause_of
from wsgistack.testing.scenarios import SCENARIOS

__all__ = ["REPORTS", "rules_page"]


def as_text(name: str, verdicts: Sequence[Verdict]) -> str:
    """Each broken rule with its clause, and the first cases that break it."""
    shown: dict[tuple[str, str], list[str]] = {}
    broken: dict[str, list[str]] = {}
    for verdict in verdicts:
        rules = broken[verdict.case] = [breach.rule for breach in verdict.breaches]
        if (
            rules
            and rules == broken.get(verdict.case.removesuffix(BY_A_BROWSER))
            and verdict.case.endswith(BY_A_BROWSER)
        ):
            continue  # the plain request shows the same
        for breach in verdict.breaches:
            case = "" if verdict.case == breach.rule else f"{verdict.case}: "  # the rule of a mode names its cases
            shown.setdefault((breach.rule, breach.clause), []).append(f"    {case}{breach.detail}")
    failed = sum(bool(verdict.breaches) for verdict in verdicts)
    lines = [f"{name}: {len(verdicts) - failed} of {len(verdicts)} cases passed"]
    for (rule, clause), cases in shown.items():
        lines += ["", rule, f"  {clause}", *cases[:_MAX_CASES]]
        lines += [f"    and {len(cases) - _MAX_CASES} more"] if len(cases) > _MAX_CASES else []
    return "\n".join(lines)


def as_json(name: str, verdicts: Sequence[Verdict]) -> str:
    """One JSON object, with each case and its breaches."""
    cases = [
        {**verdict._asdict(), "breaches": [breach._asdict() for breach in verdict.breaches]} for verdict in verdicts
    ]
    return json.dumps({"middleware": name, "cases": cases}, indent=2)


def as_junit(name: str, verdicts: Sequence[Verdict]) -> str:
    """JUnit XML for build servers: one test case for each case."""
    failed = sum(bool(verdict.breaches) for verdict in verdicts)
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(verdicts)), failures=str(failed))
    for verdict in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=verdict.case)
        if verdict.breaches:
            rules = ", ".join(dict.fromkeys(breach.rule for breach in verdict.breaches))
            failure = ElementTree.SubElement(case, "failure", message=rules)
            failure.text = _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], "\n".join(map(str, verdict.breaches)))
    return ElementTree.tostring(suite, encoding="unicode")


REPORTS = {"text": as_text, "json": as_json, "junit": as_junit}

_MAX_CASES = 3
_UNSAFE = re.compile(r"[^\n -~]")  # XML 1.0 does not allow some of these characters


def rules_page() -> str:
    """All rules with their clauses, as a page in reStructuredText."""
    lines = ["The rules", "=========", "", "What the conformance kit demands, with the section of the standard.", ""]
    for book in (APPLICATION, SERVER, MIDDLEWARE):
        lines += [book.title, "-" * len(book.title), ""]
        for rule in book.rules.values():
            lines += [f"``{rule.name}``", f"    {rule.clause}", ""]
    several = {name: clause_of(scenario) for name, scenario in SCENARIOS.items()}
    modes = {name: mode.clause for name, mode in MODES.items()}
    for title, clauses in (
        ("Middlewares, with several requests", several),
        ("Middlewares, on servers that differ from PEP 3333, and with clients that disconnect", modes),
    ):
        lines += [title, "-" * len(title), ""]
        for name, clause in clauses.items():
            lines += [f"``{name}``", f"    {clause}", ""]
    return "\n".join(lines)
