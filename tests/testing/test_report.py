"""Reports of a judgement, and the page of the rules."""

import json
from pathlib import Path
from xml.etree import ElementTree

from docutils.core import publish_doctree
from docutils.nodes import definition, term

from wsgistack.errors import Breach
from wsgistack.testing import Judge, Verdict
from wsgistack.testing.modes import MODES
from wsgistack.testing.report import REPORTS, rules_page
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.scenarios import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "rules.rst"
CLOSED = Breach("closes_once", "close() once.", "not at all")
ODD = Breach("keeps_the_bytes", "The bytes.", "'\x00\x1b\x7f \ud800 Ж' <&> \"]]>")
VERDICTS = [
    Verdict("one", "The first.", ()),
    *(Verdict(f"case_{number}", "Another.", (CLOSED,)) for number in range(5)),
    Verdict("odd", "The last.", (ODD, CLOSED)),
]


def test_text_has_each_broken_rule_with_a_few_cases() -> None:
    lines = REPORTS["text"]("mine", VERDICTS).splitlines()
    assert lines[:8] == [
        "mine: 1 of 7 cases passed",
        "",
        "closes_once",
        "  close() once.",
        "    case_0: not at all",
        "    case_1: not at all",
        "    case_2: not at all",
        "    and 3 more",
    ]
    assert lines[8:11] == ["", "keeps_the_bytes", "  The bytes."]


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
    assert PAGE.read_text("utf-8") == rules_page(), "write it again with rules_page()"


def test_the_page_names_every_rule_and_is_well_formed() -> None:
    page = publish_doctree(rules_page(), settings_overrides={"report_level": 1, "halt_level": 2})
    names = [node.astext() for node in page.findall(term)]
    assert names == [*APPLICATION.rules, *SERVER.rules, *MIDDLEWARE.rules, *SCENARIOS, *MODES]
    clauses = [node.astext() for node in page.findall(definition)]
    assert clauses[0] == APPLICATION.rules["starts_before_the_first_chunk"].clause


def test_text_does_not_repeat_the_name_of_a_mode() -> None:
    breach = Breach("works_without_write", "A clause.", "gives_a_tuple: it failed")
    text = REPORTS["text"]("mine", [Verdict("works_without_write", "A clause.", (breach,))])
    assert text.splitlines()[-1] == "    gives_a_tuple: it failed"


def test_text_shows_a_case_once_if_a_browser_gets_the_same_breaches() -> None:
    verdicts = [
        Verdict("one", "The first.", (CLOSED,)),
        Verdict("other", "The second.", ()),
        Verdict("one-by_a_browser", "The first.", (CLOSED,)),
        Verdict("other-by_a_browser", "The second.", (CLOSED,)),
    ]
    lines = REPORTS["text"]("mine", verdicts).splitlines()
    assert lines == [
        "mine: 1 of 4 cases passed",
        *("", "closes_once", "  close() once."),
        "    one: not at all",
        "    other-by_a_browser: not at all",
    ]
