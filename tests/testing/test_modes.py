"""Modes of the server: what a middleware must do there, what it may do, and what is reported only once."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from tests.testing.broken import BROKEN
from tests.testing.broken.bodies import peeked
from tests.testing.broken.errors import answer_errors
from tests.testing.pieces import Wrapped, replace_call, wrap_body, wrap_start
from wsgistack.testing.hostile import CASES
from wsgistack.testing.modes import MODES
from wsgistack.types import App, Changes, Environ, Factory, StartResponse


def run(name: str, factory: Factory, *changes: str) -> list[str]:
    return list(MODES[name].run(factory, (), Changes.from_names(changes)))


@pytest.mark.parametrize("name", MODES)
def test_reports_nothing_about_a_middleware_that_passes_all_on(name: str) -> None:
    assert run(name, lambda app: app) == []
    assert run(name, wrap_body(Wrapped), "wraps") == []


@pytest.mark.parametrize("name", MODES)
def test_runs_cases_that_exist(name: str) -> None:
    assert set(MODES[name].cases) | set(MODES[name].writing) <= set(CASES)


@pytest.mark.parametrize("name", MODES)
def test_reports_once_what_fails_on_the_strict_server_too(name: str) -> None:
    twice = wrap_start(lambda start, status, headers, *rest: [start(status, headers), start(status, headers, *rest)][1])
    assert run(name, twice) == []


def test_a_middleware_must_not_lose_what_is_written_without_write() -> None:
    def start_with_a_write_that_loses_all(start: Any, *arguments: Any) -> Any:
        return start(*arguments) or (lambda data: None)

    found = run("works_without_write", wrap_start(start_with_a_write_that_loses_all))
    assert [each.partition(":")[0] for each in found] == list(MODES["works_without_write"].writing)


def test_a_middleware_may_pass_on_what_is_written_with_the_body() -> None:
    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        written: list[bytes] = []

        def start(*arguments: Any) -> Any:
            write: Any = start_response(*arguments)
            return write or written.append

        body = app(environ, start)
        return Wrapped(body, lambda chunks: chain(written, chunks))

    assert run("works_without_write", replace_call(call), "wraps") == []


def test_a_middleware_may_take_the_first_chunk_before_it_returns_on_granian() -> None:
    assert run("starts_before_it_returns", wrap_body(peeked), "wraps", "body") == []


def test_a_middleware_may_answer_a_broken_upload_if_it_says_so() -> None:
    assert run("lets_a_broken_upload_fail", answer_errors(OSError), "errors") == []
    assert run("lets_a_broken_upload_fail", answer_errors(OSError)) != []


def test_a_middleware_that_reads_the_input_may_let_its_exception_pass() -> None:
    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        from io import BytesIO

        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", -1))))
        return app(environ, start_response)

    assert run("lets_a_broken_upload_fail", replace_call(call)) == []


def test_a_middleware_may_answer_errors_without_exc_info_under_uwsgi() -> None:
    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except LookupError:
            start_response("500 Internal Server Error", [])
            return []

    assert run("answers_errors_without_exc_info_under_uwsgi", replace_call(call), "errors") == []


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        pytest.param("demands write()", "TypeError('start_response returned no write()')", id="no write()"),
        pytest.param("passes None as exc_info", "takes 2 positional arguments but 3 were given", id="None"),
        pytest.param(
            "answers with exc_info under uWSGI", "was called with exc_info, and raised SystemError", id="uWSGI"
        ),
        pytest.param("starts with the first chunk", "the server had read the status before", id="granian"),
        pytest.param("accepts a part of the input", "wsgi.input raised ConnectionResetError", id="upload"),
        pytest.param("ignores failing writes", "write() raised ConnectionResetError", id="write"),
    ],
)
def test_a_breach_names_the_case_and_what_happened(name: str, detail: str) -> None:
    broken = BROKEN[name]
    [rule] = broken.rules
    lines = list(MODES[rule].run(broken.factory, (), broken.changes))
    assert all(line.split(": ")[0] in (*MODES[rule].cases, *MODES[rule].writing) for line in lines)
    assert detail in lines[0]
