"""Applications that fail in many ways, and what the debug page knows about it."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tests.direct import Call, environ_of, raising
from wsgistack.base import Middleware
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.debug.failure import Failure, describe_failure
from wsgistack.middleware.catch_errors.frames import Raised, capture_error
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.pipeline import Pipeline
from wsgistack.types import App

LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_ACCEPT": "text/html"}


def catch(function: Callable[[], object]) -> BaseException:
    """The exception that a function raises."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("it raises nothing")


def describe(function: Callable[[], object], *secrets: str) -> Raised:
    """The description of what a function raises."""
    return capture_error(catch(function), Values(Redaction(), secrets))


def fail(**keys: Any) -> Failure:
    """What is known about a request that fails."""

    def charge(card: str, password: str) -> NoReturn:
        raise ValueError(f"no such card {card}")

    error = catch(lambda: charge("4", "hunter2"))
    return describe_failure(Middleware(raising(KeyError())), environ_of(**keys), error, 500, Redaction())


def serve(app: App, layers: Sequence[Any] = (), **keys: Any) -> Call:
    """The answer to a local developer."""
    pipeline = Pipeline(["request_id", {"use": "catch_errors", "debug": True}, *layers])
    return Call(pipeline.wrap(app), **{**LOCAL, **keys})
