"""Which kind of callable something is."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial, wraps
from os import PathLike
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from webob.dec import wsgify
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import responder

from wsgistack import ConfigError
from wsgistack.pipeline.shape import accepts, check_application, find_misfit
from wsgistack.types import App


def app(environ: Any, start_response: Any) -> Any:
    return []


def open_app(*arguments: Any, **options: Any) -> Any:
    return []


def three(environ: Any, start_response: Any, exc_info: Any = None) -> Any:
    return []


def defaults(environ: Any = None, start_response: Any = None) -> Any:
    return []


class Body:
    def __init__(self, environ: Any, start_response: Any) -> None: ...

    def __iter__(self) -> Any:
        return iter([])


class CallableBody(Body):
    def __call__(self) -> None: ...


class Instance:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        return []

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None: ...


@Request.application
def decorated(request: Request) -> Response:
    return Response("hello")


class Decorated:
    @Request.application  # type: ignore[arg-type]
    def __call__(self, request: Request) -> Response:  # type: ignore[misc]
        return Response("hello")


@wsgify
def wsgified(request: Any) -> Any:
    return "hello"


@responder
def responding(environ: Any, start_response: Any) -> Any:
    return Response("hello")


class Unsigned:
    """A callable that has no signature, as one written in C."""

    @property
    def __signature__(self) -> Any:
        raise ValueError

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return []


class UnsignedAsync(Unsigned):
    async def __call__(self, *arguments: Any) -> None: ...


def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*arguments: Any) -> Any:
        return function(*arguments)

    return wrapped


def noted(environ: Any, start_response: Any) -> Response:
    """Its annotation is not right, and yet it may work."""
    return []  # type: ignore[return-value]


def view(request: Request, name: str = "main") -> str:
    return name


def wrap_application(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def application(wsgi_environ: Any, respond: Any) -> Any:
        return Response(function(Request(wsgi_environ)))(wsgi_environ, respond)

    return application


def wrap_method(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(self: Any, wsgi_environ: Any, respond: Any) -> Any:
        return Response(function(self, Request(wsgi_environ)))(wsgi_environ, respond)

    return call


class DecoratedCall:
    @wrap_method
    def __call__(self, request: Request, name: str = "main") -> str:
        return name


def unresolved(wsgi_environ: "Unknown", respond: "Unknown" = None) -> "Unknown":  # type: ignore[name-defined]  # noqa: F821
    return []


def typed(wsgi_environ: dict[str, Any], respond: Callable[..., Any] = print) -> Iterable[bytes]:
    return []


class Typed:
    """An application as PEP 3333 has it."""

    def __init__(self, wsgi_environ: dict[str, Any], respond: Callable[..., Any]) -> None:
        self.respond = respond

    def __iter__(self) -> Iterator[bytes]:
        self.respond("200 OK", [])
        yield b""


def marked(environ: Any, start_response: Any = "unset") -> Any:
    return []


def load(file: str | PathLike[str], name: str = "main") -> Any:
    return app


@pytest.mark.parametrize(
    "value",
    [
        noted,
        wrap_application(view),
        partial(wrap_application(view)),
        DecoratedCall(),
        unresolved,
        typed,
        Typed,
        marked,
        lambda one, two: [],
        app,
        open_app,
        three,
        defaults,
        Body,
        CallableBody,
        Instance(),
        Instance().__call__,
        Unsigned(),
        decorated,
        Decorated(),
        wsgified,
        responding,
        partial(three, exc_info=None),
        wrap(app),
        lambda *arguments: [],
        Mock(),
        type,
    ],
    ids=lambda value: type(value).__name__,
)
def test_accepts_what_may_be_an_application(value: Any) -> None:
    assert find_misfit(value) is None
    assert check_application(value, "x is") is value


def create(config: Any, debug: Any) -> App:
    return app


def create_flask(config: Any, debug: Any) -> Flask:
    return Flask("shop")


def connect(host: Any, port: int | None) -> Any: ...


class Connecting:
    def __call__(self, host: "str", port: "int") -> Any: ...


def main(arguments: Any, out: Any) -> None: ...


def describe(one: Any, two: Any) -> "str":
    return ""


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, "value"),
        (None, "value"),
        (lambda environ: [], "value"),
        (lambda request: [], "value"),
        (Instance().asgi, "asgi"),
        (wrap(Instance().asgi), "asgi"),
        (UnsignedAsync(), "asgi"),
        (Instance, "factory"),
        (lambda: app, "factory"),
        (lambda config=None, debug=False: app, "factory"),
        (cache(lambda config: app), "factory"),
        (wrap(lambda: app), "factory"),
        (wrap(lambda config=None: app), "factory"),
        (lambda one, two, three: app, "factory"),
        (load, "factory"),
        (partial(load), "factory"),
        (lambda file, mode="r": app, "factory"),
        (create, "factory"),
        (create_flask, "factory"),
        (connect, "factory"),
        (Connecting(), "factory"),
        (main, "value"),
        (describe, "value"),
        (lambda app: app, "filter"),
        (lambda wsgi_app, level=5: app, "filter"),
        (lambda global_conf, **local_conf: app, "paste"),
        (lambda loader, global_conf: app, "paste"),
    ],
)
def test_describes_a_value_that_is_not_an_application(value: Any, kind: str) -> None:
    found = find_misfit(value)
    assert found is not None
    assert found.kind == kind
    with pytest.raises(ConfigError, match=f"^x is {found.description}; expected a WSGI application"):
        check_application(value, "x is")


def test_the_caller_adds_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"expected a WSGI application; call it$"):
        check_application(lambda: app, "x is", {"factory": "call it"})
    with pytest.raises(ConfigError, match=r"; use it as a layer$"):
        check_application(lambda app: app, "x is", {"factory": "call it"})


def test_counts_arguments() -> None:
    assert accepts(app, 2)
    assert not accepts(app, 1)
    assert accepts(type, 1)
    assert not accepts(5, 1)
