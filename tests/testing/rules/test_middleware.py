"""Details of the rules for middlewares. That each rule finds what breaks it is tested in test_judge."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from tests.testing.applications import TEXT, make_lazy_app, raised
from tests.testing.pieces import replace_call, wrap_body
from wsgistack.testing import Server, make_environ
from wsgistack.testing.probe import Probe
from wsgistack.testing.rules import MIDDLEWARE, Passage
from wsgistack.types import App, Changes, Environ, Factory, StartResponse


def breaches(factory: Factory, app: App, changes: Changes | None = None, **request: Any) -> list[tuple[str, str]]:
    """The rules that a middleware breaks with one application, each with its detail."""
    clock = count()
    probe = Probe(app, clock)
    environ = make_environ(**request)
    sent = dict(environ)
    outer = Server().run(factory(probe), environ, clock=clock)
    passage = Passage(outer, probe.records, changes or Changes(), sent)
    return [(breach.rule, breach.detail) for breach in MIDDLEWARE.breaches(passage)]


START = [lambda start: start("200 OK", TEXT)]


def test_names_the_missing_key() -> None:
    losing = replace_call(lambda app, environ, start: [environ.pop("HTTP_HOST"), app(environ, start)][1])
    assert breaches(losing, make_lazy_app(*START)) == [("keeps_the_environ", "the key HTTP_HOST is missing")]


def test_shows_the_bytes_before_and_after() -> None:
    found = breaches(wrap_body(lambda body: [b"A" for _ in body]), make_lazy_app(*START, b"a"), Changes(wraps=True))
    assert ("keeps_the_bytes", "b'a' became b'A'") in found


def test_counts_the_bytes_that_are_held_back() -> None:
    def halved(body: Iterable[bytes]) -> Iterable[bytes]:
        return (chunk[:1] for chunk in body)

    found = dict(breaches(wrap_body(halved), make_lazy_app(*START, b"abc", b"def"), Changes(wraps=True)))
    assert found["holds_no_chunk_back"] == "the middleware took 3 bytes and asked for more when only 1 could be decoded"


def test_an_answer_with_another_status_is_not_compared_with_the_application() -> None:
    def replacing(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        list(app(environ, lambda *arguments: lambda data: None))
        start_response("302 Found", [("Location", "/login")])
        return []

    page = make_lazy_app(lambda start: start("401 Unauthorized", TEXT), b"who are you?")
    rules = [rule for rule, _ in breaches(replace_call(replacing), page, Changes(answers=True))]
    assert rules == ["reads_nothing_ahead"], "the status, headers and bytes are its own"
    assert "keeps_the_status" in [rule for rule, _ in breaches(replace_call(replacing), page)]


def test_a_middleware_that_answers_errors_may_replace_a_restart() -> None:
    def capturing(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, headers)

        return app(environ, start)

    restart = make_lazy_app(lambda start: start("500 Oops", TEXT, raised()), b"sorry")
    assert breaches(replace_call(capturing), restart, Changes(errors=True)) == []
    assert [rule for rule, _ in breaches(replace_call(capturing), restart)] == ["passes_exc_info_unmodified"]
