"""The compressors that are compared: each in an application of its framework, and each framework alone."""

import asyncio
import atexit
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks.bodies import Body
from benchmarks.pairs import Case
from benchmarks.rivals import paste_gzipper
from benchmarks.rows import describe_version
from benchmarks.traffic import make_case, make_stream, make_whole
from wsgistack import Compress, Gzip
from wsgistack.types import App

__all__ = ["CODECS", "COMPRESSORS", "FRAMEWORKS", "Compressor", "Sink"]

Sink = Callable[[bytes], object]
"""Receives each chunk that goes to the client."""

CODECS = {"gzip": (), "br": ("Brotli",), "zstd": () if sys.version_info >= (3, 14) else ("backports.zstd",)}
"""The distributions that a coding needs besides Python."""


class Compressor(NamedTuple):
    """A middleware, or a part of a framework, that compresses.

    :param name: its name in its project.
    :param coding: the coding that the client asks for.
    :param framework: the framework of the application that it wraps.
    :param layer: the middleware itself, for plain WSGI.
    """

    name: str
    distribution: str
    coding: str
    framework: str
    layer: Callable[[App], App] | None = None

    @property
    def title(self) -> str:
        """Its name, with the version if it is a peer."""
        return f"{self.distribution if self.is_ours else describe_version(self.distribution)} {self.name}"

    @property
    def is_ours(self) -> bool:
        """Whether it is a middleware of wsgistack."""
        return self.distribution == "wsgistack"

    @property
    def needs(self) -> tuple[str, ...]:
        """The distributions that it needs."""
        return (self.distribution, *CODECS[self.coding])

    def make_case(self, body: Body, sink: Sink = len, *, plain: bool = False) -> Case:
        """Make a case that sends a body once.

        :param plain: use the framework alone, without compression.
        """
        return FRAMEWORKS[self.framework](body, self.coding, sink, None if plain else self.layer, not plain)


def _make_wsgi_case(body: Body, coding: str, sink: Sink, layer: Callable[[App], App] | None, _: bool) -> Case:
    app = (
        make_stream(body.chunks, body.content_type) if body.is_stream else make_whole(body.chunks[0], body.content_type)
    )
    return make_case(layer(app) if layer else app, {"HTTP_ACCEPT_ENCODING": coding}, sink)


def _make_django_case(body: Body, coding: str, sink: Sink, _: object, compresses: bool) -> Case:
    conf, http = import_module("django.conf"), import_module("django.http")
    if not conf.settings.configured:
        conf.settings.configure()

    def view(request: Any) -> Any:
        if body.is_stream:
            return http.StreamingHttpResponse(iter(body.chunks), content_type=body.content_type)
        return http.HttpResponse(body.chunks[0], content_type=body.content_type)

    get_response = import_module("django.middleware.gzip").GZipMiddleware(view) if compresses else view

    def request_once() -> None:
        request = http.HttpRequest()
        request.META["HTTP_ACCEPT_ENCODING"] = coding
        response = get_response(request)
        for chunk in response:
            sink(chunk)
        response.close()

    return request_once


def _make_flask_case(body: Body, coding: str, sink: Sink, _: object, compresses: bool) -> Case:
    flask = import_module("flask")
    app = flask.Flask("benchmarks")

    def view() -> Any:
        chunks = iter(body.chunks) if body.is_stream else body.chunks[0]
        return flask.Response(chunks, content_type=body.content_type)

    app.add_url_rule("/", view_func=view)
    if compresses:
        import_module("flask_compress").Compress(app)
    return make_case(app, {"PATH_INFO": "/", "HTTP_ACCEPT_ENCODING": coding}, sink)


def _make_starlette_case(body: Body, coding: str, sink: Sink, _: object, compresses: bool) -> Case:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", body.content_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if not body.is_stream:
            await send({"type": "http.response.body", "body": body.chunks[0]})
            return
        for chunk in body.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message: dict[str, Any]) -> None:
        sink(message.get("body", b""))

    async def receive() -> None:
        return None

    app: Any = import_module("starlette.middleware.gzip").GZipMiddleware(answer) if compresses else answer
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", coding.encode())]}
    run = _get_loop().run_until_complete
    return lambda: run(app(dict(scope), receive, send))


_LOOPS: list[asyncio.AbstractEventLoop] = []


def _get_loop() -> asyncio.AbstractEventLoop:
    """Use one loop for all cases, and close it at exit."""
    if not _LOOPS:
        _LOOPS.append(asyncio.new_event_loop())
        atexit.register(_LOOPS[0].close)
    return _LOOPS[0]


FRAMEWORKS: dict[str, Callable[..., Case]] = {
    "WSGI": _make_wsgi_case,
    "Django": _make_django_case,
    "Flask": _make_flask_case,
    "Starlette": _make_starlette_case,
}

COMPRESSORS = (
    Compressor("gzip", "wsgistack", "gzip", "WSGI", Gzip),
    Compressor("zstd", "wsgistack", "zstd", "WSGI", partial(Compress, codings=("zstd",))),
    Compressor("br", "wsgistack", "br", "WSGI", partial(Compress, codings=("br",))),
    Compressor("gzipper", "Paste", "gzip", "WSGI", paste_gzipper),
    Compressor("GZipMiddleware", "Django", "gzip", "Django"),
    Compressor("GZipMiddleware", "starlette", "gzip", "Starlette"),
    Compressor("gzip", "Flask-Compress", "gzip", "Flask"),
    Compressor("zstd", "Flask-Compress", "zstd", "Flask"),
)
"""Ours first, all with their default options. By default, Flask-Compress does not compress streams with gzip."""
