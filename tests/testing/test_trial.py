"""One case, run through one middleware."""

from collections.abc import Iterable

from wsgistack.testing.hostile import CASES
from wsgistack.testing.trial import BROWSER, find_breaches, run_case
from wsgistack.types import App, Changes, Environ, StartResponse


def add_a_header(app: App) -> App:
    def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ, lambda status, headers, *rest: start_response(status, [*headers, ("X-New", "1")], *rest))

    return middleware


def test_records_what_both_sides_see() -> None:
    passage = run_case(add_a_header, CASES["reads_all_of_its_input"], Changes(), BROWSER)
    assert ("X-New", "1") in passage.outer.headers
    [inner] = passage.inner
    assert ("X-New", "1") not in inner.headers
    assert inner.environ_then["HTTP_COOKIE"] == "a=1"
    assert passage.alone is not None
    assert passage.alone.body == inner.body


def test_finds_the_breaches_of_all_rules() -> None:
    case = CASES["gives_a_tuple"]
    assert [breach.rule for breach in find_breaches(run_case(add_a_header, case, Changes(), ()))] == [
        "keeps_the_headers"
    ]
    assert find_breaches(run_case(add_a_header, case, Changes.from_names(["x-new"]), ())) == []


def test_a_case_without_a_request_body_does_not_run_alone() -> None:
    assert run_case(add_a_header, CASES["gives_a_tuple"], Changes(), ()).alone is None
