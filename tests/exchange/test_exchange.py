"""The exchange: a response passes through unchanged, and each hook is called at the right time."""

import gc
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from tests.direct import Body, answering, raising
from wsgistack import Exchange, Middleware, editing
from wsgistack.errors import ContractError
from wsgistack.exchange import body_is_inert
from wsgistack.http import headers as h
from wsgistack.testing import Judge, Record, Server, make_environ
from wsgistack.testing.hostile import CASES
from wsgistack.types import App, Changes, Environ, ExcInfo, Factory, Headers, StartResponse, Write

TEXT = b"first " * 200


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


class Sized(Exchange):
    __slots__ = ()
    keeps_length = True


class Free(Sized):
    __slots__ = ()
    needs_context = False


class Ending(Exchange):
    __slots__ = ()

    def on_end(self) -> bytes:
        return b"end"


def through(kind: type[Exchange], app: App) -> App:
    return lambda environ, start_response: kind(environ, start_response).run(app)


def editing_twice(app: App) -> App:
    def edit(status: str, headers: Headers) -> tuple[str, Headers]:
        return status, h.replace(headers, "X-Edited", "yes")

    return lambda environ, start: app(environ, editing(editing(start, edit), edit))


def sized_twice(app: App) -> App:
    return through(Sized, through(Sized, app))


def served(app: App, *, take: int | None = None) -> Record:
    return Server().run(app, make_environ(), take=take)


def accepting(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
    return lambda chunk: None


def errors(record: Record) -> list[object]:
    return [event.value for event in record.all("raise")]


@pytest.mark.parametrize(
    ("layer", "changes"),
    [
        pytest.param(Middleware, Changes(), id="middleware"),
        pytest.param(editing_twice, Changes(frozenset({"x-edited"})), id="editing"),
        pytest.param(sized_twice, Changes(wraps=True), id="exchange that keeps the length"),
    ],
)
def test_keeps_the_contract(layer: Factory, changes: Changes) -> None:
    assert [verdict for verdict in Judge(layer, changes=changes).judge_all() if verdict.breaches] == []


def test_changes_only_the_type_and_the_length_of_a_body() -> None:
    verdicts = Judge(lambda app: through(Exchange, app), changes=Changes()).judge_all()
    broken = {breach.rule for verdict in verdicts for breach in verdict.breaches}
    assert broken == {"keeps_an_untouched_body", "keeps_the_length"}


def test_edits_written_and_yielded_chunks_and_adds_an_end() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])(b"a")
        return [b"b", b"hold", b"", b"c"]

    record = served(through(Watched, app))
    assert record.chunks == [b"A", b"B", b"", b"", b"C", b"end"]
    assert record.status == "200 OK!"
    assert h.get(record.headers, "x-watched") == "yes"
    assert record.environ["tests.closed"] == [(None, True, record.status, record.headers)]


def test_does_not_ask_an_iterator_again_after_its_end() -> None:
    class Once:
        asked = 0

        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            self.asked += 1
            raise StopIteration

    body = Once()
    assert served(through(Ending, answering(body))).chunks == [b"end"]
    assert body.asked == 1


def test_a_second_iteration_after_the_end_yields_nothing() -> None:
    class Ending(Exchange):
        def on_end(self) -> bytes:
            return b"end"

    body = Ending({}, lambda *start: lambda chunk: None).run(answering(Body(b"a")))
    assert (list(body), list(body)) == ([b"a", b"end"], [])


def test_an_empty_body_has_an_end_too() -> None:
    assert served(through(Watched, answering([]))).chunks == [b"end"]


def test_edits_each_restart_and_keeps_the_one_that_the_server_accepted() -> None:
    record = served(through(Watched, CASES["restarts_after_an_empty_chunk"].app))
    [(error, finished, status, headers)] = record.environ["tests.closed"]
    assert (error, finished, status) == (None, True, "503 Service Unavailable!")
    assert headers == record.headers

    refused = served(through(Watched, CASES["restarts_after_the_first_byte"].app))
    [(error, finished, status, _)] = refused.environ["tests.closed"]
    assert (error, finished, status) == (refused.error, False, "200 OK!")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("layer", [editing_twice, lambda app: through(Exchange, app)], ids=["editing", "exchange"])
def test_lets_the_server_refuse_a_second_start(layer: Callable[[App], App]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []

    refused = served(layer(app)).error
    assert isinstance(refused, ContractError)
    assert [breach.rule for breach in refused.breaches] == ["starts_once"]


def test_edits_a_restart_and_leaves_the_body_untouched() -> None:
    seen = []

    def edit(status: str, headers: Headers) -> tuple[str, Headers]:
        seen.append(status)
        return status.upper(), [*headers, ("X-Edited", "yes")]

    app = CASES["restarts_before_the_first_byte"].app
    record = served(lambda environ, start: app(environ, editing(start, edit)))
    assert seen == ["200 OK", "500 Internal Server Error"]
    assert record.status == "500 INTERNAL SERVER ERROR"
    assert record.headers == [("Content-Type", "text/plain"), ("X-Edited", "yes")]


def test_keeps_its_headers_when_the_server_empties_the_list() -> None:
    def greedy(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
        headers.clear()
        return lambda chunk: None

    exchange = Exchange({}, greedy)
    exchange.run(answering([]))
    assert exchange.headers == [("Content-Type", "text/plain")]


def test_on_body_can_replace_the_exchange() -> None:
    class Instead(Watched):
        def on_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
            return body

    body = [b"untouched"]
    record = served(through(Instead, answering(body)))
    assert record.returned is body
    assert "tests.closed" not in record.environ


def test_takes_the_first_chunk_of_another_body_where_the_server_reads_the_start_at_the_return() -> None:
    class Instead(Exchange):
        def on_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
            self.environ["tests.body"] = lazy = Lazy(body)
            return lazy

    class Lazy:
        closed = 0

        def __init__(self, body: Iterable[bytes]) -> None:
            self.body = body

        def __iter__(self) -> Iterator[bytes]:
            return iter(self.body)

        def close(self) -> None:
            self.closed += 1

    def late(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"a"
        yield b"b"

    statuses: list[str] = []
    environ: Environ = {"SERVER_SOFTWARE": "Granian"}

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
        statuses.append(status)
        return accepting(status, headers)

    body: Any = through(Instead, late)(environ, start)
    assert statuses == ["200 OK"]
    assert [*body] == [b"a", b"b"]
    body.close()
    assert environ["tests.body"].closed == 1


class FalseError(Exception):
    """An error with a length, as a collection of errors may have."""

    def __len__(self) -> int:
        return 0


class HookError(Exception):
    """What a hook raises below."""


class FailingInHook(Watched):
    def on_chunk(self, chunk: bytes) -> bytes:
        raise HookError


class FailingAtEnd(Watched):
    def on_end(self) -> bytes:
        raise HookError


class FailingOnBody(Watched):
    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        raise HookError


class FailingInIter(Body):
    def __iter__(self) -> Iterator[bytes]:
        raise HookError


@pytest.mark.parametrize(
    ("kind", "make", "expected"),
    [
        pytest.param(Watched, lambda: FailingInIter(), HookError, id="in iter()"),
        pytest.param(Watched, lambda: Body(b"a", LookupError()), LookupError, id="in the body"),
        pytest.param(Watched, lambda: Body(b"a", SystemExit()), SystemExit, id="in the body, no Exception"),
        pytest.param(
            Watched, lambda: Body(b"a", LookupError(), failure=OSError()), LookupError, id="in the body and close()"
        ),
        pytest.param(
            Watched, lambda: Body(FalseError(), failure=OSError()), FalseError, id="an error that is false, and close()"
        ),
        pytest.param(FailingInHook, lambda: Body(b"a"), HookError, id="in on_chunk"),
        pytest.param(FailingAtEnd, lambda: Body(b"a"), HookError, id="in on_end"),
        pytest.param(FailingOnBody, lambda: Body(b"a"), HookError, id="in on_body"),
    ],
)
def test_is_closed_once_with_the_first_error(
    kind: type[Exchange], make: Callable[[], Body], expected: type[BaseException]
) -> None:
    body = make()
    record = served(through(kind, answering(body)))
    [(error, finished, *_)] = record.environ["tests.closed"]
    assert isinstance(error, expected)
    assert error is errors(record)[0]
    assert not finished
    assert body.closed == 1


def test_is_closed_when_the_call_fails() -> None:
    error = LookupError()
    record = served(through(Watched, raising(error)))
    assert record.error is error
    assert record.environ["tests.closed"] == [(error, False, "", [])]


def test_on_close_gets_an_error_of_close() -> None:
    error = OSError()
    record = served(through(Watched, answering(Body(b"a", failure=error))))
    [(told, finished, *_)] = record.environ["tests.closed"]
    assert finished
    assert told is error
    assert errors(record) == [error]


@pytest.mark.parametrize("take", [0, 1, 2])
def test_is_not_finished_when_the_client_disconnects(take: int) -> None:
    record = served(through(Watched, answering(Body(b"a", b"b", b"c"))), take=take)
    [(error, finished, *_)] = record.environ["tests.closed"]
    assert (error, finished) == (None, False)
    assert len(record.chunks) == take


def test_a_second_close_does_nothing() -> None:
    environ: Environ = {}
    body = Body(b"a")
    exchange = Watched(environ, accepting)
    exchange.run(answering(body))
    exchange.close()
    exchange.close()
    assert body.closed == 1
    assert len(environ["tests.closed"]) == 1


def test_a_body_that_failed_gets_no_end() -> None:
    exchange = Watched({}, accepting)
    chunks = iter(exchange.run(answering(Body(b"a", LookupError()))))
    assert next(chunks) == b"A"
    with pytest.raises(LookupError):
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


class BodyOfOne(Body):
    def __len__(self) -> int:
        return 1


class BodyWithoutLength(Body):
    def __len__(self) -> int:
        raise TypeError("only the database could tell")


def test_keeps_the_length_if_the_class_says_so() -> None:
    assert served(through(Sized, answering(BodyOfOne(TEXT)))).length == 1
    assert served(through(Exchange, answering(BodyOfOne(TEXT)))).length is None


def test_len_raises_the_type_error_of_the_body() -> None:
    body = BodyWithoutLength(TEXT)
    record = served(through(Sized, answering(body)))
    assert record.length is None
    assert record.body == TEXT
    assert body.closed == 1
    with pytest.raises(TypeError, match="only the database could tell"):
        len(record.returned)  # type: ignore[arg-type]


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
def test_recognizes_bodies_that_run_no_code(body: object, expected: bool) -> None:
    assert body_is_inert(body, {"wsgi.file_wrapper": FileWrapper}) is expected


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        pytest.param(Free, [TEXT], True, id="a list"),
        pytest.param(Free, (TEXT,), True, id="a tuple"),
        pytest.param(Free, Body(TEXT), False, id="what the application makes meanwhile"),
        pytest.param(Sized, [TEXT], False, id="a list, where a context is needed"),
    ],
)
def test_a_list_in_an_exchange_without_context_is_inert(
    kind: type[Exchange], body: Iterable[bytes], expected: bool
) -> None:
    environ = make_environ()
    given = through(kind, answering(body))(environ, lambda status, headers, exc_info=None: lambda chunk: None)
    assert body_is_inert(given, environ) is expected


class Polite(Exchange):
    __slots__ = ()

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        return super().on_start(f"{status}!", headers)


@pytest.mark.parametrize("layer", [editing_twice, lambda app: through(Polite, app)], ids=["editing", "exchange"])
def test_passes_exc_info_only_if_there_is_one(layer: Callable[[App], App]) -> None:
    starts: list[str] = []

    def two_arguments(status: str, headers: Headers) -> Write:
        starts.append(status)
        return starts.append  # type: ignore[return-value]

    assert list(layer(answering([TEXT]))({}, two_arguments)) == [TEXT]  # type: ignore[arg-type]
    assert starts[0].startswith("200 OK")


def test_write_fails_with_advice_on_a_server_without_write() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(TEXT)
        return []

    with pytest.raises(RuntimeError, match=r"returned no write\(\); yield the chunks of the body instead"):
        editing_twice(app)({}, lambda *given: None)  # type: ignore[arg-type]


def test_refuses_a_start_after_the_end() -> None:
    class Starting(Body):
        start: StartResponse

        def close(self) -> None:
            self.start("200 OK", [])

    body = Starting(b"a")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        body.start = start_response
        return body

    record = served(through(Exchange, app))
    assert record.chunks == [b"a"]
    assert str(record.error) == "start_response was called after the end of the body"


class Overriding(Watched):
    """Overrides a method that each class has a copy of, and is itself derived from."""

    __slots__ = ()

    def close(self) -> None:
        self.environ["tests.overridden"] = True
        super().close()


class Derived(Overriding):
    __slots__ = ()


def test_calls_a_method_that_an_intermediate_class_overrides() -> None:
    record = served(through(Derived, answering(Body(b"a"))))
    assert record.chunks == [b"A", b"end"]
    assert record.environ["tests.overridden"]
    assert len(record.environ["tests.closed"]) == 1
