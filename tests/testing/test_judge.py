"""The judge finds exactly the rules that a broken middleware breaks, and nothing in a legal one."""

from collections.abc import Iterable
from typing import Any
from wsgiref.validate import validator

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise  # type: ignore[import-untyped]

from tests.testing.broken import BROKEN, Broken
from tests.testing.pieces import Wrapped, edit_start, replace_call, wrap_body, wrap_start
from tests.waiting import MAX_WAIT
from wsgistack import Middleware
from wsgistack.testing import Judge, scenarios
from wsgistack.testing.hostile import CASES
from wsgistack.testing.modes import MODES
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.scenarios import SCENARIOS
from wsgistack.types import App, Changes, Environ, Factory, StartResponse

LONG = ("gives_ten_thousand_chunks", "gives_ten_thousand_chunks-by_a_browser")
"""The cases that take as long as all others together."""


def rules_broken_by(judge: Judge) -> set[str]:
    return {breach.rule for name in judge.names() if name not in LONG for breach in judge.judge(name).breaches}


@pytest.fixture(autouse=True)
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until all threads are in the application, for as long as it takes."""
    monkeypatch.setattr(scenarios, "_ALL_INSIDE_TIMEOUT", MAX_WAIT)


# Each rule is broken by some broken middleware in one of these cases.
SAMPLE = (
    *("gives_one_chunk_in_a_list", "gives_one_chunk_in_a_list-by_a_browser", "gives_a_short_list", "gives_a_tuple"),
    *("gives_an_empty_list", "gives_one_empty_chunk", "gives_empty_chunks_in_between", "gives_many_chunks_in_a_list"),
    *("gives_a_file", "gives_a_file_that_nobody_reads", "answers_no_content", "answers_with_two_cookies"),
    *("answers_head_and_starts_late", "answers_head_and_raises", "answers_head_and_restarts", "starts_in_iter"),
    *("writes_and_is_never_read", "writes_in_pieces_with_a_content_length", "raises_in_a_sized_body"),
    *("raises_in_the_middle", "raises_in_the_middle_and_in_close", "raises_in_close", "exits_in_the_call"),
    *("restarts_after_the_first_byte", "restarts_after_a_write", "restarts_and_writes_by_the_first_start"),
    *("gives_none_as_exc_info", "reads_all_of_its_input", "gets_an_odd_path", "takes_over_and_never_starts"),
    *("takes_over_and_raises_stop_iteration", "switches_protocols", "answers_head"),
)


def find_rules(broken: Broken, cases: Iterable[str]) -> set[str]:
    judge = Judge(broken.factory, changes=broken.changes)
    return {breach.rule for case in cases for breach in judge.judge(case).breaches}


def test_finds_exactly_the_rules_that_each_middleware_breaks() -> None:
    wrong = {}
    for name, broken in BROKEN.items():
        found = find_rules(broken, [*SAMPLE, *(broken.rules & {*SCENARIOS, *MODES})])
        if found != broken.rules:
            wrong[name] = found ^ broken.rules
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_finds_exactly_the_rules_that_a_middleware_breaks_in_all_cases(name: str) -> None:
    assert find_rules(BROKEN[name], Judge.names()) == BROKEN[name].rules


def test_each_rule_for_middlewares_is_broken_by_one_of_them() -> None:
    broken = frozenset[str]().union(*(each.rules for each in BROKEN.values()))
    assert {*MIDDLEWARE.rules, *SCENARIOS, *MODES} - broken == set()
    assert broken <= {*MIDDLEWARE.rules, *SCENARIOS, *MODES, *APPLICATION.rules, *SERVER.rules}


def pass_on(app: App) -> App:
    def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ, start_response)

    return middleware


class PassesOn:
    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


def in_upper_case(body: Iterable[bytes]) -> Iterable[bytes]:
    return Wrapped(body, lambda chunks: map(bytes.upper, chunks))


def answer_by_itself(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [("Retry-After", "60")])
    return []


def remove_a_header(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ.pop("HTTP_ACCEPT_ENCODING", None)
    return Wrapped(app(environ, start_response), lambda body: map(bytes.swapcase, body))


def try_again(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    has_started: list[Any] = []

    def start(*arguments: Any) -> Any:
        has_started.append(arguments)
        return start_response(*arguments)

    try:
        return app(environ, start)
    except LookupError:
        if has_started:
            raise
        return app(environ, start_response)


LEGAL: list[Any] = [
    pytest.param(pass_on, Changes(), id="a function that passes all on"),
    pytest.param(Middleware, Changes(), id="the base of every layer"),
    pytest.param(ProxyFix, Changes(), id="Werkzeug's ProxyFix"),
    pytest.param(WhiteNoise, Changes(answers=True), id="WhiteNoise, which has no such file"),
    pytest.param(
        replace_call(lambda app, environ, start: app({**environ, "my.key": 1}, start)),
        Changes(),
        id="a copied environ",
    ),
    pytest.param(wrap_body(), Changes(wraps=True), id="an iterable around each body"),
    pytest.param(wrap_body(in_upper_case), Changes(body=True, wraps=True), id="other bytes"),
    pytest.param(replace_call(answer_by_itself), Changes(answers=True), id="its own answer"),
    pytest.param(replace_call(remove_a_header), Changes(body=True, wraps=True), id="a header of the request withheld"),
    pytest.param(replace_call(try_again), Changes(answers=True), id="a second try"),
    pytest.param(
        edit_start(lambda status, headers: (status, [*headers, ("X-Seen", "yes")])),
        Changes(frozenset({"x-seen"})),
        id="a header that it declares",
    ),
    pytest.param(
        edit_start(lambda status, headers: (status, [("X-All", "new")])),
        Changes(frozenset({"*"})),
        id="any header",
    ),
    pytest.param(wrap_start(lambda start, *arguments: start(*arguments)), Changes(), id="its own start_response"),
]


@pytest.mark.parametrize(("factory", "changes"), LEGAL)
def test_reports_nothing_about_a_legal_middleware(factory: Factory, changes: Changes) -> None:
    assert rules_broken_by(Judge(factory, changes=changes)) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("factory", "changes"), LEGAL)
def test_reports_nothing_about_a_legal_middleware_in_any_case(factory: Factory, changes: Changes) -> None:
    judge = Judge(factory, changes=changes)
    assert {breach.rule for verdict in judge.judge_all() for breach in verdict.breaches} == set()


def test_reports_only_what_the_validator_refuses_although_it_is_legal() -> None:
    judge = Judge(validator, changes=Changes(wraps=True))
    names = [name for name in CASES if name != "raises_in_iter"]  # the validator calls iter() too early, and fails
    scenarios = [name for name in SCENARIOS if name != "works_without_close"]  # where it complains about the server
    verdicts = [judge.judge(name) for name in (*names, *scenarios)]
    reported = {verdict.case: {breach.rule for breach in verdict.breaches} for verdict in verdicts if verdict.breaches}
    assert reported == {  # it demands a Content-Type of nearly every response, and HTTP does not
        "answers_reset_content": {"accepts_a_first_start"},
        "answers_without_a_type": {"accepts_a_first_start"},
        "answers_options": {"accepts_a_first_start"},
        "switches_protocols": {"accepts_a_first_start"},
    }


def test_reads_the_changes_from_the_middleware_by_default() -> None:
    class Counts:
        changes = Changes(frozenset({"x-count"}))

        def __init__(self, app: App, *, header: str = "X-Count") -> None:
            self._app = edit_start(lambda status, headers: (status, [*headers, (header, "1")]))(app)

        def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return self._app(environ, start_response)

    def broken(judge: Judge) -> list[str]:
        return [breach.rule for breach in judge.judge("gives_a_tuple").breaches]

    assert broken(Judge(Counts)) == []
    assert broken(Judge(Counts, changes=Changes())) == ["keeps_the_headers"]
    assert broken(Judge(Counts, {"header": "X-Other"})) == ["keeps_the_headers"]


@pytest.mark.parametrize("headers", [[("X-Key", "mine")], {"X-Key": "mine"}], ids=["pairs", "a mapping"])
def test_sends_its_headers_with_each_request(headers: Any) -> None:
    seen: list[Any] = []

    def record_it(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_X_KEY"))
        return app(environ, start_response)

    assert rules_broken_by(Judge(replace_call(record_it), headers=headers)) == set()
    assert set(seen) == {"mine"}


def test_sends_each_case_a_plain_request_and_one_of_a_browser() -> None:
    names = Judge.names()
    assert names == [*CASES, *(f"{name}-by_a_browser" for name in CASES), *SCENARIOS, *MODES]
    assert len(set(names)) == len(names)
    seen: list[Any] = []

    def record_it(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_ACCEPT_ENCODING"))
        return app(environ, start_response)

    judge = Judge(replace_call(record_it))
    judge.judge("gives_a_tuple")
    verdict = judge.judge("gives_a_tuple-by_a_browser")
    assert seen == [None, "gzip"]
    assert verdict == ("gives_a_tuple-by_a_browser", CASES["gives_a_tuple"].description, ())


def test_a_breach_has_the_clause_and_what_happened() -> None:
    broken = BROKEN["closes twice"]
    (breach,) = Judge(broken.factory, changes=broken.changes).judge("has_to_be_closed").breaches
    assert breach.detail == "close() was called 2 times"
    assert breach.clause == SERVER.rules["closes_once"].clause


def test_ignores_an_attribute_changes_with_another_meaning() -> None:
    class OtherMeaning(PassesOn):
        def changes(self) -> None:
            """Something else."""

    assert Judge(OtherMeaning).judge("gives_a_tuple").breaches == ()


def test_finds_a_file_that_is_not_closed() -> None:
    def read_all(app: App) -> App:
        def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return iter(list(app(environ, start_response)))

        return middleware

    verdict = Judge(read_all, changes=Changes(wraps=True)).judge("gives_a_file")
    assert ("closes_files", "the file in the file wrapper is still open") in [
        (breach.rule, breach.detail) for breach in verdict.breaches
    ]
