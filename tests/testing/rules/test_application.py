"""What an application must do for its server: each rule is broken by an application that breaks only this one."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.testing.applications import TEXT, find_broken_rules, make_app, make_lazy_app, raised
from wsgistack.testing import Record, Server, make_environ
from wsgistack.testing.rules import APPLICATION
from wsgistack.types import App, Environ, StartResponse


def judged(app: App, **request: Any) -> set[str]:
    return find_broken_rules(Server().run(app, make_environ(**request)), APPLICATION)


def start(start_response: StartResponse) -> None:
    start_response("200 OK", TEXT)


def starting_with_exc_info(exc_info: Any) -> App:
    return make_lazy_app(lambda start_response: start_response("500 Oops", TEXT, exc_info), b"sorry")


def restarted_and_went_on(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"half a page"
    try:
        start_response("500 Oops", TEXT, raised())
    except ValueError:
        yield b"sorry"


def restarted_and_let_pass(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"half a page"
    try:
        start_response("500 Oops", TEXT, raised())
    finally:
        environ["cleaned up"] = True


def writing_later(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    write = start_response("200 OK", TEXT)
    yield b"given, "
    write(b"written")


def reading(size: int) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return [environ["wsgi.input"].read(size)]

    return app


def closing(key: str) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        environ[key].close()
        return [b"ok"]

    return app


class Sized:
    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a", b"b"])


class Shrinking:
    """Its len() is true as long as nothing is taken."""

    def __init__(self) -> None:
        self._chunks = [b"a", b"b"]

    def __len__(self) -> int:
        return len(self._chunks)

    def __iter__(self) -> Iterator[bytes]:
        while self._chunks:
            yield self._chunks.pop(0)


class ByIndex:
    """Can be iterated over as long before there were iterators."""

    def __getitem__(self, index: int) -> bytes:
        return [b"a", b"b"][index]


class Bytes(bytes):
    pass


BROKEN = [
    pytest.param(make_lazy_app(b"early", start), "starts_before_the_first_chunk", id="a chunk before the start"),
    pytest.param(
        make_lazy_app(b"", start, b"ok"), "starts_before_the_first_chunk", id="an empty chunk before the start"
    ),
    pytest.param(lambda environ, start: [b"ok"], "starts_before_the_first_chunk", id="a list and no start"),
    pytest.param(make_lazy_app(), "starts_even_without_a_body", id="no start and no body"),
    pytest.param(lambda environ, start: [], "starts_even_without_a_body", id="no start and an empty list"),
    pytest.param(make_lazy_app(start, start, b"ok"), "starts_once", id="a second start"),
    pytest.param(
        make_lazy_app(lambda start: start(status="200 OK", response_headers=TEXT), b"ok"),
        "starts_by_position",
        id="keywords",
    ),
    pytest.param(
        make_lazy_app(lambda start: start("200 OK", TEXT, None, "more"), b"ok"),
        "starts_by_position",
        id="four arguments",
    ),
    pytest.param(
        starting_with_exc_info(ValueError("x")), "exc_info_is_like_that_of_sys", id="exc_info is an exception"
    ),
    pytest.param(starting_with_exc_info((None, None, None)), "exc_info_is_like_that_of_sys", id="exc_info of no error"),
    pytest.param(
        starting_with_exc_info((ValueError, KeyError("x"), None)),
        "exc_info_is_like_that_of_sys",
        id="exc_info of two errors",
    ),
    pytest.param(restarted_and_went_on, "does_not_catch_a_refused_restart", id="a swallowed re-raise"),
    pytest.param(make_app(body=None), "returns_an_iterable", id="None"),
    pytest.param(make_app(body=b"ok"), "returns_an_iterable", id="bytes"),
    pytest.param(make_app(body="ok"), "returns_an_iterable", id="text"),
    pytest.param(make_app(body=1), "returns_an_iterable", id="a number"),
    pytest.param(make_app(body=["ok"]), "gives_bytes", id="chunks of text"),
    pytest.param(make_app(body=[bytearray(b"ok")]), "gives_bytes", id="chunks of a bytearray"),
    pytest.param(make_app(body=[Bytes(b"ok")]), "gives_bytes", id="chunks of a subclass"),
    pytest.param(writing_later, "writes_before_the_body_only", id="a write from the iterable"),
    pytest.param(make_app(body=Sized(1)), "has_a_true_len", id="a len() that is too small"),
    pytest.param(make_app(body=Sized(3)), "has_a_true_len", id="a len() that is too large"),
    pytest.param(reading(1), "reads_no_more_than_the_body", id="reading what is not there"),
    pytest.param(closing("wsgi.input"), "leaves_server_streams_open", id="wsgi.input closed"),
    pytest.param(closing("wsgi.errors"), "leaves_server_streams_open", id="wsgi.errors closed"),
]


@pytest.mark.parametrize(("app", "rule"), BROKEN)
def test_finds_the_one_rule_that_is_broken(app: App, rule: str) -> None:
    assert judged(app) == {rule}


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(make_app(body=Sized(2)), id="a true len()"),
        pytest.param(make_app(body=Shrinking()), id="a len() that was true at first"),
        pytest.param(make_app(body=ByIndex()), id="an iterable without __iter__"),
        pytest.param(make_app(body=()), id="an empty tuple"),
        pytest.param(starting_with_exc_info(raised()), id="exc_info at once"),
        pytest.param(starting_with_exc_info((ValueError, ValueError(), None)), id="exc_info without a traceback"),
        pytest.param(
            make_lazy_app(start, b"", lambda start: start("500 Oops", TEXT, raised()), b"x"), id="a restart in time"
        ),
        pytest.param(restarted_and_let_pass, id="a re-raise that passes a finally"),
        pytest.param(reading(-1), id="reading all there is"),
        pytest.param(reading(0), id="reading nothing"),
    ],
)
def test_reports_nothing_about_a_legal_application(app: App) -> None:
    assert judged(app) == set()


@pytest.mark.parametrize(
    ("size", "length", "broken"),
    [
        pytest.param(4, True, set(), id="all of it"),
        pytest.param(5, True, {"reads_no_more_than_the_body"}, id="more than all"),
        pytest.param(4096, False, set(), id="a block, where the length is not known"),
    ],
)
def test_the_input_may_be_read_up_to_content_length(size: int, length: bool, broken: set[str]) -> None:
    assert judged(reading(size), method="POST", body=b"sent", content_length=length) == broken


def test_every_rule_for_applications_is_broken_by_an_application_of_these_tests() -> None:
    from tests.testing.rules import test_response

    broken = {param.values[1] for param in (*BROKEN, *test_response.BROKEN)}
    assert broken == set(APPLICATION.rules)


def test_judges_a_list_that_is_not_watched() -> None:
    record = Record(make_environ())
    record.note_return([b"ok"])
    record.is_watched, record.content = False, [b"ok"]
    assert find_broken_rules(record, APPLICATION) == {"starts_before_the_first_chunk"}
    record.content = []
    assert find_broken_rules(record, APPLICATION) == {"starts_even_without_a_body"}
