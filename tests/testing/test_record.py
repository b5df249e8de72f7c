"""Records: the events of one request, and what follows from them."""

import sys
from itertools import count
from typing import Any

import pytest

from wsgistack.testing.record import Record, Start, is_iterable
from wsgistack.testing.request import make_environ


def test_keeps_events_in_order_on_a_clock_that_can_be_shared() -> None:
    clock = count(10)
    one, other = Record({}, clock), Record({}, clock)
    one.note("call")
    other.note("call")
    one.note("write", b"a")
    one.note("chunk", b"b")
    one.note("write", b"c")
    assert [event[:2] for event in one.events] == [(10, "call"), (12, "write"), (13, "chunk"), (14, "write")]
    assert one.all("write", "chunk") == one.events[1:]
    assert one.all("write") == [one.events[1], one.events[3]]
    assert one.all("end") == []
    assert one.first("chunk", "write") is one.events[1]
    assert one.first("end", "close") is None
    assert other.events[0].at == 11
    assert one.body == b"abc"


def test_has_the_response_of_the_last_accepted_start() -> None:
    record = Record({})
    assert (record.status, record.code, record.headers, record.accepted) == ("", "", [], None)
    record.note("start", Start.of(("200 OK", [("A", "a")]), {}))
    record.note("start", Start.of(("500 Oops", [("B", "b")]), {})._replace(raised=ValueError()))
    assert (record.status, record.code, record.headers) == ("200 OK", "200", [("A", "a")])
    record.note("start", Start.of((), {"status": "404 Not Found", "response_headers": [("C", "c"), 1, ("D", 2)]}))
    assert (record.status, record.headers) == ("404 Not Found", [("C", "c")])
    assert len(record.starts) == 3


def test_a_start_keeps_the_headers_as_they_were() -> None:
    headers = [("A", "a")]
    start = Start.of(("200 OK", headers), {})
    headers.append(("B", "b"))
    assert start.headers is headers
    assert start.headers_then == [("A", "a")]
    assert Start.of(("200 OK", None), {}).headers_then is None


@pytest.mark.parametrize(
    ("arguments", "keywords", "expected"),
    [
        pytest.param(("s", "h"), {}, ("s", "h", None), id="two"),
        pytest.param(("s", "h", "e"), {}, ("s", "h", "e"), id="three"),
        pytest.param(("s",), {"headers": "h", "exc_info": "e"}, ("s", "h", "e"), id="by keyword"),
        pytest.param((), {"other": 1}, (None, None, None), id="none that is known"),
    ],
)
def test_a_start_knows_its_arguments_by_position_and_by_keyword(
    arguments: tuple[Any, ...], keywords: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    start = Start(arguments, keywords)
    assert (start.status, start.headers, start.exc_info) == expected


def test_a_status_or_headers_of_a_wrong_kind_come_to_nothing() -> None:
    record = Record({})
    record.note("start", Start.of((200, {"A": "a"}), {}))
    assert (record.status, record.headers) == ("", [])


class NoLength:
    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        raise TypeError("it is not known")


class WrongLength(NoLength):
    def __len__(self) -> int:
        return -1


@pytest.mark.parametrize(
    ("body", "length"),
    [([b"a"], 1), ((), 0), (iter(()), None), (NoLength(), None), (WrongLength(), None), (None, None)],
    ids=["list", "tuple", "iterator", "not known", "negative", "None"],
)
def test_records_the_length_when_the_application_returns(body: object, length: int | None) -> None:
    record = Record({})
    record.note_return(body)
    assert (record.returned, record.length) == (body, length)


def test_has_the_chunks_of_a_list_that_is_not_watched() -> None:
    record = Record({})
    record.note("write", b"a")
    assert not record.is_complete
    record.is_watched, record.content = False, [b"b", "text", b"c"]
    assert record.is_complete
    assert record.chunks == [b"a", b"b", b"c"]


def test_keeps_the_environ_as_it_was() -> None:
    environ = make_environ("PUT")
    record = Record(environ)
    stream = environ["wsgi.input"]
    environ.clear()
    assert (record.method, record.input) == ("PUT", stream)
    assert record.environ_then["REQUEST_METHOD"] == "PUT"
    assert record.environ is environ


def test_has_the_first_exception() -> None:
    record = Record({})
    assert record.error is None
    first = OSError()
    record.note("raise", first)
    record.note("raise", ValueError())
    assert record.error is first


class ByIndex:
    def __getitem__(self, index: int) -> bytes:
        raise IndexError


@pytest.mark.parametrize("body", [[], (), {}, iter([]), ByIndex(), bytearray()], ids=lambda body: type(body).__name__)
def test_knows_whether_the_body_is_iterable(body: object) -> None:
    assert is_iterable(body)


@pytest.mark.parametrize("body", ["", b"", None, 1, sys.exit], ids=repr)
def test_knows_whether_the_body_is_invalid(body: object) -> None:
    assert not is_iterable(body)
