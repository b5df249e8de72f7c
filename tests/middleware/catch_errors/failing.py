"""Requests that fail, for the tests of reports."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from tests.direct import environ_of
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.frames import capture_error
from wsgistack.middleware.catch_errors.reports.record import ErrorReport
from wsgistack.middleware.catch_errors.reports.reporting import make_report
from wsgistack.middleware.catch_errors.secrets import make_values
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Unprintable", "caught", "fail", "failing", "report_of", "send"]

REDACTION = Redaction()


class Unprintable(Exception):  # noqa: N818
    """Says nothing about itself, in any way."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def fail() -> None:
    """Fail always at the same place."""
    raise ValueError("no")


def caught(function: Callable[..., object], *arguments: object) -> Exception:
    """The error that a function raises."""
    try:
        function(*arguments)
    except Exception as error:
        return error
    raise AssertionError("no error")


def failing(function: Callable[..., object]) -> App:
    """An application that calls a function, which fails."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        function(environ)
        raise AssertionError("no error")

    return app


def report_of(error: BaseException, **keys: Any) -> ErrorReport:
    """The report of an error in a request."""
    environ = environ_of("/", **keys)
    raised = capture_error(error, make_values(REDACTION, environ, error, ()))
    return make_report(environ, error, raised, REDACTION)


def send(layer: App, path: str = "/", body: bytes = b"", **keys: Any) -> tuple[str, bytes]:
    """Send a request. Return the status and the body of the answer."""
    given = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))} if body else {}
    started: list[str] = []

    def start_response(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
        started.append(status)
        return list[bytes]().append

    answer = layer(environ_of(path, **{**given, **keys}), start_response)
    return started[-1], b"".join(answer)
