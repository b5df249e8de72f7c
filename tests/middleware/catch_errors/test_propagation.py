"""The setting by which each framework lets its errors reach the layer, as ``docs/errors.rst`` shows it."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import bottle
import cherrypy
import falcon
import flask
import pytest
from a2wsgi import ASGIMiddleware
from django.test.utils import override_settings  # type: ignore[import-untyped]
from pyramid.config import Configurator
from pyramid.response import Response

from tests.direct import Call
from tests.middleware.catch_errors.test_frameworks import PAGE, django_site
from tests.pages import run_snippet
from wsgistack import CatchErrors
from wsgistack.types import App


def fail(*arguments: object, **options: object) -> Any:
    raise LookupError("no such shop")


def flask_site(is_open: bool) -> App:
    site = flask.Flask("shop")
    site.add_url_rule("/", view_func=fail)
    if is_open:
        site.config["PROPAGATE_EXCEPTIONS"] = True
    return site.wsgi_app


def bottle_site(is_open: bool) -> App:
    site: Any = bottle.Bottle()
    if is_open:
        site.config["catchall"] = False
    site.route("/", callback=fail)
    return site  # type: ignore[no-any-return]


def falcon_site(is_open: bool) -> App:
    class Shop:
        on_get = staticmethod(fail)

    site = falcon.App()
    if is_open:
        run_snippet(PAGE, "add_error_handler", app=site)
    site.add_route("/", Shop())
    return site


def cherrypy_site(is_open: bool) -> App:
    class Shop:
        index = cherrypy.expose(fail)

    if is_open:
        return run_snippet(PAGE, "ExceptionTrapper", cherrypy=cherrypy, Shop=Shop)["application"]  # type: ignore[no-any-return]
    return cherrypy.Application(Shop())  # type: ignore[no-any-return]


def pyramid_site(is_open: bool) -> App:
    config = Configurator()
    config.add_route("shop", "/")
    config.add_view(fail, route_name="shop")
    if not is_open:
        config.add_exception_view(lambda error, request: Response("mine", status=500), context=Exception)
    return config.make_wsgi_app()  # type: ignore[no-any-return]


def a2wsgi_site() -> App:
    async def site(scope: object, receive: object, send: object) -> None:
        fail()

    return ASGIMiddleware(site)  # type: ignore[return-value]


SITES: dict[str, Callable[[bool], App]] = {
    "flask": flask_site,
    "bottle": bottle_site,
    "falcon": falcon_site,
    "cherrypy": cherrypy_site,
    "pyramid": pyramid_site,
}


@pytest.fixture(autouse=True)
def quiet() -> Iterable[None]:
    logging.getLogger("cherrypy").propagate = False
    yield
    logging.getLogger("cherrypy").propagate = True


def count(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.name == "wsgistack.catch_errors" for record in caplog.records)


@pytest.mark.parametrize("name", SITES)
def test_the_setting_lets_errors_reach_the_layer(name: str, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(SITES[name](True)))
    assert b'"status": 500' in call.read()
    assert "LookupError: no such shop" in caplog.text
    assert count(caplog) == 1


@pytest.mark.parametrize("name", SITES)
def test_without_it_the_framework_answers(name: str, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(SITES[name](False)))
    assert b'"status": 500' not in call.read()
    assert call.status[:3] == "500"
    assert count(caplog) == 0


def test_falcon_still_answers_its_own_errors(caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(falcon_site(True)), "/missing")
    call.read()
    assert (call.status, count(caplog)) == ("404 Not Found", 0)


def test_cherrypy_still_answers_its_own_errors(caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(cherrypy_site(True)), "/missing")
    call.read()
    assert (call.status, count(caplog)) == ("404 Not Found", 0)


def test_the_setting_of_django(caplog: pytest.LogCaptureFixture) -> None:
    site = django_site()  # which configures Django, if nothing else has done so
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
        assert b'"status": 500' in Call(CatchErrors(site)).read()
    assert count(caplog) == 1
    assert [record.name for record in caplog.records if record.name == "django.request"] == [], "nor a mail to admins"


@pytest.mark.parametrize("report", ["unanswered", "framework"])
def test_a2wsgi_answers_with_exc_info(report: Any, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(a2wsgi_site(), report=report))
    assert call.read() == b"Server got itself in trouble"
    assert count(caplog) == (report == "framework")
