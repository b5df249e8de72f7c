"""Broken on the way in: the environ, the input, and how often the application is called."""

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from tests.testing.broken.catalogue import broken
from tests.testing.pieces import close, replace_call
from wsgistack.types import App, Environ, Factory, StartResponse

__all__: list[str] = []


# The environ


def without(*keys: str) -> Factory:
    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        for key in keys:
            environ.pop(key, None)
        return app(environ, start_response)

    return replace_call(call)


def setting(**values: Any) -> Factory:
    return replace_call(lambda app, environ, start_response: app(environ | values, start_response))


@replace_call
def get_instead_of_head(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "HEAD":
        environ["REQUEST_METHOD"] = "GET"
    return app(environ, start_response)


class SomeDict(dict[str, Any]):
    pass


class PoorStream:
    """Can be read in one way only."""

    def __init__(self, stream: io.BytesIO) -> None:
        self.read = stream.read


def with_input(read: Any) -> Factory:
    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = read(environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or -1))
        return app(environ, start_response)

    return replace_call(call)


def closing_the_input(stream: Any, size: int) -> Any:
    stream.close()
    return stream


broken("removes a cookie", without("HTTP_COOKIE"), "keeps_the_environ")
broken("removes wsgi.errors", without("wsgi.errors"), "keeps_the_environ", "environ_has_required_keys")
broken("empties the method", setting(REQUEST_METHOD=""), "environ_has_required_keys")
broken("makes a GET of HEAD", get_instead_of_head, "has_no_body_where_http_has_none")
broken("changes wsgi.version", setting(**{"wsgi.version": (2, 0)}), "environ_has_required_keys")
broken("sets REMOTE_USER to None", setting(REMOTE_USER=None), "environ_values_are_str")
broken("puts a number for the length", setting(HTTP_X_COUNT=1), "environ_values_are_str")
broken("puts a name beyond latin-1", setting(REMOTE_USER="Зоя"), "environ_values_are_latin_1")
broken(
    "passes a subclass of dict",
    replace_call(lambda app, environ, start: app(SomeDict(environ), start)),
    "environ_is_a_dict",
)
broken(
    "calls by keyword",
    replace_call(lambda app, environ, start: app(start_response=start, environ=environ)),  # type: ignore[call-arg]
    "calls_by_position",
)
broken(
    "passes a stream that can only be read whole",
    with_input(lambda stream, size: PoorStream(io.BytesIO(stream.read(size)))),
    "streams_have_their_methods",
)
broken("eats the input", with_input(lambda stream, size: io.BytesIO(stream.read(size)[:0])), "keeps_the_input")
broken(
    "reads as much as there may ever be",
    with_input(lambda stream, size: io.BytesIO(stream.read(1 << 20))),
    "reads_no_more_than_the_body",
)
broken("closes the input", with_input(closing_the_input), "leaves_server_streams_open")


# Whether and how often the application is called


def calling_twice(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = app({**environ}, start_response)
    with suppress(Exception):
        close(app({**environ, "wsgi.input": io.BytesIO()}, lambda *arguments: lambda data: None))
    return body


def failing(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    if not environ["PATH_INFO"].isascii():
        raise UnicodeError("no such path")
    return app(environ, start_response)


def failing_on_tuples(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = app(environ, start_response)
    if type(body) is tuple:
        raise TypeError("this is not a list")
    return body


def saying_nothing(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return []


def a_generator(app: App, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    body = app(environ, start_response)
    try:
        yield from body
    finally:
        close(body)


broken("answers without saying so", replace_call(saying_nothing), "calls_the_application_once")
broken("asks twice without saying so", replace_call(calling_twice), "calls_the_application_once", "passes_exceptions")
broken("raises before it calls", replace_call(failing), "raises_nothing_of_its_own")
broken("raises after it called", replace_call(failing_on_tuples), "raises_nothing_of_its_own")
broken(
    "is a generator",
    replace_call(a_generator),
    "calls_the_application_once",
    "writes_before_the_body_only",
    "passes_exceptions",
    "leaves_a_taken_connection_alone",
    "starts_before_it_returns",
    changes=("wraps",),
)


# What is left behind


LEFT: ContextVar[str] = ContextVar("left", default="nothing")


def leaving_a_variable_set(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    LEFT.set(f"something of {environ['PATH_INFO']}")
    return app(environ, start_response)


broken("leaves a context variable set", replace_call(leaving_a_variable_set), "leaves_no_context_behind")
