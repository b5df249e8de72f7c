"""Which responses compression may touch."""

import pytest

from wsgistack.middleware.compress.eligibility import TEXTUAL, Eligibility, Verdict
from wsgistack.types import Headers

TEXT = ("Content-Type", "text/plain")
PARTS = ("Content-Type", "Multipart/ByteRanges; boundary=x")
RANGE = ("Content-Range", "bytes 0-9/100")


@pytest.mark.parametrize(
    ("status", "headers", "verdict"),
    [
        pytest.param("200 OK", [TEXT], Verdict.ALLOWED, id="text"),
        pytest.param("404 Not Found", [TEXT], Verdict.ALLOWED, id="an error"),
        pytest.param(
            "200 OK", [("content-type", "Application/Problem+JSON; charset=x")], Verdict.ALLOWED, id="like JSON"
        ),
        pytest.param("200 OK", [("Content-Type", "image/png")], Verdict.NEVER, id="an image"),
        pytest.param("200 OK", [], Verdict.NEVER, id="no type"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "99")], Verdict.NEVER, id="short"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "100")], Verdict.ALLOWED, id="long enough"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "9" * 5000)], Verdict.ALLOWED, id="an absurd length"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "x")], Verdict.ALLOWED, id="a broken length"),
        pytest.param("200 OK", [TEXT, ("Content-Encoding", "br")], Verdict.NEVER, id="encoded"),
        pytest.param("200 OK", [TEXT, RANGE], Verdict.NEVER, id="a range"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", "public, No-Transform")], Verdict.NEVER, id="no-transform"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", 'x="no-transform"')], Verdict.ALLOWED, id="only quoted"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", "public")], Verdict.ALLOWED, id="another directive"),
        pytest.param("204 No Content", [TEXT], Verdict.NEVER, id="no content"),
        pytest.param("103 Early Hints", [TEXT], Verdict.NEVER, id="interim"),
        pytest.param(
            "206 Partial Content", [TEXT, RANGE, ("Content-Length", "9")], Verdict.VARIES, id="a part of text"
        ),
        pytest.param("206 Partial Content", [("Content-Type", "image/png"), RANGE], Verdict.NEVER, id="of an image"),
        pytest.param("206 Partial Content", [PARTS], Verdict.VARIES, id="several parts"),
        pytest.param("200 OK", [PARTS], Verdict.NEVER, id="what looks like several parts"),
        pytest.param("304 Not Modified", [], Verdict.VARIES, id="not modified"),
        pytest.param("304 Not Modified", [("Content-Type", "")], Verdict.VARIES, id="not modified, of an empty type"),
    ],
)
def test_judges_by_status_and_headers(status: str, headers: Headers, verdict: Verdict) -> None:
    assert Eligibility(TEXTUAL, 100).judge(status, headers) is verdict


@pytest.mark.parametrize("headers", [[("Cache-Control", "no-transform")], [("Content-Encoding", "br")]])
@pytest.mark.parametrize(
    ("status", "told"),
    [("206 Partial Content", [TEXT, RANGE]), ("206 Partial Content", [PARTS]), ("304 Not Modified", [])],
)
def test_judges_a_part_as_its_whole(status: str, told: Headers, headers: Headers) -> None:
    assert Eligibility(TEXTUAL, 100).judge(status, [*told, *headers]) is Verdict.NEVER


@pytest.mark.parametrize(
    ("content_type", "verdict"),
    [
        ("text/html", Verdict.ALLOWED),
        ("text/csv; charset=utf-8", Verdict.NEVER),
        ("TEXT/X-LOG", Verdict.NEVER),
        ("image/png", Verdict.NEVER),
    ],
)
def test_leaves_out_the_types_that_are_excepted(content_type: str, verdict: Verdict) -> None:
    eligible = Eligibility(["text/*"], 0, ["text/csv", "Text/x-*"])
    assert eligible.judge("200 OK", [("Content-Type", content_type)]) is verdict


def test_leaves_alone_what_tells_no_type_though_all_types_are_named() -> None:
    assert Eligibility(["*"], 0).judge("200 OK", []) is Verdict.NEVER
