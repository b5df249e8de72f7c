"""Judging middlewares: broken ones break just what they break, and legal ones are not accused."""

import gc
from collections.abc import Iterable
from typing import Any
from wsgiref.validate import validator

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise  # type: ignore[import-untyped]

from tests.testing.broken import BROKEN
from tests.testing.pieces import Wrapped, called, edited, started, wrapped
from wsgistack import Middleware
from wsgistack.testing import Judge
from wsgistack.testing.hostile import CASES
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.scenarios import SCENARIOS
from wsgistack.types import App, Changes, Environ, Factory, StartResponse


def rules_broken_by(judge: Judge) -> set[str]:
    return {breach.rule for verdict in judge.judge_all() for breach in verdict.breaches}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_middleware_breaks_just_what_it_breaks(name: str) -> None:
    broken = BROKEN[name]
    assert rules_broken_by(Judge(broken.factory, changes=broken.changes)) == broken.rules


def test_every_rule_for_middlewares_is_broken_by_one_of_them() -> None:
    broken = frozenset[str]().union(*(each.rules for each in BROKEN.values()))
    assert {*MIDDLEWARE.rules, *SCENARIOS} - broken == set()
    assert broken <= {*MIDDLEWARE.rules, *SCENARIOS, *APPLICATION.rules, *SERVER.rules}
    assert len(BROKEN) >= 30


def passing_on(app: App) -> App:
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


def answering_by_itself(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [("Retry-After", "60")])
    return []


def withholding_a_header(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ.pop("HTTP_ACCEPT_ENCODING", None)
    return Wrapped(app(environ, start_response), lambda body: map(bytes.swapcase, body))


def trying_again(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
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
    pytest.param(passing_on, Changes(), id="a function that passes all on"),
    pytest.param(PassesOn, Changes(), id="a class that passes all on"),
    pytest.param(Middleware, Changes(), id="the base of every layer"),
    pytest.param(ProxyFix, Changes(), id="Werkzeug's ProxyFix"),
    pytest.param(WhiteNoise, Changes(answers=True), id="WhiteNoise, which has no such file"),
    pytest.param(
        called(lambda app, environ, start: app({**environ, "my.key": 1}, start)),
        Changes(),
        id="a copied environ",
    ),
    pytest.param(wrapped(), Changes(wraps=True), id="an iterable around each body"),
    pytest.param(wrapped(in_upper_case), Changes(body=True, wraps=True), id="other bytes"),
    pytest.param(called(answering_by_itself), Changes(answers=True), id="an answer of its own"),
    pytest.param(called(withholding_a_header), Changes(body=True, wraps=True), id="a header of the request withheld"),
    pytest.param(called(trying_again), Changes(answers=True), id="a second try"),
    pytest.param(
        edited(lambda status, headers: (status, [*headers, ("X-Seen", "yes")])),
        Changes(frozenset({"x-seen"})),
        id="a header that it says",
    ),
    pytest.param(
        edited(lambda status, headers: (status, [("X-All", "new")])),
        Changes(frozenset({"*"})),
        id="any header",
    ),
    pytest.param(started(lambda start, *arguments: start(*arguments)), Changes(), id="a start_response of its own"),
]


@pytest.mark.parametrize(("factory", "changes"), LEGAL)
def test_a_legal_middleware_is_not_accused(factory: Factory, changes: Changes) -> None:
    assert rules_broken_by(Judge(factory, changes=changes)) == set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its own, where iter() fails
def test_the_validator_is_accused_only_of_what_it_refuses_although_it_is_legal() -> None:
    accused = {
        verdict.case.removesuffix("-by_a_browser"): {breach.rule for breach in verdict.breaches}
        for verdict in Judge(validator, changes=Changes(wraps=True)).judge_all()
        if verdict.breaches
    }
    gc.collect()  # while its complaint about itself is ignored
    assert accused == {
        # It demands a Content-Type of nearly every response, which HTTP does not.
        "answers_reset_content": {"accepts_a_first_start"},
        "answers_without_a_type": {"accepts_a_first_start"},
        "answers_options": {"accepts_a_first_start"},
        # It calls iter() before it returns, and has then nothing to return whose close() could be called.
        "raises_in_iter": {"closes_once"},
    }


def test_takes_what_a_middleware_changes_from_itself_unless_it_is_told() -> None:
    class Counts:
        changes = Changes(frozenset({"x-count"}))

        def __init__(self, app: App, *, header: str = "X-Count") -> None:
            self._app = edited(lambda status, headers: (status, [*headers, (header, "1")]))(app)

        def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return self._app(environ, start_response)

    assert rules_broken_by(Judge(Counts)) == set()
    assert rules_broken_by(Judge(Counts, changes=Changes())) == {"keeps_the_headers"}
    assert rules_broken_by(Judge(Counts, {"header": "X-Other"})) == {"keeps_the_headers"}


def test_sends_the_headers_that_it_is_told_with_each_request() -> None:
    seen: list[Any] = []

    def looking(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_X_KEY"))
        return app(environ, start_response)

    assert rules_broken_by(Judge(called(looking), headers=[("X-Key", "mine")])) == set()
    assert set(seen) == {"mine"}


def test_asks_each_hostile_application_plainly_and_as_a_browser_does() -> None:
    names = Judge.names()
    assert names == [*CASES, *(f"{name}-by_a_browser" for name in CASES), *SCENARIOS]
    assert len(set(names)) == len(names)
    seen: list[Any] = []

    def looking(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_ACCEPT_ENCODING"))
        return app(environ, start_response)

    judge = Judge(called(looking))
    judge.judge("gives_a_tuple")
    verdict = judge.judge("gives_a_tuple-by_a_browser")
    assert seen == [None, "gzip"]
    assert verdict == ("gives_a_tuple-by_a_browser", "A tuple is as good as a list.", ())


def test_a_middleware_that_fails_shows_where() -> None:
    broken = BROKEN["closes twice"]
    (breach,) = Judge(broken.factory, changes=broken.changes).judge("has_to_be_closed").breaches
    assert breach.detail == "close() was called 2 times"
    assert breach.clause == SERVER.rules["closes_once"].clause


def test_takes_a_strangers_own_attribute_for_nothing_that_it_says() -> None:
    class Stranger(PassesOn):
        def changes(self) -> None:
            """Something else."""

    assert rules_broken_by(Judge(Stranger)) == set()


def test_finds_a_file_that_stays_open() -> None:
    def reading(app: App) -> App:
        def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return iter(list(app(environ, start_response)))

        return middleware

    verdict = Judge(reading, changes=Changes(wraps=True)).judge("gives_a_file")
    assert ("closes_files", "the file in the file wrapper is still open") in [
        (breach.rule, breach.detail) for breach in verdict.breaches
    ]
