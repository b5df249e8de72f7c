"""Which coding and media type a client gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.negotiation import MAX_ACCEPT, choose_media_type, coding_chooser

_LATIN = st.text(st.characters(max_codepoint=255), max_size=80)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("br;q=0.9, gzip", "gzip"),
        ("br;q=0.001", "br"),
        ("br;q=1.000", "br"),
        ("gzip;q=0", None),
        ("gzip;Q=0.000", None),
        ("gzip;q=0.", None),
        ("gzip \t; \tq=0.5 ", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("zstd;q=0, *", "br"),
        ("gzip, *;q=0", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0, *;q=0.1", "zstd"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("x-gzip", "gzip"),
        ("X-Gzip;q=0.5", "gzip"),
        ("x-gzip;q=0, *", "zstd"),
        ("x-gzip-really", None),
        ("gzipped, notbr", None),
        ("deflate", None),
        ("", None),
        ("gzip ,, ,", "gzip"),
        pytest.param("gzip;q=0.5" + ", a" * 80, "gzip", id="long"),
        pytest.param("gzip" + ", a" * 200, None, id="too long"),
    ],
)
def test_chooses_the_coding_of_the_highest_quality(accepted: str, expected: str | None) -> None:
    choose = coding_chooser(("zstd", "br", "gzip"))
    assert [choose(accepted), choose(accepted)] == [expected, expected]


@pytest.mark.parametrize(
    "malformed",
    [
        "br;q=2",
        "br;q=",
        "br;q=0.1234",
        "br;q=-1",
        "br;q=1.1",
        "br;q=nan",
        "br;q=1e0",
        "br q=1",
        "br\x00",
        "br;x=1",
        "b r",
    ],
)
def test_skips_a_malformed_coding(malformed: str) -> None:
    choose = coding_chooser(("br", "gzip"))
    assert choose(malformed) is None
    assert choose(f"{malformed}, gzip;q=0.1") == "gzip"
    assert choose(f"gzip;q=0.1, {malformed}") == "gzip"


def test_a_star_includes_the_body_without_a_coding() -> None:
    choose = coding_chooser(["gzip"])
    assert choose("gzip;q=0.5, *") is None
    assert choose("gzip;q=0.5, *;q=0.1") == "gzip"
    assert choose("gzip;q=0.5, *, identity;q=0") == "gzip"


@given(
    accepted=_LATIN | st.lists(st.sampled_from(["gzip", "*", "identity", ";q=0", ";q=1", ",", " ", "br"])).map("".join)
)
def test_chooses_only_codings_that_the_client_names(accepted: str) -> None:
    chosen = coding_chooser(("br", "gzip"))(accepted)
    assert chosen is None or chosen in accepted.lower() or "*" in accepted


_OFFERS = ("application/json", "text/plain", "text/html")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("*/*;q=0.1", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/plain"),
        ("TEXT/HTML", "text/html"),
        ("text/html;q=0.3, text/plain;q=0.7", "text/plain"),
        ("text/html;q=0, */*;q=0.1", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("application/json;charset=utf-8;q=0.5, text/html;q=0.4", "application/json"),
        ('text/html;title="a, b;q=0";q=0.5, text/plain;q=0.2', "text/html"),
        ('text/html;title="a\\"b"', "text/html"),
        ("text/html ; Q=0.2 , text/plain\t;\tq=0.1", "text/html"),
        ("text/html;level=1, text/html;q=0.5, text/plain;q=0.7", "text/plain"),
        ("text/html;q=1.000, text/plain;q=0.999", "text/html"),
        ("text/html;q=2, text/plain;q=0.1", "text/plain"),
        ("text/html;q=, text/plain;q=0.1", "text/plain"),
        ("*/html, text/plain", "text/plain"),
        ("text, */, /html, te*t/html, text/plain", "text/plain"),
        ("text/html;, text/plain", "text/plain"),
        ('text/html;a="b, text/plain', "application/json"),
        ("!;;,=", "application/json"),
        ("*", "application/json"),
        ("image/png", None),
        ("*/*;q=0", None),
        ("", None),
        (", ,", None),
        pytest.param("text/html" + ", a/b" * 200, "text/html", id="long"),
        pytest.param("text/html" + ", a/b" * 300, "application/json", id="too long"),
    ],
)
def test_chooses_the_media_type_of_the_highest_quality(accept: str | None, expected: str | None) -> None:
    assert choose_media_type(accept, _OFFERS) == expected


@pytest.mark.parametrize("unit", ["a/b,", "a/b;c=d", ";a=b", '"', '";', "a", ",", "a/b;q=0.5,", "\\", 'a/b;c="\\'])
def test_ignores_a_value_that_is_too_long_and_survives_the_longest(unit: str) -> None:
    assert choose_media_type((unit * MAX_ACCEPT)[:MAX_ACCEPT], _OFFERS) in (None, "application/json")
    assert choose_media_type((unit * 800_000)[:800_000], _OFFERS) == "application/json"


@given(
    accept=_LATIN
    | st.lists(st.sampled_from(["text/html", "*/*", ";", "q=", "0", "1", ".", ",", " ", '"'])).map("".join)
)
def test_chooses_an_offer_whatever_the_client_sends(accept: str) -> None:
    assert choose_media_type(accept, _OFFERS) in (None, *_OFFERS)
