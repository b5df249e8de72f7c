"""The log records of one request."""

import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Never

import pytest

from tests.direct import Call
from tests.waiting import MAX_WAIT
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.debug import logs
from wsgistack.middleware.catch_errors.debug.logs import Recording, describe_records
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.types import Environ, StartResponse

LOG = logging.getLogger("shop.cart")
VALUES = Values(Redaction(), ["hunter2"])


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)


def logged(*calls: tuple[Any, ...], **options: Any) -> list[str]:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        for each in calls:
            LOG.warning(*each, **options)
        return [b""]

    call = Call(Recording(app))
    LOG.warning("of another request")
    return [each.message for each in describe_records(call.environ, VALUES)]


class Hostile:
    def __repr__(self) -> Never:
        raise SystemExit

    __str__ = __repr__


def test_keeps_the_records_of_the_request() -> None:
    assert logged(("one %s %d", "a", 5), ("two",)) == ["one a 5", "two"]


def test_describes_a_record() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            dict[str, int]()["x"]
        except KeyError:
            LOG.exception("bad")
        return [b""]

    call = Call(Recording(app))
    [entry] = describe_records(call.environ, VALUES)
    assert entry[1:] == ("ERROR", "shop.cart", "bad (KeyError)")
    assert len(entry.time) == len("00:00:00.000")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("password=%s", "x"), "password=[redacted]"),
        (("login of %s", "hunter2"), "login of [redacted]"),
        (("%(a)s %(b)s", {"a": 1, "b": [2]}), "1 [2]"),
        (("%d", "no number"), "%d ('no number',)"),
        (("%s", [1]), "[1]"),
        ((5,), "5"),
        (("x" * 10**6,), "x" * 2000 + "… (1000000 characters)"),
    ],
)
def test_shows_messages_without_secrets(
    arguments: tuple[Any, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOG, "propagate", False)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    assert logged(arguments) == [message]


def test_arguments_are_not_asked_for_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOG, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(LOG, "propagate", False)
    shown = f"<{__name__}.Hostile object>"
    assert logged(("%s %r", Hostile(), Hostile())) == [f"{shown} {shown}"]


def test_keeps_the_last_records() -> None:
    assert logged(*[("%s", number) for number in range(300)]) == [str(number) for number in range(100, 300)]


def test_keeps_the_records_of_a_stream_and_of_its_end() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        LOG.warning("one")
        yield b"x"
        LOG.warning("two")

    call = Call(Recording(app))
    call.next()
    LOG.warning("of another request")
    call.read()
    assert [each.message for each in describe_records(call.environ, VALUES)] == ["one", "two"]


def test_keeps_the_requests_of_threads_apart() -> None:
    both = threading.Barrier(2, timeout=MAX_WAIT)
    found: dict[str, list[str]] = {}

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        both.wait()
        LOG.warning(environ["PATH_INFO"])
        both.wait()
        return [b""]

    recording = Recording(app)

    def ask(path: str) -> None:
        found[path] = [each.message for each in describe_records(Call(recording, path).environ, VALUES)]

    threads = [threading.Thread(target=ask, args=(path,)) for path in ("/a", "/b")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {"/a": ["/a"], "/b": ["/b"]}


def test_two_layers_keep_each_record_once() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        LOG.warning("one")
        return [b""]

    call = Call(Recording(Recording(app)))
    assert [each.message for each in describe_records(call.environ, VALUES)] == ["one"]


def test_a_request_without_records_has_none() -> None:
    assert describe_records({}, VALUES) == []
    assert describe_records({logs.RECORDS: ["odd"]}, VALUES) == []


def test_the_factory_of_others_still_makes_the_records(caplog: pytest.LogCaptureFixture) -> None:
    class Own(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Own)
    assert logged(("one",)) == ["one"]
    assert {type(each) for each in caplog.records} == {Own}
