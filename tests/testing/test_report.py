"""Reports of a judgement, and the page of the rules."""

import json
from xml.etree import ElementTree

import pytest
from docutils.core import publish_doctree
from docutils.nodes import definition, term

from tests.testing.broken import BROKEN
from tests.testing.rules_page import PAGE, make_page
from wsgistack.errors import Breach
from wsgistack.testing import Judge, Verdict
from wsgistack.testing.hostile import CASES
from wsgistack.testing.modes import MODES
from wsgistack.testing.report import REPORTS, as_text
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.scenarios import SCENARIOS

CLOSED = Breach("closes_once", "close() once.", "not at all")
ODD = Breach("keeps_the_bytes", "The bytes.", "'\x00\x1b\x7f \ud800 Ж' <&> \"]]>")
VERDICTS = [
    Verdict("one", "The first.", ()),
    *(Verdict(f"case_{number}", "Another.", (CLOSED,)) for number in range(5)),
    Verdict("odd", "The last.", (ODD, CLOSED)),
]


def test_text_has_each_broken_rule_with_a_few_cases() -> None:
    assert REPORTS["text"]("mine", VERDICTS).splitlines() == [
        "mine: 1 of 7 cases passed",
        "",
        "closes_once: 6 cases",
        "  close() once.",
        "  - not at all",
        "    in case_0, case_1, case_2 and 3 more",
        "",
        "keeps_the_bytes: 1 case",
        "  The bytes.",
        "  - '\x00\x1b\x7f \ud800 Ж' <&> \"]]>",
        "    in odd",
        "",
        "-v shows every case, and what the middleware prints and logs.",
    ]


def test_text_has_every_case_on_demand() -> None:
    lines = as_text("mine", VERDICTS, is_whole=True).splitlines()
    cases = [f"case_{number}" for number in range(5)] + ["odd"]
    assert lines[2:16] == [
        *("closes_once: 6 cases", "  close() once."),
        *(line for case in cases for line in ("  - not at all", f"    in {case}")),
    ]
    assert lines[-1] == "    in odd"


@pytest.mark.parametrize(
    ("details", "entries"),
    [
        pytest.param(["took b'a' and asked for more", "took b'it\\'s and asked for more"], 1, id="data, cut off"),
        pytest.param(["b'a' became b'ab'", "b'a, and' became [b'x', <object at 0x1"], 1, id="two data"),
        pytest.param(["close() was called 0 times", "close() was called 2 times"], 2, id="number of times"),
        pytest.param(["took chunk 1 before", "took chunk 2 before"], 1, id="number"),
        pytest.param(["ValueError('x') did not reach", "KeyError(1) did not reach"], 1, id="error of an application"),
        pytest.param(["the middleware raised E('a')", "the middleware raised E('b')"], 2, id="error of a middleware"),
        pytest.param(["the request id:1 raised E('a')", "the request id:2 raised E('a')"], 1, id="request"),
        pytest.param(
            ["[('A', '1')] became [('A', '1'), ('B', '2')]", "[] became [('B', '3')]", "[('A', '1')] became []"],
            2,
            id="headers",
        ),
        pytest.param([f"the key {name} is missing" for name in "abcde"], 5, id="more than are shown"),
    ],
)
def test_text_has_one_entry_for_one_cause(details: list[str], entries: int) -> None:
    verdicts = [
        Verdict(f"case_{number}", "A case.", (Breach("a_rule", "A clause.", detail),))
        for number, detail in enumerate(details)
    ]
    lines = REPORTS["text"]("mine", verdicts).splitlines()
    assert lines[2] == f"a_rule: {len(details)} cases"
    shown = [line for line in lines if line.startswith("  - ")]
    assert len(shown) == (entries if entries <= 3 else 4)
    assert (shown[-1] == "  - and 2 more, in other cases") == (entries == 5)


@pytest.mark.parametrize("name", sorted(BROKEN)[::8])
def test_text_of_a_broken_middleware_is_short(name: str) -> None:
    broken = BROKEN[name]
    judge = Judge(broken.factory, changes=broken.changes)
    verdicts = [judge.judge(case) for case in CASES if case != "gives_ten_thousand_chunks"]  # as long as all others
    text = REPORTS["text"](name, verdicts)
    rules = {breach.rule for verdict in verdicts for breach in verdict.breaches}
    assert {line.partition(":")[0] for line in text.splitlines()[1:] if line[:1] not in ("", " ", "-")} == rules
    assert text.count("\n  - ") <= 2 * len(rules)


def test_text_of_a_middleware_that_passes_is_one_line() -> None:
    assert REPORTS["text"]("mine", VERDICTS[:1]) == "mine: 1 of 1 cases passed"


def test_json_has_everything() -> None:
    report = json.loads(REPORTS["json"]("mine", VERDICTS))
    assert report["middleware"] == "mine"
    assert report["cases"][0] == {"case": "one", "description": "The first.", "breaches": []}
    assert report["cases"][-1]["breaches"] == [ODD._asdict(), CLOSED._asdict()]


def test_junit_is_valid_xml_with_any_detail() -> None:
    text = REPORTS["junit"]("mine <1>", VERDICTS)
    assert text.isascii()
    suite = ElementTree.fromstring(text)  # noqa: S314
    assert suite.attrib == {"name": "mine <1>", "tests": "7", "failures": "6"}
    assert [case.get("name") for case in suite] == [verdict.case for verdict in VERDICTS]
    assert [len(case) for case in suite] == [0, 1, 1, 1, 1, 1, 1]
    failure = suite[-1][0]
    assert failure.get("message") == "keeps_the_bytes, closes_once"
    assert (failure.text or "").splitlines()[0] == "keeps_the_bytes: '\\x00\\x1b\\x7f \\ud800 \\u0416' <&> \"]]>"


def test_every_report_accepts_the_verdicts_of_a_judge() -> None:
    verdicts = [Judge(lambda app: lambda environ, start: [b"no start"]).judge("answers_with_latin_1")]
    assert all("starts_before_the_first_chunk" in report("mine", verdicts) for report in REPORTS.values())


def test_the_page_of_the_rules_is_current() -> None:
    assert PAGE.read_text("utf-8") == make_page(), "run python -m tests.testing.rules_page"


def test_the_page_names_every_rule_and_is_well_formed() -> None:
    page = publish_doctree(make_page(), settings_overrides={"report_level": 1, "halt_level": 2})
    names = [node.astext() for node in page.findall(term)]
    assert names == [*APPLICATION.rules, *SERVER.rules, *MIDDLEWARE.rules, *SCENARIOS, *MODES]
    clauses = [node.astext() for node in page.findall(definition)]
    assert clauses[0] == APPLICATION.rules["starts_before_the_first_chunk"].clause


def test_text_names_the_case_of_a_mode() -> None:
    breaches = [Breach("works_without_write", "A clause.", f"{case}: it failed") for case in ("gives_a_tuple", "odd")]
    text = REPORTS["text"]("mine", [Verdict("works_without_write", "A clause.", tuple(breaches))])
    assert text.splitlines()[4:8] == [
        *("  - it failed", "    in gives_a_tuple"),
        *("  - odd: it failed", "    in works_without_write"),
    ]
