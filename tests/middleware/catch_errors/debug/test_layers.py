"""Which layer has failed."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask

from tests.direct import Body, answering, environ_of, raising
from tests.middleware.catch_errors.debug.failing import LOCAL, serve
from wsgistack import CatchErrors, Compress, Mount, RequestId
from wsgistack.base import Middleware
from wsgistack.exchange import Exchange, editing
from wsgistack.middleware.catch_errors.debug import layers
from wsgistack.middleware.catch_errors.debug.layers import Stage, describe_pipeline
from wsgistack.pipeline import Pipeline
from wsgistack.types import App, Environ, Headers, StartResponse

ERROR = RuntimeError("boom")


@pytest.fixture(autouse=True)
def forget_where_it_was_raised() -> None:
    ERROR.__traceback__ = None


class Broken(Middleware):
    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        raise ERROR


class BrokenStart(Middleware):
    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            raise ERROR

        return self.app(environ, editing(start_response, edit))


class _Failing(Exchange):
    __slots__ = ("layer",)

    def on_chunk(self, chunk: bytes) -> bytes:
        raise ERROR


class BrokenChunk(Middleware):
    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        return _Failing(environ, start_response).run(self.app)


def broken_function(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return json.loads("{")  # type: ignore[no-any-return]

    return layer


def lazy(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [])
    raise ERROR
    yield b""


class Application:
    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise ERROR

    def serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise ERROR


def failing(app: App, *items: Any) -> str:
    page = serve(app, items).read().decode()
    assert page.count(">failed here<") == 1
    return page.partition('<li class="failing"')[2].partition('<span class="name">')[2].partition("<")[0]


@pytest.mark.parametrize(
    ("app", "items", "name"),
    [
        (answering([b"x"]), [Broken], "Broken"),
        (answering([b"x"]), ["request_id", {"use": Broken, "when": {"method": "GET"}}], "Broken"),
        (answering([b"x"]), [BrokenStart], "BrokenStart"),
        (answering(Body(b"x")), [BrokenChunk, "compress"], "BrokenChunk"),
        (answering(Body(b"x")), [{"use": broken_function, "name": "mine"}], "mine"),
        (raising(ERROR), ["compress"], "application"),
        (raising(ERROR), ["etag"], "application"),
        (lazy, ["compress", "etag"], "application"),
        (answering(Body(ERROR)), ["etag"], "application"),
        (answering(Body(ERROR)), [], "application"),
        (Application(), ["compress"], "application"),
        (Application().serve, ["compress"], "application"),
        (partial(partial(Application())), ["compress"], "application"),
    ],
)
def test_marks_the_layer_that_has_failed(app: App, items: list[Any], name: str) -> None:
    assert failing(app, *items) == name


def test_marks_an_application_of_a_framework() -> None:
    app = Flask("shop", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.get("/")
    def page() -> str:
        raise ERROR

    assert failing(app, "compress") == "application"
    assert failing(app.wsgi_app, "compress") == "application"


def test_names_the_layers_outside_too() -> None:
    page = serve(raising(ERROR), ["compress"]).read().decode()
    names = [each.partition("<")[0] for each in page.split('<span class="name">')[1:]]
    assert names == ["request_id", "catch_errors", "compress", "application"]


def test_each_layer_knows_its_pipeline() -> None:
    app = answering([b"x"])
    built: Any = Pipeline(["request_id", {"use": "compress", "name": "small"}]).wrap(app)
    assert built.pipeline == [("request_id", built), ("small", built.app), ("application", app)]
    assert built.app.pipeline == built.pipeline
    assert RequestId(app).pipeline == ()


def test_without_a_pipeline_it_finds_the_layers_inside() -> None:
    layer = CatchErrors(RequestId(Compress(raising(ERROR))), debug=True)
    stages = describe_pipeline(layer, ERROR)
    assert [each.name for each in stages] == ["CatchErrors", "RequestId", "Compress", "application"]
    assert stages[1] == Stage("RequestId", "wsgistack.middleware.request_id.RequestId")
    assert stages[-1].is_failing
    assert layer(environ_of(**LOCAL), lambda *_: lambda _: None)


def test_layers_in_a_circle_end() -> None:
    layer = Middleware(raising(ERROR))
    layer.app = layer
    assert [each.name for each in describe_pipeline(layer, ERROR)] == ["application"]
    for _ in range(layers.MAX_LAYERS + 9):
        layer = Middleware(layer)
    assert len(describe_pipeline(layer, ERROR)) == layers.MAX_LAYERS + 1


def test_shows_the_pipeline_that_is_mounted_and_its_failing_layer() -> None:
    inner = Pipeline(["etag", Broken]).wrap(answering([b"x"]))
    page = serve(Mount({"/shop": inner, "/": answering([b"x"])}), PATH_INFO="/shop").read().decode()
    assert page.count(">failed here<") == 1
    names = re.findall('<li[^>]*><span class="name">([^<]+)', page.partition('<ol class="pipeline">')[2])
    assert names == ["request_id", "catch_errors", "application", "etag", "Broken", "application"]
    assert '<li class="failing" aria-current="true"><span class="name">Broken<' in page
