"""Tests of the exchange: what travels through a layer arrives as it left, and its hooks are called when they should."""

import gc
import sys
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from wsgiref.util import FileWrapper

import pytest

from tests.contract import FOUNDATION, Stack, cases, judge, judge_in_threads
from tests.hostile import CHUNKS, HOSTILE, TEXT, Body, BodyFailingInIter, BodyOfOne, BodyWithoutLength, journal_of
from tests.strict_server import StrictServer
from wsgistack import Exchange, editing
from wsgistack.exchange import body_is_inert, is_file_wrapper
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write


class Watched(Exchange):
    """Marks what it edits, and remembers what it was told."""

    __slots__ = ("closed",)

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        return f"{status}!", [*headers, ("X-Watched", "yes")]

    def on_chunk(self, chunk: bytes) -> bytes:
        return chunk.upper() if chunk != b"hold" else b""

    def on_end(self) -> bytes:
        return b"end"

    def on_close(self, error: BaseException | None) -> None:
        closed = self.environ.setdefault("tests.closed", [])
        closed.append((error, self.finished, self.status, self.headers))


def through(kind: type[Exchange], app: App) -> App:
    return lambda environ, start_response: kind(environ, start_response).run(app)


def answering(body: Iterable[bytes], *, written: bytes = b"") -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        if written:
            write(written)
        return body

    return app


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stack", FOUNDATION, ids=lambda stack: stack.name)
def test_keeps_the_contract(stack: Stack, name: str) -> None:
    assert [breach for case in cases(stack, name) for breach in judge(case)] == []


def test_keeps_the_contract_in_threads() -> None:
    assert judge_in_threads(FOUNDATION) == []


def test_edits_what_is_written_and_what_is_yielded_and_adds_an_end() -> None:
    server = StrictServer().serve(through(Watched, answering([b"b", b"hold", b"", b"c"], written=b"a")))
    assert server.wire == [b"A", b"B", b"", b"", b"C", b"end"]
    assert server.status == "200 OK!"
    assert server.header("x-watched") == "yes"
    assert server.environ["tests.closed"] == [(None, True, server.status, server.headers)]


def test_does_not_ask_an_iterator_again_after_its_end() -> None:
    class Ending(Exchange):
        def on_end(self) -> bytes:
            return b"end"

    server = StrictServer().serve(through(Ending, HOSTILE["iterator_with_close"].make()))
    assert server.breaches == []
    assert server.wire[-1] == b"end"


def test_an_empty_body_has_an_end_too() -> None:
    assert StrictServer().serve(through(Watched, answering([]))).wire == [b"end"]


def test_edits_each_restart_and_keeps_the_one_that_the_server_accepted() -> None:
    server = StrictServer().serve(through(Watched, HOSTILE["restart_in_body"].make()))
    [(error, finished, status, headers)] = server.environ["tests.closed"]
    assert (error, finished, status) == (None, True, "503 Service Unavailable!")
    assert headers == server.headers

    refused = StrictServer().serve(through(Watched, HOSTILE["late_restart_in_body"].make()))
    [(error, finished, status, _)] = refused.environ["tests.closed"]
    assert (error, finished, status) == (refused.error, False, "200 OK!")


@pytest.mark.parametrize("layer", [editing, Exchange], ids=["editing", "exchange"])
def test_lets_the_server_refuse_a_second_start(layer: object) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []

    def edited(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ, editing(start_response, lambda status, headers: (status, headers)))

    server = StrictServer().serve(edited if layer is editing else through(Exchange, app))
    assert server.breaches == ["a second start without exc_info"]
    assert isinstance(server.error, AssertionError)


def test_edits_a_restart_without_a_look_at_the_body() -> None:
    seen = []

    def edit(status: str, headers: Headers) -> tuple[str, Headers]:
        seen.append(status)
        return status.upper(), [*headers, ("X-Edited", "yes")]

    app = HOSTILE["restart_in_call"].make()
    server = StrictServer().serve(lambda environ, start: app(environ, editing(start, edit)))
    assert seen == ["200 OK", "503 Service Unavailable"]
    assert server.status == "503 SERVICE UNAVAILABLE"
    assert server.headers == [("Content-Type", "text/html"), ("X-Edited", "yes")]


def test_knows_its_headers_when_the_server_empties_the_list() -> None:
    def greedy(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
        headers.clear()
        return lambda chunk: None

    exchange = Exchange({}, greedy)
    exchange.run(answering([]))
    assert exchange.headers == [("Content-Type", "text/plain")]


def test_gives_another_body_instead_and_then_is_out_of_the_way() -> None:
    class Instead(Watched):
        def on_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
            return body

    body = [b"untouched"]
    server = StrictServer().serve(through(Instead, answering(body)))
    assert server.body is body
    assert "tests.closed" not in server.environ


def failing_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal_of(environ).fail()


def failing_twice(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = HOSTILE["fails_with_false_error_in_body"].make()(environ, start_response)
    return Body(journal_of(environ), body, fails_in_close=True)


class FailingInHook(Watched):
    def on_chunk(self, chunk: bytes) -> bytes:
        journal_of(self.environ).fail()


class FailingAtEnd(Watched):
    def on_end(self) -> bytes:
        journal_of(self.environ).fail()


class FailingOnBody(Watched):
    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        journal_of(self.environ).fail()


@pytest.mark.parametrize(
    ("kind", "app", "closes"),
    [
        pytest.param(Watched, failing_app, 0, id="in the call"),
        pytest.param(Watched, lambda environ, start: BodyFailingInIter(journal_of(environ), []), 1, id="in iter()"),
        pytest.param(Watched, HOSTILE["fails_in_body"].make(), 1, id="in the body"),
        pytest.param(Watched, HOSTILE["exits_in_body"].make(), 1, id="in the body, no Exception"),
        pytest.param(Watched, failing_twice, 1, id="an error that is false, and in close()"),
        pytest.param(Watched, HOSTILE["fails_in_body_and_close"].make(), 1, id="in the body and close()"),
        pytest.param(FailingInHook, HOSTILE["lazy_start_with_close"].make(), 1, id="in on_chunk"),
        pytest.param(FailingAtEnd, HOSTILE["lazy_start_with_close"].make(), 1, id="in on_end"),
        pytest.param(FailingOnBody, HOSTILE["lazy_start_with_close"].make(), 1, id="in on_body"),
    ],
)
def test_is_closed_once_with_the_first_error(kind: type[Exchange], app: App, closes: int) -> None:
    server = StrictServer().serve(through(kind, app))
    [(error, finished, *_)] = server.environ["tests.closed"]
    assert error is server.journal.raised[0]
    assert server.error is error
    assert not finished
    assert server.journal.closes == closes


def test_is_told_of_an_error_in_close() -> None:
    server = StrictServer().serve(through(Watched, HOSTILE["fails_in_close"].make()))
    [(error, finished, *_)] = server.environ["tests.closed"]
    assert finished
    assert error is server.close_error is server.journal.raised[0]


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_is_not_finished_when_the_client_goes(stop_after: int) -> None:
    app = HOSTILE["lazy_start_with_close"].make()
    server = StrictServer().serve(through(Watched, app), stop_after=stop_after)
    [(error, finished, *_)] = server.environ["tests.closed"]
    assert (error, finished) == (None, False)
    assert len(server.wire) == stop_after


def test_a_second_close_does_nothing() -> None:
    environ: Environ = {}
    exchange = Watched(environ, StrictServer().start_response)
    exchange.run(lambda environ, _: Body(journal_of(environ), CHUNKS))
    exchange.close()
    exchange.close()
    assert journal_of(environ).closes == 1
    assert len(environ["tests.closed"]) == 1


def test_a_body_that_failed_gets_no_end() -> None:
    server = StrictServer()
    exchange = Watched(server.environ, server.start_response)
    body = exchange.run(HOSTILE["fails_in_body"].make())
    chunks = iter(body)
    assert next(chunks) == CHUNKS[0].upper()
    with pytest.raises(RuntimeError):
        next(chunks)
    assert list(chunks) == []
    exchange.close()


class Canary:
    """What an application holds while it runs."""


@pytest.mark.parametrize("where", ["restart", "body", "close"])
@pytest.mark.parametrize("layer", ["editing", "exchange"])
def test_leaves_no_cycle_that_keeps_a_failed_request_alive(where: str, layer: str) -> None:
    kept: list[weakref.ref[Canary]] = []

    def refusing(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
        try:
            if exc_info and exc_info[1]:
                raise exc_info[1].with_traceback(exc_info[2])
        finally:
            exc_info = None
        return lambda chunk: None

    class Failing:
        def __init__(self, start_response: StartResponse) -> None:
            self.canary = Canary()
            self.start_response = start_response
            kept.append(weakref.ref(self.canary))

        def __iter__(self) -> Iterator[bytes]:
            self.start_response("200 OK", [])
            yield b"sent"
            try:
                1 // 0  # noqa: B018
            except ZeroDivisionError:
                if where == "restart":
                    self.start_response("500 Internal Server Error", [], sys.exc_info())
                elif where == "body":
                    raise

        def close(self) -> None:
            raise OSError(where)

    def serve() -> None:
        if layer == "editing":
            body: Iterable[bytes] = Failing(editing(refusing, lambda *given: given))
        else:
            body = Exchange({}, refusing).run(lambda environ, start_response: Failing(start_response))
        with suppress(ZeroDivisionError):
            list(body)
        with suppress(OSError):
            body.close()  # type: ignore[attr-defined]

    gc.collect()
    gc.disable()
    try:
        serve()
        assert [alive() for alive in kept] == [None]
    finally:
        gc.enable()


class Sized(Exchange):
    __slots__ = ()
    keeps_length = True


def test_keeps_the_length_where_it_is_asked_to() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return BodyOfOne(journal_of(environ), [TEXT])

    assert StrictServer().serve(through(Sized, app)).length == 1
    assert StrictServer().serve(through(Exchange, app)).length is None


def test_says_like_the_body_that_its_length_is_not_known() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return BodyWithoutLength(journal_of(environ), CHUNKS)

    server = StrictServer().serve(through(Sized, app))
    assert server.length is None
    assert server.decoded == TEXT
    assert server.journal.closes == 1


class ListWithMore(list[bytes]):
    pass


def generated() -> Iterator[bytes]:
    yield TEXT


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param([TEXT], True, id="list"),
        pytest.param((TEXT,), True, id="tuple"),
        pytest.param(FileWrapper(BytesIO(TEXT)), True, id="file wrapper"),
        pytest.param(ListWithMore([TEXT]), False, id="list of another class"),
        pytest.param(generated(), False, id="generator"),
    ],
)
def test_tells_bodies_that_run_no_code(body: object, expected: bool) -> None:
    assert body_is_inert(body, {"wsgi.file_wrapper": FileWrapper}) is expected


def test_takes_for_a_file_wrapper_what_the_server_would() -> None:
    wrapped = FileWrapper(BytesIO(TEXT))
    assert is_file_wrapper(wrapped, {"wsgi.file_wrapper": FileWrapper})
    assert not is_file_wrapper(wrapped, {})
    assert not is_file_wrapper(wrapped, {"wsgi.file_wrapper": lambda file: file})
    assert not is_file_wrapper([TEXT], {"wsgi.file_wrapper": FileWrapper})
