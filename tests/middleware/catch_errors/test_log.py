"""The record of an error in the log."""

import logging
from collections.abc import Callable
from io import StringIO

import pytest

from tests.middleware.catch_errors.failing import fail, failing, send
from wsgistack import CatchErrors


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


def noted() -> Exception:
    error = ValueError("no")
    error.add_note("a note")
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
