"""The current id in streams that several threads, greenlets and contexts work on."""

import gc
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Barrier
from typing import Any

import gevent
import pytest

from tests.direct import Call, environ_of
from tests.waiting import MAX_WAIT
from wsgistack import RequestId, current_request_id
from wsgistack.types import Environ, StartResponse


@pytest.fixture(autouse=True)
def _no_id_is_left_behind() -> Iterator[None]:
    assert current_request_id() == "-"
    yield
    assert current_request_id() == "-"


def streaming(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An application that sends the id that it finds at each step."""
    start_response("200 OK", [])
    for _ in range(4):
        environ["tests.pause"]()
        yield current_request_id().encode() + b" "


def with_pause(pause: object) -> dict[str, Any]:
    """What the application does before each step."""
    return {"tests.pause": pause}


PAUSELESS = with_pause(bool)


def read(app: RequestId, pause: object, request_id: str) -> str:
    call = Call(app, HTTP_X_REQUEST_ID=request_id, **with_pause(pause))
    return f"{call.read().decode()}{current_request_id()}"


def test_many_threads_at_once() -> None:
    app, names = RequestId(streaming), [f"thread{number}" for number in range(8)]
    together = Barrier(len(names), timeout=MAX_WAIT)
    with ThreadPoolExecutor(len(names)) as pool:
        found = [*pool.map(partial(read, app, together.wait), names)]
    assert found == [f"{name} " * 4 + "-" for name in names]


def test_greenlets_that_take_turns() -> None:
    app, names = RequestId(streaming), [f"greenlet{number}" for number in range(8)]
    started = [gevent.spawn(read, app, gevent.sleep, name) for name in names]
    gevent.joinall(started, timeout=MAX_WAIT, raise_error=True)
    assert [each.value for each in started] == [f"{name} " * 4 + "-" for name in names]


def test_a_greenlet_of_another_one_has_its_id_or_none() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        inside = copy_context()
        own = gevent.spawn(current_request_id)
        given = gevent.spawn(inside.run, current_request_id)
        gevent.joinall([own, given], timeout=MAX_WAIT, raise_error=True)
        return [f"{own.value} {given.value}".encode()]

    found = Call(RequestId(app), HTTP_X_REQUEST_ID="mine").read().decode()
    assert found.split()[1] == "mine"
    assert found.split()[0] in ("-", "mine"), "as gevent decides"


def test_each_step_in_another_thread() -> None:
    call = Call(RequestId(streaming), HTTP_X_REQUEST_ID="mine", **PAUSELESS)
    for _ in range(4):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(call.next).result() == b"mine "


def test_each_step_in_a_copy_of_the_context() -> None:
    call = copy_context().run(Call, RequestId(streaming), HTTP_X_REQUEST_ID="mine", **PAUSELESS)
    inside = copy_context()
    for _ in range(2):
        assert inside.run(call.next) == b"mine "
        assert inside.run(current_request_id) == "-"
        assert copy_context().run(call.next) == b"mine "
    inside.run(call.close)


def test_a_context_that_is_copied_in_a_request_keeps_its_id() -> None:
    contexts = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"one"
        contexts.append(copy_context())
        yield b"two"

    Call(RequestId(app), HTTP_X_REQUEST_ID="mine").read()
    assert contexts[0].run(current_request_id) == "mine"


@pytest.mark.parametrize("is_closed", [True, False])
def test_an_abandoned_stream_ends_with_its_own_id(is_closed: bool) -> None:
    ended = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            yield b"one"
        finally:
            ended.append(current_request_id())

    body: Any = RequestId(app)(environ_of(HTTP_X_REQUEST_ID="mine"), lambda *_: lambda _: None)
    chunks = iter(body)
    assert next(chunks) == b"one"
    other = Call(RequestId(streaming), HTTP_X_REQUEST_ID="other", **PAUSELESS)
    assert other.next() == b"other "
    if is_closed:
        body.close()
    del body, chunks
    gc.collect()
    assert ended == ["mine"]
    assert other.read() == b"other " * 4
