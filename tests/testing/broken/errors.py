"""Broken when the application raises, or with several requests."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from tests.testing.broken.catalogue import broken
from tests.testing.pieces import Wrapped, close, replace_call, wrap_body
from wsgistack.types import App, Environ, Factory, StartResponse

__all__: list[str] = []


# Exceptions


def answer_errors(errors: type[BaseException], status: str = "500 Internal Server Error") -> Factory:
    """Answer exceptions of the call, and let later ones pass."""

    def call(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except errors:
            start_response(status, [("Content-Type", "text/plain")], sys.exc_info())
            return []

    return replace_call(call)


def end_quietly(body: Iterable[bytes]) -> Iterator[bytes]:
    has_begun = False
    try:
        for chunk in body:
            yield chunk
            has_begun = has_begun or bool(chunk)
    except LookupError:
        if not has_begun:
            raise


def raise_its_own(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        return app(environ, start_response)
    except Exception as error:
        raise RuntimeError("the application failed") from error


def close_quietly(body: object) -> None:
    try:
        close(body)
    except Exception:
        return


TAKEN = "leaves_a_taken_connection_alone"
BROKEN_UPLOAD = "lets_a_broken_upload_fail"
NO_WRITE = "works_without_write"

broken(
    "answers SystemExit",
    answer_errors(BaseException),
    "passes_exceptions",
    TAKEN,
    "answers_errors_without_exc_info_under_uwsgi",
    changes=("errors",),
)
broken(
    "answers errors with success",
    answer_errors(Exception, "200 OK"),
    "passes_exceptions",
    TAKEN,
    BROKEN_UPLOAD,
    NO_WRITE,
    changes=("errors",),
)
broken(
    "answers errors without saying so", answer_errors(Exception), "passes_exceptions", TAKEN, BROKEN_UPLOAD, NO_WRITE
)
broken("ends quietly where the body fails", wrap_body(Wrapped, end_quietly), "passes_exceptions", changes=("wraps",))
broken(
    "raises its own error instead",
    replace_call(raise_its_own),
    "passes_exceptions",
    TAKEN,
    BROKEN_UPLOAD,
    NO_WRITE,
    "lets_a_broken_write_fail",
)
broken("swallows what close() raises", wrap_body(Wrapped, iter, close_quietly), "passes_exceptions", changes=("wraps",))


# Several requests


class KeepsItsRequest:
    """Has one place for what belongs to each request."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._start_response = start_response
        return self._app(environ, self._start)

    def _start(self, *arguments: Any) -> Any:
        return self._start_response(*arguments)


class RemembersTheLast:
    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._last = environ
        return self._app(environ, start_response)


broken(
    "keeps its request",
    KeepsItsRequest,
    "keeps_threads_apart",
    "keeps_streams_apart",
    "can_be_reentered",
    "forgets_the_environ",
)
broken("remembers the last environ", RemembersTheLast, "forgets_the_environ")
