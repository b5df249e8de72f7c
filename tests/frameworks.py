"""Applications of real frameworks that read their request in the usual ways."""

from collections.abc import Callable
from typing import Any

import django  # type: ignore[import-untyped]
import flask
from django.conf import settings  # type: ignore[import-untyped]
from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]
from webob import Request, Response
from webob.dec import wsgify

from wsgistack.types import App

__all__ = ["FRAMEWORKS", "WITHOUT_LENGTH", "urlpatterns"]


def flask_app() -> App:
    app = flask.Flask(__name__)

    @app.post("/")
    def read() -> Any:
        return flask.request.get_data() or "empty"

    @app.post("/form")
    def form() -> Any:
        return flask.request.form.to_dict()

    @app.post("/swallow")
    def swallow() -> Any:
        try:
            return flask.request.get_data()
        except Exception:
            return "swallowed"

    return app.wsgi_app


def read_in_django(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body or b"empty")


def swallow_in_django(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(request.body)
    except Exception:
        return HttpResponse(b"swallowed")


def form_in_django(request: HttpRequest) -> HttpResponse:
    return HttpResponse(repr(request.POST).encode())


urlpatterns = [path("", read_in_django), path("swallow", swallow_in_django), path("form", form_in_django)]


def django_app() -> App:
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="k", ROOT_URLCONF=__name__, LOGGING_CONFIG=None)
        django.setup()
    settings.ROOT_URLCONF = __name__
    app: App = WSGIHandler()
    return app


def webob_app() -> App:
    @wsgify
    def read(request: Request) -> Response:
        try:
            return Response(request.body or b"empty")
        except Exception:
            if request.path != "/swallow":
                raise
            return Response(b"swallowed")

    app: App = read
    return app


FRAMEWORKS: dict[str, Callable[[], App]] = {"flask": flask_app, "django": django_app, "webob": webob_app}

WITHOUT_LENGTH = [name for name in FRAMEWORKS if name != "django"]
"""Django reads no body without a CONTENT_LENGTH."""
