"""The answers for a developer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.direct import Call, answering, raising
from tests.middleware.catch_errors.debug.failing import LOCAL, serve
from wsgistack import CatchErrors, SecurityHeaders
from wsgistack.middleware.catch_errors.debug import answer

ERROR = RuntimeError("boom <b>")


def test_a_browser_gets_the_page_with_a_policy_of_its_own() -> None:
    first, second = serve(raising(ERROR)), serve(raising(ERROR))
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-store"
    policies = [each.headers["content-security-policy"] for each in (first, second)]
    assert policies[0] != policies[1]
    assert policies[0].startswith("default-src 'none'; script-src 'nonce-")
    assert "unsafe" not in policies[0]
    body = first.read()
    assert len(body) == int(first.headers["content-length"])
    assert policies[0].partition("'nonce-")[2].partition("'")[0] in body.decode()


def test_the_policy_of_another_layer_does_not_replace_it() -> None:
    app = SecurityHeaders(CatchErrors(raising(ERROR), debug=True), csp={"script-src": ["'nonce'"]})
    assert Call(app, **LOCAL).headers["content-security-policy"].startswith("default-src 'none'; script-src 'nonce-")


def test_other_clients_get_the_traceback_as_text() -> None:
    call = serve(raising(ERROR), HTTP_ACCEPT="text/plain")
    assert b"Traceback (most recent call last):\n" in call.read()
    assert call.headers["cache-control"] == "no-store"
    call = serve(raising(ERROR), HTTP_ACCEPT="application/json")
    assert json.loads(call.read())["traceback"].endswith("RuntimeError: boom <b>")


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_head_gets_the_headers_alone(accept: str) -> None:
    call = serve(raising(ERROR), HTTP_ACCEPT=accept, REQUEST_METHOD="HEAD")
    assert int(call.headers["content-length"]) > 500
    assert call.read() == b""


def test_a_page_that_is_too_long_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_PAGE", 100)
    body = serve(raising(ERROR)).read()
    assert b"<pre>Traceback" in body
    assert b"<script" not in body


def test_the_largest_page_has_a_limit() -> None:
    def app(*_: Any) -> Any:
        big = ["x" * 500] * 999
        texts = [big] * 99

        def nest(depth: int) -> None:
            local, other, more = texts, big, "y" * 10**6
            assert local is texts, (other, more)
            try:
                if depth:
                    nest(depth - 1)
            finally:
                raise ValueError("z" * 10**6)

        nest(60)

    body = serve(app).read()
    assert b"<title>ValueError: zzz" in body
    assert len(body) < answer.MAX_PAGE


@pytest.mark.parametrize("failure", [RuntimeError("no page"), RecursionError(), MemoryError()])
def test_if_the_page_fails_the_plain_answer_is_sent(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Any:
        raise failure

    monkeypatch.setattr(answer, "write_page", fail)
    call = serve(raising(ERROR))
    assert call.status == "500 Internal Server Error"
    assert b"boom" not in call.read()
    assert [each.getMessage() for each in caplog.records][-1] == "the debug page failed"


def test_the_log_of_a_page_that_fails_shows_no_secrets_of_the_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Any:
        try:
            int("no number")
        except ValueError as error:
            raise RuntimeError("no page") from error

    monkeypatch.setattr(answer, "write_page", fail)
    serve(raising(ValueError("password=tr0ub4dor")))
    assert "no number" in caplog.text
    assert "tr0ub4dor" not in caplog.text


@pytest.mark.parametrize(
    "function",
    [
        lambda: [0][1],
        lambda: compile("a b", "x", "exec"),
        lambda: (lambda again: again(again))(lambda again: again(again)),
        lambda: (_ for _ in ()).throw(MemoryError()),
        lambda: "x".encode("odd"),
        lambda: json.loads("{"),
        lambda: dict[str, str]()["x"],
    ],
)
def test_every_exception_has_a_page(function: Any) -> None:
    def app(*_: object) -> Any:
        return function()

    assert b'<main id="traceback"' in serve(app).read()


def test_a_request_without_an_error_is_untouched() -> None:
    body = [b"x"]
    call = serve(answering(body), HTTP_ACCEPT="*/*")
    assert call.body is body


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
def test_has_the_status_and_the_headers_of_a_planned_answer(accept: str) -> None:
    planned: dict[Callable[..., Any], int | Mapping[str, Any]] = {
        TimeoutError: {"status": 503, "detail": "Busy.", "headers": {"Retry-After": "9"}},
        KeyError: 404,
    }
    call = Call(
        CatchErrors(raising(TimeoutError("slow")), debug=True, answers=planned), **{**LOCAL, "HTTP_ACCEPT": accept}
    )
    assert (call.status, call.headers["retry-after"]) == ("503 Service Unavailable", "9")
    body = call.read().decode()
    assert "TimeoutError: slow" in body
    assert "500" not in body.partition("Traceback")[0]
    call = Call(CatchErrors(raising(KeyError("a")), debug=True, answers=planned), **LOCAL)
    assert call.status == "404 Not Found"
    assert "KeyError" not in call.read().decode(), "this is no failure"
