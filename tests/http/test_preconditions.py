"""Conditions of a request, as RFC 9110 §13 evaluates them."""

from datetime import datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.preconditions import find_status, parse_date
from wsgistack.types import Environ, Headers

EARLIER, DATE, LATER = (f"Sat, 29 Oct 1994 19:43:3{second} GMT" for second in (0, 1, 2))
TAG = "xyzzy"


def evaluate(tag: str = "", modified: str = "", method: str = "GET", **conditions: str) -> int:
    environ: Environ = {"REQUEST_METHOD": method}
    environ |= {f"HTTP_{name.upper()}": value for name, value in conditions.items()}
    headers: Headers = [("Content-Type", "text/plain")]
    headers += [(name, value) for name, value in (("eTag", tag), ("LAST-Modified", modified)) if value]
    return find_status(environ, headers)


# Lists of tags. §8.8.3.2 has the table of comparisons, §13.1.1 and §13.1.2 have the examples.


@pytest.mark.parametrize(
    ("tag", "listed", "strong", "weak"),
    [
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),  # jshttp/fresh#11
        ('"1"', 'W/"1"', False, True),  # jshttp/fresh#17, werkzeug#124, fastify-etag#108
        ('"1"', '"1"', True, True),
        ('"1"', '"2"', False, False),
        ('"1"', '"11"', False, False),
        ('"A"', '"a"', False, False),
        ('"xyzzy"', '"xyzzy", "r2d2xxxx", "c3piozzzz"', True, True),
        ('"c3piozzzz"', 'W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"', False, True),
        ('"c3piozzzz"', 'W/"c3piozzzz", "c3piozzzz"', True, True),
        ('"b"', '"a","b"', True, True),  # WebOb finds only the first one
        ('"b"', '"a" \t,\t "b" ', True, True),
        ('"b"', ', ,"a",, "b",', True, True),  # empty members, §5.6.1.2
        ('"a,b"', '"c", "a,b"', True, True),  # apache/tomcat#325
        ('"a"', '"a,b"', False, False),
        ('""', '"", "a"', True, True),
        ('"a\\"', '"a\\", "b"', True, True),  # a backslash escapes nothing in a tag
        ('"gr\xfc\xdfe"', '"a", "gr\xfc\xdfe"', True, True),
        ('"WWW"', 'W/"WWW"', False, True),
        ('"W/1"', '"1"', False, False),  # django strips each W and /
        ("tobi", "tobi", True, True),  # without quotes, as Rack's and fresh's tests have it
        ("tobi", "tobi, luna", False, False),
        ('"a"', 'w/"a"', False, False),
        ('"a"', 'x"a"', False, False),
        ('"a"', '"a" "b"', False, False),
        ('"a"', '"a", b', False, False),
        ('"a"', '"a", "b', False, False),
        ('"a"', '"a", *', False, False),  # §13.1.1: a list with * is not valid
        ('"a"', "*, *", False, False),
        ('"a"', "a", False, False),
        ('"a"', '"', False, False),
    ],
)
def test_compares_tags(tag: str, listed: str, strong: bool, weak: bool) -> None:
    assert evaluate(tag, if_match=listed) == (0 if strong else 412)
    assert evaluate(tag, if_none_match=listed) == (304 if weak else 0)


def test_a_star_means_any_response() -> None:
    for tag, method in product(("", '"a"', 'W/"a"', "tobi"), ("GET", "HEAD")):
        assert evaluate(tag, method=method, if_none_match="*") == 304
        assert evaluate(tag, method=method, if_none_match=" * ") == 304
        assert evaluate(tag, method=method, if_match="*") == 0


def test_without_a_tag_no_list_matches() -> None:
    assert evaluate(if_none_match='"a"') == 0
    assert evaluate(if_match='"a"') == 412
    assert evaluate(method="HEAD", if_match='"a"') == 0  # GET may have the tag
    assert evaluate('"b"', method="HEAD", if_match='"a"') == 412


def test_an_empty_condition_is_none() -> None:
    assert evaluate('"a"', if_match="", if_none_match=" ") == 0
    assert evaluate('"a"', DATE, if_match="", if_unmodified_since=EARLIER) == 412
    assert evaluate('"a"', DATE, if_none_match="", if_modified_since=DATE) == 304


# Dates


@pytest.mark.parametrize(
    ("limit", "changed"), [(EARLIER, True), (DATE, False), (LATER, False), ("Fri, 31 Dec 9999 23:59:59 GMT", False)]
)
def test_compares_dates(limit: str, changed: bool) -> None:
    for method in ("GET", "HEAD"):
        assert evaluate("", DATE, method, if_modified_since=limit) == (0 if changed else 304)
        assert evaluate("", DATE, method, if_unmodified_since=limit) == (412 if changed else 0)
    assert evaluate("", "", if_modified_since=limit) == 0
    assert evaluate("", "", if_unmodified_since=limit) == 0
    assert evaluate("", "yesterday", if_modified_since=limit) == 0
    assert evaluate("", "yesterday", if_unmodified_since=limit) == 0


@pytest.mark.parametrize(
    "date", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_reads_the_three_forms_of_a_date(date: str) -> None:
    assert parse_date(date) == datetime(1994, 11, 6, 8, 49, 37)  # noqa: DTZ001 - all are in GMT


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0",
        "-1",
        "tomorrow",
        "1994-11-06 08:49:37 +0000",  # Rack's test of a malformed date
        f"{DATE}, {DATE}",
        f"{DATE}; length=34343",  # old browsers
        f" {DATE}",
        DATE.replace("GMT", "UTC"),
        DATE.replace("GMT", "+0000"),
        DATE.replace("29", "99"),
        DATE.replace("29 Oct", "31 Feb"),
        DATE.replace("19:43", "25:43"),
        DATE.replace("Oct", "Okt"),
        DATE.replace("1994", "0000").replace("Oct", "Foo"),
        DATE.replace("1994", "\u0661\u0669\u0669\u0664"),
        DATE.lower(),
    ],
)
def test_ignores_what_is_not_a_date(text: str | None) -> None:
    assert parse_date(text) is None
    assert evaluate("", DATE, if_modified_since=text or "") == 0
    assert evaluate("", DATE, if_unmodified_since=text or "") == 0


# The order of §13.2.2


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"if_match": '"a"', "if_unmodified_since": EARLIER}, 0),
        ({"if_match": '"b"', "if_unmodified_since": LATER}, 412),
        ({"if_match": '"b"', "if_none_match": '"a"'}, 412),
        ({"if_match": '"a"', "if_none_match": '"a"'}, 304),
        ({"if_match": '"a"', "if_none_match": '"b"'}, 0),
        ({"if_match": '"a"', "if_modified_since": DATE}, 304),
        ({"if_unmodified_since": EARLIER, "if_none_match": '"a"'}, 412),
        ({"if_unmodified_since": DATE, "if_modified_since": DATE}, 304),
        ({"if_unmodified_since": DATE, "if_none_match": '"a"'}, 304),
        ({"if_none_match": '"b"', "if_modified_since": DATE}, 0),  # jshttp/fresh#35
        ({"if_none_match": '"a"', "if_modified_since": EARLIER}, 304),
        ({"if_none_match": "malformed", "if_modified_since": DATE}, 0),
    ],
)
def test_evaluates_conditions_in_order(conditions: dict[str, str], expected: int) -> None:
    assert evaluate('"a"', DATE, **conditions) == expected


TEXTS = st.text(st.characters(max_codepoint=255)) | st.text(st.sampled_from('W/"a1, *\t'))


@given(TEXTS, TEXTS, TEXTS)
def test_reads_any_text(tag: str, listed: str, date: str) -> None:
    assert evaluate(tag, date, if_none_match=listed) in (0, 304)
    assert evaluate(tag, date, if_match=listed, if_modified_since=date) in (0, 304, 412)


@given(st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E)), st.booleans(), st.integers(0, 3))
def test_finds_each_tag_in_a_list(opaque: str, is_weak: bool, position: int) -> None:
    tag = f'W/"{opaque}"' if is_weak else f'"{opaque}"'
    listed = ['"1st"', 'W/"2nd"', '"3rd,"']
    listed.insert(position, tag)
    assert evaluate(tag, if_none_match=", ".join(listed)) == 304
    assert evaluate(tag, if_match=",".join(listed)) == (412 if is_weak else 0)


def test_reads_a_long_value_fast() -> None:
    for part in ('"a",', '"a', " ,", "\t", 'W/"a" ', '"a", W/'):
        value = part * 100_000
        assert evaluate('"b"', if_none_match=value) == 0
        assert evaluate('"b"', if_match=value) == (412 if value.strip() else 0)
