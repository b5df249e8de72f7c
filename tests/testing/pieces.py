"""Pieces of middlewares: each is legal, unless its argument breaks a rule."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from wsgistack.types import App, Environ, Factory, Headers, StartResponse

__all__ = ["Wrapped", "close", "edit_start", "replace_call", "wrap_body", "wrap_start"]

Chunks: TypeAlias = Callable[[Iterable[bytes]], Iterator[bytes]]


def close(body: object) -> None:
    getattr(body, "close", bool)()


class Wrapped:
    """An iterable around another one."""

    def __init__(self, body: Iterable[bytes], chunks: Chunks = iter, closing: Callable[[object], None] = close) -> None:
        self._body = body
        self._chunks = chunks
        self._closing = closing

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks(self._body)

    def close(self) -> None:
        self._closing(self._body)


def wrap_body(wrap: Callable[..., Any] = Wrapped, *arguments: Any) -> Factory:
    """What the application returns goes through a function."""

    def factory(app: App) -> App:
        return lambda environ, start_response: wrap(app(environ, start_response), *arguments)

    return factory


def wrap_start(start: Callable[..., Any]) -> Factory:
    """Each start_response of the application goes through a function, which gets the server's one first."""

    def factory(app: App) -> App:
        def middleware(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return app(environ, lambda *arguments: start(start_response, *arguments))

        return middleware

    return factory


def edit_start(edit: Callable[[str, Headers], tuple[Any, Any]]) -> Factory:
    """Each status and all headers go through a function."""
    return wrap_start(lambda start, status, headers, *exc_info: start(*edit(status, [*headers]), *exc_info))


def replace_call(call: Callable[[App, Environ, StartResponse], Any]) -> Factory:
    """The application is called by a function."""
    return lambda app: lambda environ, start_response: call(app, environ, start_response)
