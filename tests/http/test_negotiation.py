"""The choice of a coding by what the client accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.negotiation import coding_chooser

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
def test_passes_over_what_it_cannot_read(malformed: str) -> None:
    choose = coding_chooser(("br", "gzip"))
    assert choose(malformed) is None
    assert choose(f"{malformed}, gzip;q=0.1") == "gzip"
    assert choose(f"gzip;q=0.1, {malformed}") == "gzip"


def test_takes_a_star_to_speak_of_the_plain_body_too() -> None:
    choose = coding_chooser(["gzip"])
    assert choose("gzip;q=0.5, *") is None
    assert choose("gzip;q=0.5, *;q=0.1") == "gzip"
    assert choose("gzip;q=0.5, *, identity;q=0") == "gzip"


@given(
    accepted=_LATIN | st.lists(st.sampled_from(["gzip", "*", "identity", ";q=0", ";q=1", ",", " ", "br"])).map("".join)
)
def test_chooses_whatever_the_client_says_it_accepts(accepted: str) -> None:
    chosen = coding_chooser(("br", "gzip"))(accepted)
    assert chosen is None or chosen in accepted.lower() or "*" in accepted
