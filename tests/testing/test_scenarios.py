"""Scenarios: what they find in middlewares, and that they accept legal ones. See also test_judge."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from tests.testing.pieces import Wrapped, edit_start, replace_call, wrap_body
from tests.waiting import MAX_WAIT
from wsgistack.testing import scenarios
from wsgistack.testing.scenarios import SCENARIOS, can_be_reentered, keeps_streams_apart, keeps_threads_apart
from wsgistack.types import App, Environ, Factory, StartResponse


def run(factory: Factory, name: str) -> list[str]:
    return list(SCENARIOS[name](factory, (("Accept-Encoding", "gzip"),)))


def admit_one_at_a_time(app: App) -> App:
    lock = threading.Lock()

    def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        with lock:
            return app(environ, start_response)

    return middleware


def answer_itself(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("401 Unauthorized", [("Content-Type", "text/plain")])
    return [b"who are you?"]


def mounting(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/mounted", "/elsewhere"
    return app(environ, start_response)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize(
    "factory",
    [
        pytest.param(replace_call(answer_itself), id="it answers by itself"),
        pytest.param(replace_call(mounting), id="it moves the path"),
        pytest.param(wrap_body(Wrapped, lambda body: map(bytes.upper, body)), id="it rewrites the body"),
        pytest.param(edit_start(lambda status, headers: (status, [])), id="it removes all headers"),
    ],
)
def test_accepts_a_legal_middleware(factory: Factory, name: str) -> None:
    assert run(factory, name) == []


def test_lets_a_middleware_serve_admit_one_at_a_time() -> None:
    assert run(admit_one_at_a_time, "keeps_threads_apart") == []


class MixesUp:
    """Answers each request with the headers of the previous one."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._headers: Any = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            previous, self._headers = self._headers or headers, headers
            return start_response(status, previous, exc_info)

        return self._app(environ, start)


@pytest.mark.parametrize("name", ["keeps_streams_apart", "can_be_reentered", "keeps_threads_apart"])
def test_finds_headers_of_another_request(name: str) -> None:
    assert "belongs to id:" in run(MixesUp, name)[0]


def test_reports_a_body_that_cannot_be_decoded() -> None:
    lying = edit_start(lambda status, headers: (status, [*headers, ("CONTENT-encoding", "gzip")]))
    assert "cannot be decoded" in run(lying, "keeps_streams_apart")[0]


def test_reports_an_exception() -> None:
    def failing(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise OSError("no")

    assert run(replace_call(failing), "keeps_threads_apart")[0].endswith("raised OSError('no')")


def test_the_names_of_scenarios_are_those_of_their_functions() -> None:
    assert list(SCENARIOS)[:3] == [
        scenario.__name__ for scenario in (keeps_threads_apart, keeps_streams_apart, can_be_reentered)
    ]


def test_reports_a_thread_that_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "_REQUEST_TIMEOUT", 0.2)
    lock = threading.Lock()

    def lock_and_read(app: App) -> App:
        def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            with lock:
                return list(app(environ, start_response))

        return middleware

    (said,) = SCENARIOS["can_be_reentered"](lock_and_read, ())
    assert said == "a request did not finish in 0.2 seconds"


def test_a_machine_that_stops_for_a_while_blocks_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    class Stopped(threading.Thread):
        """A wait for it ends while the machine stops. It goes on with the next one."""

        def join(self, timeout: float | None = None) -> None:
            if goes_on.is_set():
                super().join(timeout)
            goes_on.set()

    def wait_and_pass(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        assert goes_on.wait(MAX_WAIT)
        return app(environ, start_response)

    monkeypatch.setattr(threading, "Thread", Stopped)
    assert run(replace_call(wait_and_pass), "can_be_reentered") == []


def test_without_close_an_iterable_may_be_closed_once_at_its_end() -> None:
    def close_at_the_end(times: int) -> Factory:
        def chunks(body: Iterable[bytes]) -> Iterable[bytes]:
            yield from body
            for _ in range(times):
                getattr(body, "close", bool)()

        return wrap_body(Wrapped, chunks, lambda body: None)

    assert run(close_at_the_end(1), "works_without_close") == []
    assert run(close_at_the_end(2), "works_without_close") == ["close() was called more than once"]


def test_without_close_an_exception_is_reported() -> None:
    def fail(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise OSError("no")

    assert run(replace_call(fail), "works_without_close") == ["request 1 raised OSError('no')"]


def test_a_cycle_of_references_is_no_leak() -> None:
    def refer_to_itself(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["tests.self"] = [environ]
        return app(environ, start_response)

    assert run(replace_call(refer_to_itself), "forgets_the_environ") == []
