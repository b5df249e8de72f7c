"""Reports about a middleware, for people, programs and build servers."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from shutil import get_terminal_size
from textwrap import TextWrapper
from xml.etree import ElementTree

from wsgistack.errors import Breach
from wsgistack.testing.hostile import CASES
from wsgistack.testing.judge import Verdict

__all__ = ["REPORTS", "as_text"]


def as_text(name: str, verdicts: Sequence[Verdict], *, is_whole: bool = False) -> str:
    """Each broken rule with its clause, what happens instead, and the first cases in which it happens.

    Cases in which the same happens, but for the data of the case, are one entry.

    :param is_whole: whether to show every case, each with what happens in it.
    """
    found: dict[tuple[str, str], dict[str, list[tuple[str, str]]]] = {}
    for verdict in verdicts:
        for breach in verdict.breaches:
            case, detail = _split_case(verdict.case, breach)
            causes = found.setdefault((breach.rule, breach.clause), {})
            causes.setdefault(f"{case}: {detail}" if is_whole else _find_cause(detail), []).append((case, detail))
    failed = sum(bool(verdict.breaches) for verdict in verdicts)
    lines = [f"{name}: {len(verdicts) - failed} of {len(verdicts)} cases passed"]
    for (rule, clause), causes in found.items():
        total = len({case for cases in causes.values() for case, _ in cases})
        lines += ["", f"{rule}: {total} case{'s' if total > 1 else ''}", *_wrap("  ", clause)]
        shown = list(causes.values())[: None if is_whole else _MAX_CAUSES]
        for cases in shown:
            names = list(dict.fromkeys(case for case, _ in cases))
            more = f" and {len(names) - _MAX_CASES} more" if len(names) > _MAX_CASES else ""
            lines += [*_wrap("  - ", cases[0][1]), *_wrap("    in ", f"{', '.join(names[:_MAX_CASES])}{more}")]
        lines += [f"  - and {len(causes) - len(shown)} more, in other cases"] if len(shown) < len(causes) else []
    return "\n".join([*lines, *(["", _HOW_TO_SEE_ALL] if failed and not is_whole else [])])


def _split_case(case: str, breach: Breach) -> tuple[str, str]:
    """The case, and what happens in it. A mode runs several cases, and begins each detail with the name of one."""
    name, _, detail = breach.detail.partition(": ")
    return (name, detail) if name in CASES and case == breach.rule else (case, breach.detail)


def _find_cause(detail: str) -> str:
    """What is the same in all cases with one cause: the text without the data of the case."""
    if detail.startswith("the middleware raised "):
        return detail
    if detail.startswith(("[('", "[] became [('")):  # headers
        before, after = (Counter(_HEADER_NAME.findall(part)) for part in detail.partition(" became ")[::2])
        return f"{sorted(before - after)} became {sorted(after - before)}"
    return _DATA.sub("", detail)


def _wrap(indent: str, text: str) -> list[str]:
    lines = TextWrapper(get_terminal_size().columns, indent, " " * len(indent))
    lines.break_long_words = lines.break_on_hyphens = False
    return lines.wrap(text)


def as_json(name: str, verdicts: Sequence[Verdict]) -> str:
    """Write one JSON object, with every case and all its breaches.

    A case without breaches passed::

        {
          "middleware": "powered:Powered",
          "cases": [
            {
              "case": "gives_a_tuple",
              "description": "what is special about the case",
              "breaches": [{"rule": "keeps_the_headers", "clause": "what the rule says", "detail": "what happens"}]
            }
          ]
        }
    """
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


REPORTS: Mapping[str, Callable[..., str]] = {"text": as_text, "json": as_json, "junit": as_junit}

_MAX_CASES = 3
_MAX_CAUSES = 3
_HOW_TO_SEE_ALL = "-v shows every case, and what the middleware prints and logs."
_HEADER_NAME = re.compile(r"\('([^']+)', ")
_DATA = re.compile(  # from a quote or a bracket to what a rule says next, because a text may be cut off
    r"""^\w+(?=\() | (?<=^the\ request\ )\S+ | \d+(?!\d*\ times)
    | b? (?: ['"\[<{] | \((?!\)\ was\ called) ) .*?
    (?= \ became\  | \ and\ (asked|raised|is\ now) | ,\ and\ th | \ is\ 1,\ and | \ is\ not$ | ,\ has\ no
    | \ when\ the | \ did\ not | \ instead\ of | \ before\ it | \ was\ written | $ )""",
    re.VERBOSE,
)
_UNSAFE = re.compile(r"[^\n -~]")  # XML 1.0 does not allow some of these characters
