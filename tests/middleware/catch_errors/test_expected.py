"""Exceptions that are answers: those of ``answers``, and those of frameworks that answer for themselves."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import bottle
import flask
import pyramid.httpexceptions
import pytest
import webob.exc
import werkzeug.exceptions
from webob.dec import wsgify

from tests.direct import Body, Call, answering, raising
from wsgistack import CatchErrors, ConfigError, RequestId, Responses, load
from wsgistack.types import App, Environ, StartResponse

SECRET = "the stock of ada@example.org"


class StockError(Exception):
    pass


class SoldOutError(StockError):
    pass


class BrokenError(StockError):
    pass


ANSWERS: dict[Any, Any] = {
    StockError: 404,
    SoldOutError: {"status": 409, "detail": "Sold out.", "headers": {"X-Again": "in May"}},
    TimeoutError: {"status": 503, "headers": {"Retry-After": "60"}},
}


def ask(error: BaseException, answers: Any = ANSWERS, **keys: Any) -> Call:
    return Call(CatchErrors(raising(error), answers=answers), "/x", HTTP_ACCEPT="application/json", **keys)


@pytest.mark.parametrize(
    ("error", "expected", "detail"),
    [
        pytest.param(StockError(SECRET), "404 Not Found", None, id="the type"),
        pytest.param(BrokenError(SECRET), "404 Not Found", None, id="a derived type"),
        pytest.param(SoldOutError(SECRET), "409 Conflict", "Sold out.", id="the nearest type"),
    ],
)
def test_answers_exceptions_without_a_record(
    error: Exception, expected: str, detail: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    call = ask(error)
    problem = json.loads(call.read())
    assert call.status == expected
    assert problem.get("detail") == detail
    assert SECRET not in str(problem)
    assert caplog.records == []
    assert call.headers.get("x-again") == ("in May" if detail else None)


def test_logs_the_traceback_of_an_answer_with_5xx(caplog: pytest.LogCaptureFixture) -> None:
    call = ask(TimeoutError(SECRET))
    assert json.loads(call.read())["title"] == "Service Unavailable"
    assert call.headers["retry-after"] == "60"
    [record] = caplog.records
    assert (record.levelname, record.exc_info and record.exc_info[0]) == ("ERROR", TimeoutError)


def test_other_exceptions_are_failures(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(KeyError(SECRET)).status == "500 Internal Server Error"
    assert len(caplog.records) == 1


def test_logs_an_expected_exception_that_comes_too_late(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"half"
        raise SoldOutError

    call = Call(CatchErrors(app, answers=ANSWERS))
    with pytest.raises(SoldOutError):
        call.read()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_the_answer_looks_as_configured_for_all_layers() -> None:
    layer = CatchErrors(raising(SoldOutError()), answers=ANSWERS)
    call = Call(Responses(layer, members=lambda environ, problem: {"code": problem.status * 10}))
    assert json.loads(call.read())["code"] == 4090


# Exceptions that are WSGI applications


def abort_in_flask() -> App:
    app = flask.Flask("shop")
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.errorhandler(werkzeug.exceptions.HTTPException)
    def passes(error: Exception) -> Any:
        raise error

    @app.get("/x")
    def show() -> Any:
        flask.abort(404, "No such order.")

    return app.wsgi_app


def raise_in_webob() -> App:
    @wsgify
    def show(request: object) -> Any:
        def lazily() -> Iterator[bytes]:
            raise webob.exc.HTTPNotFound("No such order.")
            yield b""

        return webob.Response(app_iter=lazily())

    app: App = show
    return app


ABORTING: dict[str, App] = {
    "Werkzeug": raising(werkzeug.exceptions.NotFound("No such order.")),
    "Werkzeug, a response": raising(
        werkzeug.exceptions.HTTPException(response=flask.Response("No such order.", 404, {"X-Own": "1"}))
    ),
    "Flask": abort_in_flask(),
    "WebOb": raising(webob.exc.HTTPNotFound("No such order.")),
    "WebOb, late": raise_in_webob(),
    "Pyramid": raising(pyramid.httpexceptions.HTTPNotFound("No such order.")),
}


@pytest.mark.parametrize("name", ABORTING)
@pytest.mark.parametrize("debug", [False, True])
def test_http_exceptions_answer_for_themselves(name: str, debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call = Call(CatchErrors(ABORTING[name], debug=debug), "/x", HTTP_ACCEPT="text/html")
    page = call.read()
    assert call.status.upper() == "404 NOT FOUND"
    assert b"No such order." in page
    assert int(call.headers["content-length"]) == len(page)
    assert b"Traceback" not in page
    assert caplog.records == []
    assert len(call.starts) == 1


@pytest.mark.parametrize("name", ["Werkzeug", "Werkzeug, a response", "WebOb", "Pyramid"])
def test_http_exceptions_answer_head_without_a_body(name: str) -> None:
    call = Call(CatchErrors(ABORTING[name]), "/x", REQUEST_METHOD="HEAD", HTTP_ACCEPT="text/html")
    assert (call.status.upper(), call.read()) == ("404 NOT FOUND", b"")


@pytest.mark.parametrize(
    ("error", "code", "header"),
    [
        pytest.param(webob.exc.HTTPFound(location="/there"), "302", ("location", "http://127.0.0.1/there"), id="WebOb"),
        pytest.param(
            pyramid.httpexceptions.HTTPSeeOther("/there"), "303", ("location", "http://127.0.0.1/there"), id="Pyramid"
        ),
        pytest.param(
            werkzeug.exceptions.MethodNotAllowed(["GET"]), "405", ("allow", "GET"), id="Werkzeug, not allowed"
        ),
        pytest.param(werkzeug.exceptions.TooManyRequests(retry_after=9), "429", ("retry-after", "9"), id="Werkzeug"),
        pytest.param(webob.exc.HTTPNotModified(), "304", None, id="without a body"),
    ],
)
def test_keeps_the_status_and_headers_of_http_exceptions(
    error: Exception, code: str, header: tuple[str, str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    call = ask(error)
    body = call.read()
    assert call.status[:3] == code
    assert header is None or call.headers[header[0]] == header[1]
    assert (body == b"") == (code == "304")
    assert caplog.records == []


@pytest.mark.parametrize(
    "error", [werkzeug.exceptions.BadGateway(), webob.exc.HTTPBadGateway(), pyramid.httpexceptions.HTTPBadGateway()]
)
def test_logs_http_exceptions_with_5xx(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    call = ask(error)
    assert call.read()
    assert call.status[:3] == "502"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_an_http_exception_without_a_status_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    call = ask(werkzeug.exceptions.HTTPException("No such order."))
    assert b"No such order." not in call.read()
    assert call.status == "500 Internal Server Error"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_type_in_answers_has_precedence_over_its_own_answer() -> None:
    call = ask(werkzeug.exceptions.NotFound(SECRET), {werkzeug.exceptions.NotFound: 410})
    assert (call.status, SECRET.encode() in call.read()) == ("410 Gone", False)


class CallableError(Exception):
    def __init__(self, app: App) -> None:
        super().__init__("not for clients")
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


def writes(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("418 I'm a teapot", [("Content-Type", "text/plain")])(b"short ")
    return [b"and ", b"stout"]


def test_takes_what_an_exception_writes() -> None:
    assert ask(CallableError(writes)).read() == b"short and stout"


def test_closes_the_body_of_an_exception() -> None:
    body = Body(b"short")
    assert ask(CallableError(answering(body, status="418 I'm a teapot"))).read() == b"short"
    assert body.closed == 1


@pytest.mark.parametrize(
    ("app", "records"),
    [
        pytest.param(raising(ValueError(SECRET)), 2, id="it raises"),
        pytest.param(lambda environ, start_response: [b"never"], 2, id="it never starts"),
        pytest.param(lambda: [b""], 2, id="it is no application"),
        pytest.param(answering(Body(b"half", ValueError(SECRET))), 2, id="its body raises"),
        pytest.param(answering([b"odd"], status="None UNKNOWN"), 1, id="its status is odd"),
        pytest.param(answering([b"odd"], status="101 Switching Protocols"), 1, id="its status is no answer"),
    ],
)
def test_an_exception_that_fails_to_answer_is_a_failure(
    app: App, records: int, caplog: pytest.LogCaptureFixture
) -> None:
    call = ask(CallableError(app))
    text = call.read().decode()
    assert call.status == "500 Internal Server Error"
    assert json.loads(text)["status"] == 500
    assert SECRET not in text
    assert "CallableError" in caplog.text
    assert len(caplog.records) == records


def test_an_exception_of_bottle_is_no_application() -> None:
    assert ask(bottle.HTTPError(404)).status == "500 Internal Server Error"


# Its option


def test_reads_answers_from_ini_and_toml(tmp_path: Path) -> None:
    lines = (
        f"    {__name__}:StockError = 404",
        f'    {__name__}:SoldOutError = {{status = 409, detail = "Sold out."}}',
        '    builtins:TimeoutError = {status = 503, headers = {Retry-After = "60"}}',
    )
    ini = ("[app:demo]", "use = wsgiref.simple_server:demo_app", "[filter:errors]", "use = egg:wsgistack#catch_errors")
    (tmp_path / "stack.ini").write_text(
        "\n".join((*ini, "answers =", *lines, "[pipeline:main]", "pipeline = errors demo"))
    )
    (tmp_path / "stack.toml").write_text(
        'app = "wsgiref.simple_server:demo_app"\n[[layers]]\nuse = "catch_errors"\n[layers.answers]\n'
        f'"{__name__}:StockError" = 404\n"{__name__}:SoldOutError" = {{ status = 409, detail = "Sold out." }}\n'
        '"builtins:TimeoutError" = { status = 503, headers = { Retry-After = "60" } }\n'
    )
    for name in ("stack.ini", "stack.toml"):
        layer: Any = load(tmp_path / name)
        statuses = {
            Call(CatchErrors(raising(error), answers=layer.answers)).status[:3]
            for error in (StockError(), SoldOutError(), TimeoutError())
        }
        assert statuses == {"404", "409", "503"}, name


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(
            {"KeyError": 404}, "'KeyError' is no type of exception; expected one, such as KeyError", id="text"
        ),
        pytest.param({dict: 404}, "dict is no type of exception", id="no exception"),
        pytest.param({SystemExit: 404}, "SystemExit is no type of exception", id="it ends the process"),
        pytest.param({KeyError: "404"}, "is text for KeyError; expected a status such as 409", id="text as a status"),
        pytest.param({KeyError: True}, "is true or false for KeyError", id="a truth"),
        pytest.param({KeyError: {}}, "wrong mapping for KeyError; expected a status", id="no status"),
        pytest.param(
            {KeyError: {"status": 404, "details": ""}}, "unknown key 'details' for KeyError; ", id="unknown name"
        ),
        pytest.param(
            {KeyError: 200}, "invalid value 200 for KeyError; expected a status of HTTP from 400", id="success"
        ),
        pytest.param({KeyError: 499}, "invalid value 499 for KeyError", id="unknown status"),
        pytest.param({KeyError: {"status": 404, "detail": 4}}, "the detail is a number for KeyError", id="detail"),
        pytest.param({KeyError: {"status": 404, "headers": [1]}}, "invalid headers for KeyError", id="headers"),
        pytest.param(
            {KeyError: {"status": 404, "headers": {"A": 1}}}, "invalid header A = 1 for KeyError", id="a number"
        ),
        pytest.param(
            {KeyError: {"status": 404, "headers": {"A B": "1"}}}, "invalid header A B = '1' for KeyError", id="a name"
        ),
        pytest.param(
            {KeyError: {"status": 404, "headers": {"A": "1\n"}}}, "invalid header A = '1\\n' for KeyError", id="a line"
        ),
        pytest.param(
            {KeyError: {"status": 404, "headers": {"Vary": "1"}}},
            "invalid header Vary = '1' for KeyError",
            id="its own",
        ),
    ],
)
def test_refuses_what_is_no_answer(answers: Mapping[Any, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        CatchErrors(raising(ValueError()), answers=answers)
    assert f"answers: {expected}" in str(raised.value)


def test_refuses_a_text_in_the_place_of_answers() -> None:
    with pytest.raises(ConfigError, match=r"^answers: is text; expected a mapping$"):
        CatchErrors(raising(ValueError()), answers="KeyError = 404")  # type: ignore[arg-type]


def test_reports_all_wrong_answers_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        CatchErrors(raising(ValueError()), answers={KeyError: 1, dict: 404})  # type: ignore[dict-item,unused-ignore]
    assert len(raised.value.mistakes) == 2


def test_names_the_request_in_an_expected_answer() -> None:
    make: Callable[[App], App] = RequestId
    call = Call(make(CatchErrors(raising(StockError()), answers=ANSWERS)), HTTP_X_REQUEST_ID="r-1")
    assert json.loads(call.read())["request_id"] == call.headers["x-request-id"] == "r-1"
