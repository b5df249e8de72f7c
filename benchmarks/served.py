"""The applications that the servers run: small ones of Flask and Django, alone or in our layers."""

import gc
import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from itertools import count
from statistics import median
from time import perf_counter

from benchmarks.traffic import JSON, PASSWORD, USER, make_case
from wsgistack.types import App, Environ, StartResponse

__all__ = ["APPS", "add_codec", "application", "find_work", "make_flask", "wrap_in_five", "wrap_in_four"]

_HELLO = "Hello, world!"


def wrap_in_four(app: App) -> App:
    """Wrap an application in all layers except compression."""
    return _wrap(app, "request_id", _LOG, "catch_errors", _AUTH)


def wrap_in_five(app: App) -> App:
    """Wrap an application in all five layers, in the order of the quickstart."""
    return _wrap(app, "request_id", _LOG, "catch_errors", "gzip", _AUTH)


def _wrap(app: App, *layers: str | Mapping[str, object]) -> App:
    from wsgistack import Pipeline  # so that the memory of an application alone does not include it

    return Pipeline(layers).wrap(app)


_LOG = {"use": "access_log", "file": os.devnull}
_AUTH = {"use": "basic_auth", "users": {USER: PASSWORD}}


def make_flask(work: int) -> App:
    """Make a Flask application with one page: a greeting, or 2 KB of JSON after ``work`` rounds of encoding it."""
    framework = import_module("flask")
    app = framework.Flask("benchmarks")
    orders = json.loads(JSON)

    def view() -> object:
        for _ in range(work):
            json.dumps(orders)
        return framework.Response(JSON, content_type="application/json") if work else _HELLO

    app.add_url_rule("/", view_func=view)
    built: App = app
    return built


def make_django(_: int) -> App:
    """Make a Django application with one page and minimal settings."""
    conf, http, urls = (import_module(name) for name in ("django.conf", "django.http", "django.urls"))
    if not conf.settings.configured:
        patterns = (urls.path("", lambda request: http.HttpResponse(_HELLO)),)
        conf.settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=patterns, SECRET_KEY="x", MIDDLEWARE=[])  # noqa: S106
    built: App = import_module("django.core.wsgi").get_wsgi_application()
    return built


def add_codec(app: App) -> App:
    """Call the codec directly for each request, on the content of the page, without any layer."""
    from benchmarks.codecs import find_codec

    encode = find_codec("gzip")

    def call_codec(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = app(environ, start_response)
        if encode:
            encode(JSON)
        return body

    return call_codec


APPS: dict[str, Callable[[int], App]] = {"Flask": make_flask, "Django": make_django}
_LAYERS: dict[str, Callable[[App], App]] = {
    "alone": lambda app: app,
    "codec": add_codec,
    "four": wrap_in_four,
    "five": wrap_in_five,
}


def application(app: str, layers: str, work: int) -> App:
    """Build an application for gunicorn.

    :param work: how many times the view encodes its JSON.
    """
    return _LAYERS[layers](APPS[app](work))


@cache
def find_work(seconds: float) -> int:
    """Find the work that makes a Flask request take the given time on this machine, without garbage collection."""
    gc.disable()
    try:
        return next(
            work for work in count(1) if _measure_time(make_case(make_flask(work), {"PATH_INFO": "/"})) >= seconds
        )
    finally:
        gc.enable()


def _measure_time(case: Callable[[], object]) -> float:
    times = []
    for _ in range(100):
        begin = perf_counter()
        case()
        times.append(perf_counter() - begin)
    return median(times)
