"""A passage: what a middleware has to pass on, and the body without its content coding."""

import gzip
from typing import Any

import pytest

from tests.testing.applications import TEXT, failing, make_app, make_lazy_app
from wsgistack.testing import Record, Server, make_environ
from wsgistack.testing.rules import Passage
from wsgistack.testing.rules.passage import SentSoFar
from wsgistack.types import Changes


def recorded(*chunks: bytes, status: str = "200 OK", coding: str = "", take: int | None = None) -> Record:
    headers = [*TEXT, ("content-encoding", coding)] if coding else TEXT
    return Server().run(make_app(status, headers, chunks), make_environ(), take=take)


def passage(outer: Record, *inner: Record, changes: Changes | None = None) -> Passage:
    return Passage(outer, list(inner), changes or Changes(), make_environ())


WHOLE = b"some text " * 100
PACKED = gzip.compress(WHOLE)
MEMBERS = gzip.compress(WHOLE[:500]) + gzip.compress(WHOLE[500:])


@pytest.mark.parametrize(
    ("chunks", "coding", "body"),
    [
        pytest.param([WHOLE], "", WHOLE, id="no coding"),
        pytest.param([PACKED], "gzip", WHOLE, id="gzip"),
        pytest.param([PACKED], "GZip", WHOLE, id="gzip, in another case"),
        pytest.param([PACKED[:9], b"", PACKED[9:]], "gzip", WHOLE, id="gzip in pieces"),
        pytest.param([MEMBERS[:150], MEMBERS[150:]], "gzip", WHOLE, id="gzip of two members"),
        pytest.param([PACKED[:-1]], "gzip", b"a gzip stream without its end", id="gzip without its end"),
        pytest.param([], "gzip", b"a gzip stream without its end", id="no gzip at all"),
        pytest.param([PACKED], "br", None, id="a coding that is not known here"),
    ],
)
def test_decodes_the_content_coding_of_the_middleware(chunks: list[bytes], coding: str, body: bytes | None) -> None:
    assert passage(recorded(*chunks, coding=coding), recorded(WHOLE)).decode() == body


def test_reports_a_body_that_cannot_be_decoded() -> None:
    broken = passage(recorded(b"this is not gzip", coding="gzip"), recorded(b""))
    assert b"incorrect header" in (broken.decode() or b"")
    sent = SentSoFar(broken)
    assert sent.is_countable
    assert sent.advance(1000, since=0)
    assert not sent.is_countable


def test_the_stream_of_a_disconnected_client_needs_no_end() -> None:
    assert passage(recorded(PACKED[:-8], b"", coding="gzip", take=1), recorded(WHOLE)).decode() == WHOLE


def test_does_not_decode_the_coding_of_the_application() -> None:
    coded = recorded(PACKED, coding="gzip")
    assert passage(coded, coded).decode() == PACKED


@pytest.mark.parametrize(
    ("names", "rewrites"),
    [
        pytest.param(["body"], True, id="the body"),
        pytest.param(["body", "*"], True, id="the body and any header"),
        pytest.param(["body", "content-encoding"], False, id="the body, by a coding"),
        pytest.param(["content-length"], False, id="a header"),
    ],
)
def test_knows_which_middleware_may_send_other_bytes(names: list[str], rewrites: bool) -> None:
    one = passage(recorded(b"a"), recorded(b"b"), changes=Changes.from_names(names))
    assert one.rewrites is rewrites
    assert (one.decode() is None) is rewrites


@pytest.mark.parametrize(
    ("outer", "inner", "changes", "is_through"),
    [
        pytest.param("200 OK", ["200 OK"], [], True, id="passed on"),
        pytest.param("304 Not Modified", ["200 OK"], [], True, id="changed without saying so"),
        pytest.param("304 Not Modified", ["200 OK"], ["answers"], False, id="replaced"),
        pytest.param("200 OK", ["200 OK"], ["answers"], True, id="not replaced"),
        pytest.param("401 Unauthorized", [], ["answers"], False, id="without a call of the application"),
        pytest.param("200 OK", ["503 Busy", "200 OK"], ["answers"], False, id="two calls of the application"),
    ],
)
def test_knows_whose_response_it_is(outer: str, inner: list[str], changes: list[str], is_through: bool) -> None:
    records = [recorded(status=status) for status in inner]
    through = passage(recorded(status=outer), *records, changes=Changes.from_names(changes)).through
    assert through is (records[0] if is_through else None)


def test_an_exception_that_may_be_answered_is_not_passed_on() -> None:
    failed = Server().run(make_lazy_app(failing), make_environ())
    answer = recorded(status="500 Internal Server Error")
    assert passage(answer, failed).through is failed
    assert passage(answer, failed, changes=Changes(errors=True)).through is None


def test_lists_the_headers_that_must_not_change() -> None:
    headers: Any = [("Vary", "*"), ("X-A", "a"), ("vary", "b")]
    one = passage(recorded(), recorded())
    assert one.list_unchanged(headers) == headers
    assert passage(recorded(), changes=Changes.from_names(["vary"])).list_unchanged(headers) == [("X-A", "a")]
    assert passage(recorded(), changes=Changes.from_names(["*"])).list_unchanged(headers) == []
