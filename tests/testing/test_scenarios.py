"""Scenarios: what they find in middlewares, and whom they leave in peace; more is in test_judge."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from tests.testing.pieces import Wrapped, called, edited, wrapped
from wsgistack.testing import scenarios
from wsgistack.testing.scenarios import SCENARIOS, can_be_reentered, keeps_streams_apart, keeps_threads_apart
from wsgistack.types import App, Environ, Factory, StartResponse


def found(factory: Factory, name: str) -> list[str]:
    return list(SCENARIOS[name](factory, (("Accept-Encoding", "gzip"),)))


def one_by_one(app: App) -> App:
    lock = threading.Lock()

    def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        with lock:
            return app(environ, start_response)

    return middleware


def answering_itself(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("401 Unauthorized", [("Content-Type", "text/plain")])
    return [b"who are you?"]


def mounting(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/mounted", "/elsewhere"
    return app(environ, start_response)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize(
    "factory",
    [
        pytest.param(called(answering_itself), id="it answers by itself"),
        pytest.param(called(mounting), id="it moves the path"),
        pytest.param(wrapped(Wrapped, lambda body: map(bytes.upper, body)), id="it rewrites the body"),
        pytest.param(edited(lambda status, headers: (status, [])), id="it takes all headers away"),
    ],
)
def test_leaves_a_legal_middleware_in_peace(factory: Factory, name: str) -> None:
    assert found(factory, name) == []


def test_lets_a_middleware_serve_one_by_one() -> None:
    assert found(one_by_one, "keeps_threads_apart") == []


class MixesUp:
    """Answers each request with what the last one was given."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._headers: Any = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            given, self._headers = self._headers or headers, headers
            return start_response(status, given, exc_info)

        return self._app(environ, start)


@pytest.mark.parametrize("name", ["keeps_streams_apart", "can_be_reentered", "keeps_threads_apart"])
def test_finds_headers_of_another_request(name: str) -> None:
    assert "speaks of id:" in found(MixesUp, name)[0]


def test_tells_of_a_body_that_can_not_be_decoded() -> None:
    lying = edited(lambda status, headers: (status, [*headers, ("CONTENT-encoding", "gzip")]))
    assert "can't be decoded" in found(lying, "keeps_streams_apart")[0]


def test_tells_of_what_is_raised() -> None:
    def failing(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise OSError("no")

    assert found(called(failing), "keeps_threads_apart")[0].endswith("raised OSError('no')")


def test_the_names_of_scenarios_are_those_of_their_functions() -> None:
    assert list(SCENARIOS)[:3] == [
        scenario.__name__ for scenario in (keeps_threads_apart, keeps_streams_apart, can_be_reentered)
    ]


def test_waits_for_ever_for_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "_LIMIT", 0.2)
    lock = threading.Lock()

    def locking(app: App) -> App:
        def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            with lock:
                return list(app(environ, start_response))

        return middleware

    (said,) = SCENARIOS["can_be_reentered"](locking, ())
    assert said == "a request did not come back in 0.2 seconds"
