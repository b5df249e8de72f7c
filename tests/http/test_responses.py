"""Responses for errors, in the media type that the client accepts."""

import json
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.direct import environ_of
from wsgistack.http.responses import error_answer

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
_LATIN = st.text(st.characters(max_codepoint=255), max_size=80)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, "application/problem+json", id="no Accept"),
        pytest.param("*/*", "application/problem+json", id="anything"),
        pytest.param("application/problem+json", "application/problem+json", id="problem+json"),
        pytest.param("application/json", "application/problem+json", id="json"),
        pytest.param("application/json; charset=utf-8", "application/problem+json", id="json with a charset"),
        pytest.param("application/*", "application/problem+json", id="any application type"),
        pytest.param(_BROWSER, "text/html; charset=utf-8", id="a browser"),
        pytest.param("TEXT/HTML", "text/html; charset=utf-8", id="upper case"),
        pytest.param("text/*", "text/plain; charset=utf-8", id="any text"),
        pytest.param("text/html;q=0.3, text/plain;q=0.7", "text/plain; charset=utf-8", id="by quality"),
        pytest.param("text/html;q=0, */*;q=0.1", "application/problem+json", id="HTML refused"),
        pytest.param("image/png", "text/plain; charset=utf-8", id="no type on offer"),
        pytest.param("*/*;q=0", "text/plain; charset=utf-8", id="everything refused"),
        pytest.param("", "text/plain; charset=utf-8", id="empty"),
        pytest.param("!;;,=", "application/problem+json", id="malformed"),
    ],
)
def test_answers_in_the_media_type_that_the_client_prefers(accept: str | None, expected: str) -> None:
    environ = environ_of() if accept is None else environ_of(HTTP_ACCEPT=accept)
    status, headers, body = error_answer(environ, 404, "Nothing here.")
    assert status == "404 Not Found"
    assert dict(headers) == {"Content-Type": expected, "Content-Length": str(len(body[0])), "Vary": "Accept"}
    assert b"Nothing here." in body[0]


def test_problem_json_holds_all_facts() -> None:
    environ = environ_of(**{"wsgistack.request_id": "r-1"})
    _, headers, [body] = error_answer(environ, 401, "Who?", headers=[("WWW-Authenticate", "Basic")], traceback="deep")
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Who?",
        "request_id": "r-1",
        "instance": "/",
        "traceback": "deep",
    }
    assert ("WWW-Authenticate", "Basic") in headers


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
def test_omits_unknown_facts(accept: str) -> None:
    body = error_answer(environ_of(HTTP_ACCEPT=accept), 500)[2][0]
    assert b"detail" not in body
    assert b"equest" not in body.replace(b"<!DOCTYPE", b"")


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
def test_answers_head_with_the_headers_of_get(accept: str) -> None:
    get = error_answer(environ_of(HTTP_ACCEPT=accept), 500, "Broken.")
    head = error_answer(environ_of(HTTP_ACCEPT=accept, REQUEST_METHOD="HEAD"), 500, "Broken.")
    assert head == (*get[:2], [b""])


def test_escapes_facts_in_html() -> None:
    environ = environ_of(HTTP_ACCEPT="text/html", **{"wsgistack.request_id": "<i>"})
    page = error_answer(environ, 500, "<script>&", traceback='"</pre><script>')[2][0].decode()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "<script>&" in unescape(page)


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
def test_shows_a_lone_surrogate_as_an_escape(accept: str) -> None:
    _, headers, [body] = error_answer(environ_of(HTTP_ACCEPT=accept), 500, traceback="half \ud800 é 猫")
    assert "half" in body.decode()
    assert dict(headers)["Content-Length"] == str(len(body))


@given(accept=_LATIN)
def test_answers_every_value_of_accept(accept: str) -> None:
    status, _, [body] = error_answer(environ_of(HTTP_ACCEPT=accept), 403, "No.")
    assert status == "403 Forbidden"
    assert b"No." in body
