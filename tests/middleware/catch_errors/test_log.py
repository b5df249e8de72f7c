"""The record of an error in the log."""

import logging
from collections.abc import Callable
from io import StringIO
from typing import Any, cast

import pytest

from tests.middleware.catch_errors.failing import fail, failing, send
from wsgistack import CatchErrors, Pipeline
from wsgistack.base import Middleware
from wsgistack.types import App


class sealed(Middleware):  # noqa: N801
    """A layer with a secret."""

    def __init__(self, app: App, /, *, api_key: str = "") -> None:
        super().__init__(app)
        self.api_key = api_key


def test_logs_once_with_a_redacted_context(caplog: pytest.LogCaptureFixture) -> None:
    send(
        CatchErrors(failing(lambda _: fail())),
        "/reset/t-1234567",
        QUERY_STRING="a=1&password=s3cret",
        HTTP_COOKIE="session=s3cret",
        HTTP_TRACEPARENT="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    [record] = caplog.records
    assert record.getMessage() == "GET /reset/[redacted]?a=1&password=[redacted] failed, request -"
    context = vars(record)
    assert context["request_headers"]["Cookie"] == "session=[redacted]"
    assert context["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert len(context["fingerprint"]) == 16
    assert record.exc_info
    assert record.exc_info[0] is ValueError


def raise_error(error: Exception) -> None:
    raise error


def chained(length: int) -> Exception:
    first = error = ValueError("outermost")
    for number in range(length):
        error.__cause__ = ValueError(f"cause {number}")
        error = error.__cause__
    return first


def noted(note: str = "a note") -> Exception:
    error = ValueError("no")
    error.add_note(note)
    return error


def cyclic() -> Exception:
    error = chained(1)
    assert error.__cause__
    error.__cause__.__cause__ = error
    return error


@pytest.mark.parametrize("make", [lambda: KeyError("a"), lambda: chained(3), cyclic])
def test_leaves_the_text_of_plain_errors_to_the_formatter(
    make: Callable[[], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(logging.Formatter):
        def formatException(self, ei: object) -> str:  # noqa: N802
            return "one line"

    texts = StringIO()
    handler = logging.StreamHandler(texts)
    handler.setFormatter(Short())
    logger = logging.getLogger("site.plain")
    logger.addHandler(handler)
    monkeypatch.setattr(logger, "propagate", False)
    send(CatchErrors(failing(lambda _: raise_error(make())), logger="site.plain"))
    logger.removeHandler(handler)
    assert texts.getvalue() == "GET / failed, request -\none line\n"


def descend(depth: int) -> None:
    if depth:
        descend(depth - 1)
    fail()


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda _: raise_error(ValueError("a" * 10_000)), "(10000 characters)"),
        (lambda _: raise_error(chained(100)), "more exceptions"),
        (lambda _: raise_error(noted()), "a note"),
        (lambda _: raise_error(SyntaxError("odd", ("file", 1, 1, "a" * 100_000, 1, 2))), "SyntaxError: odd"),
        (lambda _: raise_error(ExceptionGroup("several", [ValueError("one")])), "+- 1 of 1"),
        (lambda _: descend(200), "this call repeated 199 more times"),
    ],
    ids=["long", "chained", "noted", "syntax", "group", "deep"],
)
def test_writes_a_text_of_bounded_length_for_others(
    run: Callable[[object], None], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    send(CatchErrors(failing(run)))
    [record] = caplog.records
    assert record.exc_text
    assert said in record.exc_text
    assert len(record.exc_text) < 100_000


def write_log(layer: CatchErrors, **keys: Any) -> str:
    """What a handler writes, with the formatter of Python."""
    logger = logging.getLogger("wsgistack.catch_errors")
    handler = logging.StreamHandler(written := StringIO())
    logger.addHandler(handler)
    try:
        send(layer, **keys)
    finally:
        logger.removeHandler(handler)
    return written.getvalue()


def read_number(text: str) -> None:
    int(text)


SECRETS: dict[str, tuple[Callable[..., object], dict[str, str]]] = {
    "of the query": (lambda _: read_number("hunter2-hunter2"), {"QUERY_STRING": "password=hunter2-hunter2"}),
    "of a cookie": (lambda _: read_number("hunter2-hunter2"), {"HTTP_COOKIE": "session=hunter2-hunter2"}),
    "of the password": (
        lambda _: read_number("hunter2-hunter2"),
        {"HTTP_AUTHORIZATION": "Basic YTpodW50ZXIyLWh1bnRlcjI="},
    ),
    "with its name": (lambda _: raise_error(ValueError("no login with password=hunter2-hunter2")), {}),
    "in a cause": (lambda _: raise_error(caused(ValueError("token: hunter2-hunter2"))), {}),
    "in a group": (lambda _: raise_error(ExceptionGroup("two", [ValueError("token: hunter2-hunter2")])), {}),
    "in a note": (lambda _: raise_error(noted("token: hunter2-hunter2")), {}),
    "of a variable": (lambda _: log_in("hunter2-hunter2"), {}),
}


def log_in(password: str) -> None:
    raise LookupError(f"nobody has {password}")


def caused(cause: Exception) -> Exception:
    error = ValueError("effect")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("name", SECRETS)
def test_the_traceback_has_no_secret_of_the_request(name: str) -> None:
    function, keys = SECRETS[name]
    logged = write_log(CatchErrors(failing(function)), **keys)
    messages = [line for line in logged.splitlines() if not line.startswith(("    ", "  File"))]
    assert "Error: " in logged
    assert "[redacted]" in "".join(messages)
    assert "hunter2" not in "".join(messages)


def test_the_traceback_has_no_secret_option_of_a_layer() -> None:
    layer = Pipeline(["catch_errors", {"use": sealed, "api_key": "hunter2-hunter2"}])
    app = layer.wrap(failing(lambda _: read_number("hunter2-hunter2")))
    assert "hunter2" not in write_log(cast(CatchErrors, app)).replace('"hunter2-hunter2"', "")


def test_the_traceback_without_a_secret_is_that_of_python() -> None:
    logged = write_log(CatchErrors(failing(lambda _: fail())), QUERY_STRING="password=hunter2-hunter2")
    assert logged.endswith("ValueError: no\n")
    assert "site [redacted]" not in logged
