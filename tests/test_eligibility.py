"""Which responses compression may touch."""

import pytest

from wsgistack.eligibility import TEXTUAL, Eligibility
from wsgistack.types import Headers

TEXT = ("Content-Type", "text/plain")
RANGE = ("Content-Range", "bytes 0-9/100")


@pytest.mark.parametrize(
    ("status", "headers", "allowed", "negotiated"),
    [
        pytest.param("200 OK", [TEXT], True, True, id="text"),
        pytest.param("404 Not Found", [TEXT], True, True, id="an error"),
        pytest.param("200 OK", [("content-type", "Application/Problem+JSON; charset=x")], True, True, id="like JSON"),
        pytest.param("200 OK", [("Content-Type", "image/png")], False, False, id="an image"),
        pytest.param("200 OK", [], False, False, id="no type"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "99")], False, False, id="short"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "100")], True, True, id="long enough"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "9" * 5000)], True, True, id="an absurd length"),
        pytest.param("200 OK", [TEXT, ("Content-Length", "x")], True, True, id="a broken length"),
        pytest.param("200 OK", [TEXT, ("Content-Encoding", "br")], False, False, id="encoded"),
        pytest.param("200 OK", [TEXT, RANGE], False, False, id="a range"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", "public, No-Transform")], False, False, id="no-transform"),
        pytest.param("200 OK", [TEXT, ("Cache-Control", "public")], True, True, id="another directive"),
        pytest.param("204 No Content", [TEXT], False, False, id="no content"),
        pytest.param("103 Early Hints", [TEXT], False, False, id="interim"),
        pytest.param("206 Partial Content", [TEXT, RANGE, ("Content-Length", "9")], False, True, id="a part of text"),
        pytest.param("206 Partial Content", [("Content-Type", "image/png"), RANGE], False, False, id="of an image"),
        pytest.param("304 Not Modified", [], False, True, id="not modified"),
    ],
)
def test_judges_by_status_and_headers(status: str, headers: Headers, allowed: bool, negotiated: bool) -> None:
    eligible = Eligibility(TEXTUAL, 100)
    assert eligible.allows(status, headers) is allowed
    assert eligible.is_negotiated(status, headers) is negotiated
