"""Requests: the environ, and the input that knows what was read of it."""

from itertools import count
from typing import Any
from urllib.parse import quote
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testing.applications import TEXT, find_broken_rules, make_app, make_lazy_app
from wsgistack.testing import Server
from wsgistack.testing.probe import Probe
from wsgistack.testing.request import Input, make_environ
from wsgistack.testing.rules import SERVER


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="GET"),
        pytest.param({"method": "POST", "body": b"ab"}, id="POST"),
        pytest.param({"path": "/a%20b?c=d", "headers": [("A", "b")]}, id="with a query and a header"),
    ],
)
def test_makes_an_environ_that_is_legal_and_that_the_validator_accepts(options: dict[str, Any]) -> None:
    assert Server().run(validator(make_app()), make_environ(**options)).error is None
    probe = Probe(make_lazy_app(lambda start: start("200 OK", TEXT)), count())
    Server().run(probe, make_environ(**options))
    assert find_broken_rules(probe.records[0], SERVER) == set()


@given(st.binary(max_size=20), st.text(alphabet="abc=&%?/", max_size=9))
def test_accepts_the_path_as_in_a_request_line(path: bytes, query: str) -> None:
    environ = make_environ(path=f"/{quote(path)}?{query}")
    assert environ["PATH_INFO"].encode("latin-1") == b"/" + path
    assert environ["QUERY_STRING"] == query


def test_writes_headers_as_cgi_does() -> None:
    environ = make_environ(
        headers=[("Content-Type", "text/plain"), ("X-A", "1"), ("x-a", "2"), ("Host", "a"), ("Host", "b")], body=b"123"
    )
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["CONTENT_LENGTH"] == "3"
    assert environ["HTTP_X_A"] == "1,2"
    assert environ["HTTP_HOST"] == "b"
    assert "HTTP_CONTENT_TYPE" not in environ


def test_marks_the_end_of_a_body_of_unknown_length() -> None:
    environ = make_environ("POST", body=b"123", content_length=False)
    assert "CONTENT_LENGTH" not in environ
    assert environ["wsgi.input_terminated"] is True
    assert "wsgi.input_terminated" not in make_environ("POST", body=b"123")
    assert "CONTENT_LENGTH" not in make_environ()


@pytest.mark.parametrize(
    ("read", "expected", "over"),
    [
        pytest.param(lambda stream: stream.read(), b"one\ntwo\nend", [], id="all"),
        pytest.param(lambda stream: stream.read(3), b"one", [], id="some"),
        pytest.param(lambda stream: stream.read(11), b"one\ntwo\nend", [], id="as much as there is"),
        pytest.param(lambda stream: stream.read(12), b"one\ntwo\nend", [12], id="more"),
        pytest.param(lambda stream: [stream.read(6), stream.read(6)][1], b"o\nend", [6], id="more than is left"),
        pytest.param(lambda stream: [stream.read(), stream.read()][1], b"", [], id="all again"),
        pytest.param(lambda stream: stream.readline(), b"one\n", [], id="a line"),
        pytest.param(lambda stream: stream.readline(2), b"on", [], id="a part of a line"),
        pytest.param(lambda stream: stream.readline(99), b"one\n", [], id="a line of any length"),
        pytest.param(lambda stream: b"|".join(stream.readlines()), b"one\n|two\n|end", [], id="lines"),
        pytest.param(lambda stream: b"|".join(stream.readlines(1)), b"one\n", [], id="lines up to a hint"),
        pytest.param(lambda stream: b"|".join(stream), b"one\n|two\n|end", [], id="iteration"),
    ],
)
def test_records_reads_of_more_than_is_left(read: Any, expected: bytes, over: list[int]) -> None:
    stream = Input(b"one\ntwo\nend", 11)
    assert read(stream) == expected
    assert stream.over_read == over


def test_lets_a_body_of_unknown_length_be_read_in_blocks() -> None:
    stream = Input(b"abc", None)
    assert [stream.read(2), stream.read(2), stream.read(2)] == [b"ab", b"c", b""]
    assert stream.over_read == []


def test_notes_that_it_was_closed_and_can_be_read_all_the_same() -> None:
    stream = Input(b"a", 1)
    assert not stream.closed
    stream.close()
    assert stream.closed
    assert stream.read() == b"a"


@pytest.mark.parametrize("headers", ["X-A: b", ["X-A"], [("X-A", 1)], [("X-A", "b", "c")]], ids=repr)
def test_refuses_headers_that_are_neither_a_mapping_nor_pairs(headers: Any) -> None:
    with pytest.raises(TypeError, match=r"^invalid header .*; expected a mapping, or pairs of a name and a value"):
        make_environ(headers=headers)


def test_accepts_headers_as_a_mapping() -> None:
    assert make_environ(headers={"X-A": "b"})["HTTP_X_A"] == "b"


@pytest.mark.parametrize("headers", [["Accept"], [("Accept",)], [("Accept", 1)], {"Accept": None}], ids=str)
def test_says_what_is_no_header(headers: Any) -> None:
    with pytest.raises(TypeError, match=r"invalid header .*; expected a mapping, or pairs of a name and a value"):
        make_environ(headers=headers)
