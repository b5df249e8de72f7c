"""The way out when a body is refused: the client gets the layer's answer, whatever the application does."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest

from tests.direct import Body, Call
from tests.waiting import MAX_WAIT
from wsgistack.exchange.refusing import RefusingExchange, refuse_body, refuse_unread_body
from wsgistack.http import bodies
from wsgistack.http.bodies import BodyRefusal, BodyRefusedError
from wsgistack.types import App, Environ, StartResponse

REFUSAL = BodyRefusal(413, "too large: 5", (("X-Why", "size"),))
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "2"), ("X-App", "yes")]


class Refused:
    """A body that is refused when it is read, and counts what was thrown away."""

    def __init__(self) -> None:
        self.refusal: BodyRefusal | None = None
        self.discarded = 0

    def read(self) -> bytes:
        self.refusal = REFUSAL
        raise BodyRefusedError(REFUSAL)

    def discard(self) -> None:
        self.discarded += 1


def call(app: App, **keys: Any) -> tuple[Call, Refused]:
    body = Refused()

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return RefusingExchange(environ, start_response, body).run(app)

    return Call(layer, **{"wsgi.input": body, **keys}), body


def lets_it_pass(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    raise AssertionError


def makes_a_page(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        environ["wsgi.input"].read()
    except Exception:
        start_response("500 Internal Server Error", HEADERS)
    return [b"no"]


def restarts(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", HEADERS)
    try:
        environ["wsgi.input"].read()
    except Exception:
        start_response("500 Internal Server Error", HEADERS, sys.exc_info())
    return [b"no"]


def makes_another_error(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        environ["wsgi.input"].read()
    except Exception:
        raise LookupError("the framework's own") from None
    return []


def makes_no_chunk(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    makes_a_page(environ, start_response)
    return []


def is_lazy(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    yield from makes_a_page(environ, start_response)


def is_lazy_and_empty(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    yield from makes_no_chunk(environ, start_response)


def starts_with_an_empty_chunk(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", HEADERS)
    yield b""
    environ["wsgi.input"].read()


def writes(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        environ["wsgi.input"].read()
    except Exception:
        start_response("500 Internal Server Error", HEADERS)(b"no")
    raise AssertionError


def writes_and_goes_on(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    with suppress(BodyRefusedError):
        writes(environ, start_response)
    return [b"no"]


READERS: list[Callable[..., Iterable[bytes]]] = [
    *(lets_it_pass, makes_a_page, restarts, makes_another_error, makes_no_chunk, is_lazy, is_lazy_and_empty),
    *(writes, writes_and_goes_on),
]


@pytest.mark.parametrize("app", READERS)
@pytest.mark.parametrize("server", ["", "uwsgi.version"])
def test_the_client_gets_the_answer(app: App, server: str) -> None:
    answer, body = call(app, HTTP_ACCEPT="text/plain", **{server or "tests": b"2.0"})
    assert answer.read() == b"413 Request Entity Too Large\n\ntoo large: 5\n"
    assert answer.status == "413 Request Entity Too Large"
    assert "x-app" not in answer.headers
    assert answer.headers["x-why"] == "size"
    assert answer.headers["content-length"] == str(len(b"".join(answer.sent)))
    assert body.discarded == 1
    assert len(answer.starts) == (2 if app is restarts and not server else 1)


def test_the_client_gets_the_answer_after_an_empty_chunk() -> None:
    answer, body = call(starts_with_an_empty_chunk)
    assert b"too large: 5" in answer.read()
    assert [status[:3] for status, _ in answer.starts] == ["200", "413"]
    assert body.discarded == 1


def test_the_body_of_the_application_is_closed_once() -> None:
    given = Body(b"no")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        makes_a_page(environ, start_response)
        return given

    call(app)[0].read()
    assert given.closed == 1


@pytest.mark.parametrize("swallows", [True, False])
def test_a_response_that_has_begun_is_cut(swallows: bool) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        yield b"begun"
        try:
            environ["wsgi.input"].read()
        except BodyRefusedError:
            if not swallows:
                raise
        yield b"end"

    answer, body = call(app)
    assert answer.next() == b"begun"
    with pytest.raises(BodyRefusedError):
        answer.next()
    answer.close()
    assert answer.sent == [b"begun"]
    assert len(answer.starts) == 1
    assert body.discarded == 0


def test_a_response_that_ends_after_it_has_begun_is_cut() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        yield b"begun"
        makes_no_chunk(environ, lambda *_: print)

    answer, _ = call(app)
    with pytest.raises(BodyRefusedError):
        answer.read()


def test_what_was_not_refused_stays_as_it_is() -> None:
    given = [b"ok"]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", HEADERS)
        return given

    answer, body = call(app)
    assert answer.body is given
    assert answer.read() == b"ok"
    assert answer.starts == [("200 OK", HEADERS)]
    assert body.discarded == 0


def test_other_errors_of_the_application_pass() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise LookupError("of the application")

    with pytest.raises(LookupError):
        call(app)


def test_chunks_pass_one_by_one() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        yield b""
        yield b"o"
        yield b"k"

    answer, _ = call(app)
    assert [answer.next() for _ in range(3)] == [b"", b"o", b"k"]


# Before the application


def refused(**keys: Any) -> Call:
    return Call(lambda environ, start: refuse_unread_body(environ, start, REFUSAL, 100), **keys)


def test_an_unread_body_is_read_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_DISCARD_TIME", MAX_WAIT)
    given = BytesIO(b"x" * 200)
    answer = refused(**{"wsgi.input": given})
    assert len(answer.body) == 1  # type: ignore[arg-type]
    assert answer.next()
    assert given.tell() == 0
    answer.close()
    assert given.tell() == 100


def test_a_body_that_the_client_did_not_send_is_not_read() -> None:
    given = BytesIO(b"x" * 200)
    refused(**{"wsgi.input": given}, HTTP_EXPECT="100-continue").read()
    assert given.tell() == 0


def test_nothing_is_read_if_there_is_nothing() -> None:
    answer = Call(lambda environ, start: refuse_body(environ, start, REFUSAL))
    assert type(answer.body) is list
