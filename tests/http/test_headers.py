"""Functions over a list of headers: none of them changes the list; upper and lower case of names are equal."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http import headers as h
from wsgistack.types import Headers

NAMES = st.sampled_from(["Vary", "vary", "VARY", "ETag", "etag", "Content-Length", "X-Other"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"') | st.sampled_from(",* "))
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)

FOUND: Headers = [("Set-Cookie", "a=1"), ("ETag", '"x"'), ("set-cookie", "b=2"), ("Empty", "")]


def test_gets_the_first_value() -> None:
    assert h.get(FOUND, "set-cookie") == "a=1"
    assert h.get(FOUND, "etag") == '"x"'


def test_an_empty_value_is_not_a_missing_header() -> None:
    assert h.get(FOUND, "empty") == ""
    assert h.get(FOUND, "vary") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", 0), ("12", 12), ("", None), ("-1", None), ("1e3", None), (" 1", None), ("x", None), ("9" * 5000, None)],
)
def test_reads_content_length(value: str, expected: int | None) -> None:
    assert h.content_length([("Content-Length", value)]) == expected
    assert h.content_length([]) is None


def test_removes_all_headers_of_the_names() -> None:
    assert h.without(FOUND, "set-cookie", "empty", "absent") == [("ETag", '"x"')]
    assert h.without(FOUND) == FOUND


def test_replaces_all_headers_of_a_name_by_one() -> None:
    assert h.replace(FOUND, "SET-Cookie", "c=3") == [("ETag", '"x"'), ("Empty", ""), ("SET-Cookie", "c=3")]
    assert h.replace([], "Age", "0") == [("Age", "0")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], [], id="no header"),
        pytest.param([""], [], id="an empty one"),
        pytest.param(["gzip"], ["gzip"], id="one member"),
        pytest.param(["No-Store, Max-Age=5"], ["no-store", "max-age=5"], id="case"),
        pytest.param(["a", "b,c"], ["a", "b", "c"], id="several headers"),
        pytest.param([" a ,\tb\t, , ,c,"], ["a", "b", "c"], id="white space and empty members"),
        pytest.param(
            ['private="set-cookie, no-transform", b'], ['private="set-cookie, no-transform"', "b"], id="quoted"
        ),
        pytest.param([r'a="x\", no-transform", b'], [r'a="x\", no-transform"', "b"], id="an escaped quote"),
        pytest.param(['a="x\\\\", b'], ['a="x\\\\"', "b"], id="an escaped backslash"),
        pytest.param(['a="x, b'], ['a="x, b'], id="a quote that is not closed"),
        pytest.param(['a="x\\'], ['a="x\\'], id="a backslash at the end"),
        pytest.param(['"a""b,c"d,e'], ['"a""b,c"d', "e"], id="quotes side by side"),
    ],
)
def test_reads_the_members_of_a_list(values: list[str], expected: list[str]) -> None:
    assert (
        h.tokens([("X-Other", "other"), *(("Cache-Control", value) for value in values)], "cache-control") == expected
    )


@given(st.lists(TOKENS), st.sampled_from([",", ", ", " ,\t", ",,"]))
def test_splits_what_was_joined(members: list[str], comma: str) -> None:
    assert h.tokens([("Vary", comma.join(members))], "vary") == members


def test_reads_a_long_list_of_open_quotes_in_no_time() -> None:
    value = '"\\' * 100_000
    assert h.tokens([("Vary", value)], "vary") == [value]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], ["Accept-Encoding"], id="none before"),
        pytest.param([("vary", "Cookie")], ["Cookie, Accept-Encoding"], id="one before"),
        pytest.param(
            [("Vary", "Cookie"), ("VARY", "Accept")], ["Cookie, Accept, Accept-Encoding"], id="two become one"
        ),
        pytest.param([("Vary", "cookie,ACCEPT-ENCODING")], ["cookie,ACCEPT-ENCODING"], id="named before, in any case"),
        pytest.param([("Vary", "Accept-Encoding-Not")], ["Accept-Encoding-Not, Accept-Encoding"], id="a longer name"),
        pytest.param([("Vary", "*")], ["*"], id="all"),
        pytest.param([("Vary", "Cookie, *")], ["Cookie, *"], id="all, among others"),
        pytest.param([("Vary", ""), ("Vary", " ")], ["Accept-Encoding"], id="empty"),
    ],
)
def test_adds_a_field_to_vary(headers: Headers, expected: list[str]) -> None:
    varied = h.vary([("X-Other", "other"), *headers], "Accept-Encoding")
    assert [value for name, value in varied if name.lower() == "vary"] == expected
    assert varied[0] == ("X-Other", "other")


@given(HEADERS)
def test_vary_loses_no_field_and_adds_it_once(headers: Headers) -> None:
    varied = h.vary(headers, "Accept-Encoding")
    assert set(h.tokens(headers, "vary")) <= set(h.tokens(varied, "vary"))
    assert {"*", "accept-encoding"} & set(h.tokens(varied, "vary"))
    assert h.vary(varied, "accept-ENCODING") == varied
    assert h.without(varied, "vary") == h.without(headers, "vary")


@pytest.mark.parametrize(
    ("etag", "expected"),
    [
        pytest.param('"x"', 'W/"x"', id="strong"),
        pytest.param('""', 'W/""', id="empty"),
        pytest.param('W/"x"', 'W/"x"', id="weak"),
        pytest.param("x", "x", id="not an ETag"),
    ],
)
def test_weakens_a_strong_etag(etag: str, expected: str) -> None:
    assert h.weaken_etag([("eTag", etag), ("X-Other", '"x"')]) == [("eTag", expected), ("X-Other", '"x"')]


@pytest.mark.parametrize(
    "edit",
    [
        lambda headers: h.without(headers, "vary", "etag"),
        lambda headers: h.replace(headers, "Vary", "Cookie"),
        lambda headers: h.vary(headers, "Cookie"),
        h.weaken_etag,
    ],
    ids=["without", "replace", "vary", "weaken_etag"],
)
@given(headers=HEADERS)
def test_edits_are_idempotent_and_do_not_change_the_list(edit: Callable[[Headers], Headers], headers: Headers) -> None:
    before = [*headers]
    edited = edit(headers)
    assert headers == before
    assert edit(edited) == edited


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param('"a"', '"a"', id="strong"),
        pytest.param('W/"a"', '"a"', id="one weak"),
        pytest.param('W/"a", "b"', 'W/"a", "b", "a"', id="weak and strong"),
        pytest.param('W/"a", W/"b", W/"a"', 'W/"a", W/"b", W/"a", "a", "b"', id="weak ones"),
        pytest.param('W/"a", "a"', 'W/"a", "a"', id="both forms"),
        pytest.param('W/"a,W/"', '"a,W/"', id="a comma in a tag"),
        pytest.param('W/""', '""', id="empty tag"),
        pytest.param("*", "*", id="any"),
        pytest.param("W/", "W/", id="malformed"),
        pytest.param('W/"a', 'W/"a', id="cut off"),
    ],
)
def test_adds_the_strong_form_of_a_weak_tag(sent: str, expected: str) -> None:
    assert h.with_strong_tags(sent) == expected


def test_adds_the_strong_forms_of_many_tags() -> None:
    tags = [f'"{number}"' for number in range(50_000)]
    assert h.with_strong_tags(f"W/{', W/'.join(tags)}").endswith(", ".join(tags))
