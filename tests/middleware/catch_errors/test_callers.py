"""Who gets an error instead of an answer to it: tests and debuggers, with their real clients."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import flask
import pytest
import webtest
from paste.exceptions.errormiddleware import ErrorMiddleware
from werkzeug.debug import DebuggedApplication
from werkzeug.test import Client

from tests.direct import Body, Call, answering, raising
from tests.middleware.catch_errors.test_frameworks import PAGE
from tests.pages import run_snippet
from wsgistack import CatchErrors
from wsgistack.types import App, Environ, StartResponse


def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    raise LookupError("no such shop")
    yield b""


FAILING = {"in the call": raising(LookupError("no such shop")), "late": late}
BODIES = {"before": (LookupError("no such shop"),), "after": (b"begun", LookupError("no such shop"))}


def test_a_test_with_webtest_can_check_the_answer() -> None:
    run_snippet(PAGE, "webtest", webtest=webtest, application=CatchErrors(late))


@pytest.mark.parametrize("where", FAILING)
def test_raises_errors_in_webtest_without_a_record(where: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LookupError, match="no such shop"):
        webtest.TestApp(CatchErrors(FAILING[where])).get("/")
    assert not caplog.records


@pytest.mark.parametrize("where", BODIES)
def test_closes_the_body_of_an_error_that_it_raises(where: str) -> None:
    body = Body(*BODIES[where])
    with pytest.raises(LookupError):
        Call(CatchErrors(answering(body)), "/", **{"wsgistack.raise_errors": True}).read()
    assert body.closed == 1


@pytest.mark.parametrize(
    ("keys", "raises"),
    [
        ({}, False),
        ({"wsgistack.raise_errors": True}, True),
        ({"paste.throw_errors": True}, True),
        ({"paste.throw_errors": False}, False),
        ({"wsgistack.raise_errors": False, "paste.throw_errors": True}, False),
        ({"wsgistack.raise_errors": True, "paste.throw_errors": False}, True),
        ({"HTTP_WSGISTACK_RAISE_ERRORS": "1", "HTTP_PASTE_THROW_ERRORS": "1"}, False),
        ({"werkzeug.debug.preserve_context": [].append}, False),
    ],
)
def test_asks_the_environ(keys: dict[str, Any], raises: bool) -> None:
    app = CatchErrors(raising(LookupError("no such shop")))
    if raises:
        with pytest.raises(LookupError):
            Call(app, **keys)
    else:
        assert b'"status": 500' in Call(app, **keys).read()


@pytest.mark.parametrize("where", FAILING)
@pytest.mark.parametrize("evalex", [False, True])
def test_leaves_errors_to_the_debugger_of_werkzeug_outside(where: str, evalex: bool) -> None:
    app = DebuggedApplication(CatchErrors(FAILING[where]), evalex=evalex)
    page = Client(app).get("/")
    assert page.status_code == 500
    assert "LookupError: no such shop" in page.text
    assert "Werkzeug Debugger" in page.text


def test_answers_an_error_between_itself_and_a_debugger_inside(caplog: pytest.LogCaptureFixture) -> None:
    inner: Any = DebuggedApplication(answering([b"fine"]), evalex=True)

    def between(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        b"".join(inner(environ, start_response))
        raise LookupError("between")

    app: App = CatchErrors(between)
    assert b'"status": 500' in Call(app).read()
    assert len(caplog.records) == 1


def test_leaves_errors_to_the_error_middleware_of_paste_outside() -> None:
    layer = CatchErrors(raising(LookupError("no such shop")))
    assert b"LookupError" in Call(ErrorMiddleware(layer, debug=True, show_exceptions_in_wsgi_errors=False)).read()


@pytest.fixture
def site() -> flask.Flask:
    site = flask.Flask("shop")
    site.config["PROPAGATE_EXCEPTIONS"] = True
    site.add_url_rule("/", view_func=lambda: os.environ["NO_SUCH_ORDER"])
    site.wsgi_app = CatchErrors(site.wsgi_app)  # type: ignore[assignment,method-assign]
    return site


def test_raises_the_errors_of_a_flask_application_that_is_tested(
    site: flask.Flask, caplog: pytest.LogCaptureFixture
) -> None:
    site.testing = True
    for ask in (lambda: Call(site), lambda: site.test_client().get("/")):
        with pytest.raises(KeyError, match="NO_SUCH_ORDER"):
            ask()
    assert not caplog.records


def test_answers_the_errors_of_a_flask_application_that_is_not_tested(
    site: flask.Flask, caplog: pytest.LogCaptureFixture
) -> None:
    assert b'"status": 500' in Call(site).read()
    assert len(caplog.records) == 1
    with pytest.raises(KeyError, match="NO_SUCH_ORDER"):  # by the client itself, which refuses each exc_info
        site.test_client().get("/")
    assert len(caplog.records) == 2


def test_answers_where_no_debugger_and_no_flask_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("werkzeug.debug", "flask"):
        monkeypatch.delitem(sys.modules, name)
    assert b'"status": 500' in Call(CatchErrors(raising(LookupError("no such shop")))).read()


@pytest.mark.parametrize("broken", [object(), type("flask", (), {"Flask": object})])
def test_answers_while_flask_is_being_imported(broken: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask", broken)
    call = Call(CatchErrors(raising(LookupError("no such shop"))))
    call.read()
    assert call.status == "500 Internal Server Error"
