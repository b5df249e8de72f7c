"""Which responses may be compressed."""

from typing import Any

import pytest

from wsgistack.middleware.compress.eligibility import TEXTUAL, Eligibility, Treatment
from wsgistack.types import Headers

TEXT = ("Content-Type", "text/plain")
PARTS = ("Content-Type", "Multipart/ByteRanges; boundary=x")
RANGE = ("Content-Range", "bytes 0-9/100")


@pytest.mark.parametrize(
    ("status", "headers", "treatment"),
    [
        pytest.param("200 OK", [TEXT], Treatment.ALLOWED, id="text"),
        pytest.param("404 Not Found", [TEXT], Treatment.ALLOWED, id="an error"),
        pytest.param(
            "200 OK",
            [("content-type", "Application/Problem+JSON; charset=x")],
            Treatment.ALLOWED,
            id="JSON by its suffix",
        ),
        pytest.param("200 OK", [("Content-Type", "image/png")], Treatment.NEVER, id="an image"),
        pytest.param("200 OK", [], Treatment.NEVER, id="no type"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "99")], Treatment.NEVER, id="short"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "100")], Treatment.ALLOWED, id="long enough"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "9" * 5000)], Treatment.ALLOWED, id="an absurd length"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "x")], Treatment.ALLOWED, id="a broken length"),
        pytest.param("200 OK", [TEXT, ("Content-Encoding", "br")], Treatment.NEVER, id="encoded"),
        pytest.param("200 OK", [TEXT, RANGE], Treatment.NEVER, id="a range"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", "public, No-Transform")], Treatment.NEVER, id="no-transform"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", 'x="no-transform"')], Treatment.ALLOWED, id="only quoted"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", "public")], Treatment.ALLOWED, id="another directive"),
        pytest.param("204 No Content", [TEXT], Treatment.NEVER, id="no content"),
        pytest.param("103 Early Hints", [TEXT], Treatment.NEVER, id="interim"),
        pytest.param(
            "206 Partial Content", [TEXT, RANGE, ("Content-Length", "9")], Treatment.VARIES, id="part of a text"
        ),
        pytest.param(
            "206 Partial Content", [("Content-Type", "image/png"), RANGE], Treatment.NEVER, id="part of an image"
        ),
        pytest.param("206 Partial Content", [PARTS], Treatment.VARIES, id="several parts"),
        pytest.param("200 OK", [PARTS], Treatment.NEVER, id="several parts without 206"),
        pytest.param("304 Not Modified", [], Treatment.VARIES, id="not modified"),
        pytest.param("304 Not Modified", [("Content-Type", "")], Treatment.VARIES, id="not modified, of an empty type"),
    ],
)
def test_judges_by_status_and_headers(status: str, headers: Headers, treatment: Treatment) -> None:
    assert Eligibility(TEXTUAL, 100).judge(status, headers) is treatment


@pytest.mark.parametrize("headers", [[("Cache-Control", "no-transform")], [("Content-Encoding", "br")]])
@pytest.mark.parametrize(
    ("status", "own_headers"),
    [("206 Partial Content", [TEXT, RANGE]), ("206 Partial Content", [PARTS]), ("304 Not Modified", [])],
)
def test_judges_a_part_like_the_whole(status: str, own_headers: Headers, headers: Headers) -> None:
    assert Eligibility(TEXTUAL, 100).judge(status, [*own_headers, *headers]) is Treatment.NEVER


@pytest.mark.parametrize(
    ("content_type", "treatment"),
    [
        ("text/html", Treatment.ALLOWED),
        ("text/csv; charset=utf-8", Treatment.NEVER),
        ("TEXT/X-LOG", Treatment.NEVER),
        ("image/png", Treatment.NEVER),
    ],
)
def test_does_not_compress_excepted_types(content_type: str, treatment: Treatment) -> None:
    eligible = Eligibility(["text/*"], 0, ["text/csv", "Text/x-*"])
    assert eligible.judge("200 OK", [("Content-Type", content_type)]) is treatment


def test_does_not_compress_without_a_type_even_if_all_types_are_allowed() -> None:
    assert Eligibility(["*"], 0).judge("200 OK", []) is Treatment.NEVER


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(b"200 OK", [TEXT], id="status in bytes"),
        pytest.param(None, [TEXT], id="no status"),
        pytest.param(200, [TEXT], id="status is a number"),
        pytest.param("200 OK", [(b"Content-Type", b"text/plain")], id="headers in bytes"),
        pytest.param("200 OK", [("Content-Type", b"text/plain")], id="type in bytes"),
        pytest.param("200 OK", [("Content-Type", ["text/plain"])], id="type in a list"),
        pytest.param("200 OK", [("Content-Length", 5000), TEXT], id="length is a number"),
        pytest.param("200 OK", [(None, "x"), TEXT], id="no name"),
        pytest.param("200 OK", [TEXT, ("X", "y", "z")], id="three parts"),
        pytest.param("200 OK", (TEXT,), id="headers in a tuple"),
        pytest.param("200 OK", None, id="no headers"),
    ],
)
def test_leaves_illegal_values_to_the_server(status: Any, headers: Any) -> None:
    assert Eligibility(TEXTUAL, 100).judge(status, headers) is Treatment.NEVER


def test_does_not_consume_headers_in_an_iterator() -> None:
    headers: Any = iter([TEXT])
    assert Eligibility(TEXTUAL, 100).judge("200 OK", headers) is Treatment.NEVER
    assert list(headers) == [TEXT]
