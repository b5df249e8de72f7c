"""What the servers serve: small applications of Flask and Django, alone, or in layers of ours."""

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

__all__ = ["APPS", "application", "five", "flask", "four", "packing", "work_for"]

_HELLO = "Hello, world!"


def wrap_in_four(app: App) -> App:
    """All layers but compression."""
    return _wrap(app, "request_id", _LOG, "catch_errors", _AUTH)


def wrap_in_five(app: App) -> App:
    """All five layers, as the quickstart has them."""
    return _wrap(app, "request_id", _LOG, "catch_errors", "gzip", _AUTH)


def _wrap(app: App, *layers: str | Mapping[str, object]) -> App:
    from wsgistack import Pipeline  # an application alone does not have it in its memory

    return Pipeline(layers).wrap(app)


_LOG = {"use": "access_log", "file": os.devnull}
_AUTH = {"use": "basic_auth", "users": {USER: PASSWORD}}


def make_flask(work: int) -> App:
    """Flask with one page: a greeting, or 2 KB of JSON, which the view makes so many times before it answers."""
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
    """Django with one page, and the settings of nothing else."""
    conf, http, urls = (import_module(name) for name in ("django.conf", "django.http", "django.urls"))
    if not conf.settings.configured:
        patterns = (urls.path("", lambda request: http.HttpResponse(_HELLO)),)
        conf.settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=patterns, SECRET_KEY="x", MIDDLEWARE=[])  # noqa: S106
    built: App = import_module("django.core.wsgi").get_wsgi_application()
    return built


def add_codec(app: App) -> App:
    """No layer, but the codec, called by hand for each request on what the page holds, for nothing."""
    from benchmarks.codecs import find_codec

    encode = find_codec("gzip")

    def calling(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = app(environ, start_response)
        if encode:
            encode(JSON)
        return body

    return calling


APPS: dict[str, Callable[[int], App]] = {"Flask": make_flask, "Django": make_django}
_LAYERS: dict[str, Callable[[App], App]] = {
    "alone": lambda app: app,
    "packing": add_codec,
    "four": wrap_in_four,
    "five": wrap_in_five,
}


def application(app: str, layers: str, work: int) -> App:
    """Build an application, as gunicorn asks for it.

    :param work: that the view does, in pieces.
    """
    return _LAYERS[layers](APPS[app](work))


@cache
def find_work(seconds: float) -> int:
    """The pieces of work that make a request to Flask take so long, here and now, without the garbage collector."""
    gc.disable()
    try:
        return next(
            work for work in count(1) if _measure_time(make_case(make_flask(work), {"PATH_INFO": "/"})) >= seconds
        )
    finally:
        gc.enable()


def _measure_time(case: Callable[[], object]) -> float:
    taken = []
    for _ in range(100):
        begin = perf_counter()
        case()
        taken.append(perf_counter() - begin)
    return median(taken)
