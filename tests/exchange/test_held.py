"""The held exchange: when the start reaches the server, what replaces it, and which errors can be answered."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.direct import Body, Call, answering, raising
from wsgistack import Exchange, HeldExchange
from wsgistack.environ import mark_client_gone
from wsgistack.types import App, Environ, Headers, StartResponse

UPGRADE = {"HTTP_UPGRADE": "websocket"}


class Answering(HeldExchange):
    """Answers each error, and remembers it."""

    __slots__ = ("errors",)

    def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
        self.environ.setdefault("tests.errors", []).append(error)
        return "500 Sorry", [], [b"sorry"]


def held(app: App, kind: type[HeldExchange] = Answering) -> App:
    return lambda environ, start_response: kind(environ, start_response).run(app)


def accept(status: str, headers: Headers, exc_info: object = None) -> None:
    """A start_response as Granian, bjoern and asgiref have it: without write()."""


@pytest.mark.parametrize("chunk", [b"", b"first"])
def test_starts_with_the_first_chunk(chunk: bytes) -> None:
    call = Call(held(answering(Body(chunk, b"second"))))
    assert call.starts == []
    assert call.next() == chunk
    assert call.status == "200 OK"


@pytest.mark.parametrize("take", [0, 1])
def test_starts_a_response_without_chunks(take: int) -> None:
    call = Call(held(answering(Body())))
    if take:
        assert call.read() == b""
    call.close()
    call.close()
    assert call.status == "200 OK"


def test_lets_the_server_refuse_a_second_start_after_the_first_chunk() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        start_response("200 OK", [])

    call = Call(held(app))
    assert call.next() == b"first"
    with pytest.raises(AssertionError, match="started twice"):
        call.next()
    call.close()


def test_passes_a_switch_of_protocols_at_once() -> None:
    call = Call(held(answering(Body(RuntimeError("in the WebSocket")), status="101 Switching Protocols")))
    assert call.status == "101 Switching Protocols"
    with pytest.raises(RuntimeError, match="in the WebSocket"):
        call.next()
    assert len(call.starts) == 1


@pytest.mark.parametrize("keys", [{}, {"uwsgi.version": b"2.0"}], ids=["others", "uWSGI"])
def test_sends_a_start_at_once_that_need_not_wait(keys: dict[str, Any]) -> None:
    class Choosing(HeldExchange):
        __slots__ = ()

        def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
            self.holds = status == "200 OK"
            return status, [*headers, ("X-Edited", "yes")]

    assert Call(held(answering(Body()), Choosing)).starts == []
    assert Call(held(answering(Body(), status="404 Not Found"), Choosing)).headers["x-edited"] == "yes"

    def restarting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            1 // 0  # noqa: B018
        except ZeroDivisionError:
            start_response("503 Busy", [], sys.exc_info())
        return Body()

    assert [status for status, _ in Call(held(restarting, Choosing), **keys).starts] == ["503 Busy"]


@pytest.mark.parametrize("error", [StopIteration(), None])
def test_sends_nothing_on_a_connection_that_was_taken_over(error: StopIteration | None) -> None:
    body: list[bytes] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if error is not None:
            raise error
        return body

    if error is None:
        call = Call(held(app), **UPGRADE)
        assert call.body is body
        assert call.starts == []
        assert "tests.errors" not in call.environ
    else:
        environ: Environ = {**UPGRADE}
        with pytest.raises(StopIteration):
            held(app)(environ, accept)  # type: ignore[arg-type]
        assert "tests.errors" not in environ


class Ending(Exchange):
    __slots__ = ()

    def on_end(self) -> bytes:
        return b"end"


def ending(app: App) -> App:
    return lambda environ, start_response: Ending(environ, start_response).run(app)


@pytest.mark.parametrize("layer", [held, ending])
def test_sends_nothing_after_a_takeover_behind_another_middleware(layer: Callable[[App], App]) -> None:
    body = Body()
    call = Call(layer(lambda environ, start_response: body), **UPGRADE)
    assert call.read() == b""
    assert call.starts == []
    assert "tests.errors" not in call.environ
    assert body.closed == 1


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(raising(StopIteration()), id="StopIteration without an upgrade"),
        pytest.param(lambda environ, start_response: [], id="no start without an upgrade"),
        pytest.param(lambda environ, start_response: Body(), id="no start of an iterable without an upgrade"),
    ],
)
def test_answers_an_error_that_looks_like_an_unrequested_upgrade(app: App) -> None:
    assert Call(held(app)).read() == b"sorry"


@pytest.mark.parametrize("app", [raising(StopIteration()), raising(LookupError())])
def test_answers_an_error_after_the_start_of_an_upgrade_request(app: App) -> None:
    def starting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("400 Bad Request", [])
        return app(environ, start_response)

    assert Call(held(starting), **UPGRADE).read() == b"sorry"


def test_passes_an_error_of_the_connection_on() -> None:
    error = ConnectionResetError()
    mark_client_gone(error)
    environ: Environ = {}
    with pytest.raises(ConnectionResetError):
        held(raising(error))(environ, accept)  # type: ignore[arg-type]
    assert environ == {}


def test_answers_once() -> None:
    class Failing(Answering):
        __slots__ = ()

        def on_end(self) -> bytes:
            raise LookupError("at the end")

    call = Call(held(answering(Body(RuntimeError("first"))), Failing))
    assert call.next() == b"sorry"
    with pytest.raises(LookupError):
        call.next()
    assert [type(error) for error in call.environ["tests.errors"]] == [RuntimeError, LookupError]


def test_raises_an_error_without_an_answer() -> None:
    for body in (Body(LookupError()), Body(b"sent", LookupError())):
        with pytest.raises(LookupError):
            Call(held(answering(body), HeldExchange)).read()
        assert body.closed == 1


def test_closes_the_body_if_the_server_refuses_the_start() -> None:
    def refuse(status: str, headers: Headers, exc_info: object = None) -> Any:
        raise ValueError("refused")

    body, environ = Body(b"never"), Environ()
    given: Any = held(answering(body))(environ, refuse)
    with pytest.raises(ValueError, match="refused"):
        given.close()
    assert body.closed == 1
    assert [str(error) for error in environ["tests.errors"]] == ["refused"]


@pytest.mark.parametrize("body", [lambda: [b"yielded"], lambda: Body(b"yielded"), lambda: iter([b"yielded"])])
def test_sends_written_chunks_on_a_server_without_write(body: Callable[[], Iterable[bytes]]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"written ")
        write(b"twice ")
        return body()

    given: Any = held(app)({}, accept)  # type: ignore[arg-type]
    assert b"".join(given) == b"written twice yielded"
    given.close()


def test_refuses_a_late_write_on_a_server_without_write() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        yield b"first"
        write(b"late")

    given = iter(held(app, HeldExchange)({}, accept))  # type: ignore[arg-type]
    assert next(given) == b"first"
    with pytest.raises(RuntimeError, match=r"returned no write\(\); yield the chunks"):
        next(given)


@pytest.mark.parametrize("chunks", [(b"first", b"second"), ()])
def test_starts_before_it_returns_if_the_server_reads_the_status_then(chunks: tuple[bytes, ...]) -> None:
    def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("202 Accepted", [])
        yield from chunks

    for app in (late, answering(Body(*chunks), status="202 Accepted")):
        call = Call(held(app), SERVER_SOFTWARE="Granian")
        assert call.status == "202 Accepted"
        assert call.read() == b"".join(chunks)


def test_closes_a_body_that_fails_before_it_is_returned() -> None:
    body = Body(LookupError())
    with pytest.raises(LookupError):
        Call(held(answering(body), HeldExchange), SERVER_SOFTWARE="Granian")
    assert body.closed == 1
    assert Call(held(answering(Body(LookupError()))), SERVER_SOFTWARE="Granian").read() == b"sorry"


def test_passes_exc_info_only_if_there_is_one() -> None:
    starts: list[str] = []

    def two_arguments(status: str, headers: Headers) -> Any:
        starts.append(status)
        return print

    for app in (answering([b"list"]), answering(Body(b"body"))):
        list(held(app)({}, two_arguments))  # type: ignore[arg-type]
    assert starts == ["200 OK", "200 OK"]


def test_starts_again_after_the_first_chunk() -> None:
    def restarting(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""
        try:
            1 // 0  # noqa: B018
        except ZeroDivisionError:
            start_response("503 Busy", [], sys.exc_info())
        yield b"later"

    call = Call(held(restarting))
    assert call.read() == b"later"
    assert [status for status, _ in call.starts] == ["200 OK", "503 Busy"]


def test_a_subclass_that_calls_on_chunk_of_its_base_sees_every_chunk() -> None:
    class Marking(HeldExchange):
        __slots__ = ()

        def on_chunk(self, chunk: bytes) -> bytes:
            return super().on_chunk(b"*" + chunk)

        def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
            assert not self.can_answer, "its first chunk was sent"
            return None

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = Body(b"a", b"b", RuntimeError())
        return Marking(environ, start_response).run(answering(body))

    call = Call(app)
    with pytest.raises(RuntimeError):
        call.read()
    assert b"".join(call.sent) == b"*a*b"
