"""Responses for errors, in the media type that the client accepts."""

import json
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.direct import environ_of
from wsgistack.http.responses import error_answer

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
_JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
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
        pytest.param("application/json;q=0", "text/plain; charset=utf-8", id="JSON refused"),
        pytest.param("image/png, application/ld+json;q=0.0", "text/plain; charset=utf-8", id="JSON of a kind refused"),
        pytest.param("application/ld+json;q=0.01", "application/problem+json", id="JSON of a kind"),
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


@pytest.mark.parametrize(
    ("sent", "accept", "expected"),
    [
        pytest.param("application/json", None, "application/problem+json", id="no Accept"),
        pytest.param("application/json", "*/*", "application/problem+json", id="anything"),
        pytest.param(
            "application/json", "text/html, */*;q=0.2", "application/problem+json", id="anything, rather HTML"
        ),
        pytest.param("Application/JSON ; charset=utf-8", _BROWSER, "application/problem+json", id="a parameter"),
        pytest.param("application/ld+json", _BROWSER, "application/problem+json", id="JSON of another kind"),
        pytest.param("application/json", _JAVA, "application/problem+json", id="Java"),
        pytest.param("", _JAVA, "text/html; charset=utf-8", id="Java that sent no JSON"),
        pytest.param("application/json", "text/html", "text/html; charset=utf-8", id="only HTML"),
        pytest.param("application/json", "text/html, */*;q=0", "text/html; charset=utf-8", id="anything refused"),
        pytest.param("application/json", "image/png", "application/problem+json", id="no type on offer"),
        pytest.param("text/json-like", _BROWSER, "text/html; charset=utf-8", id="no JSON"),
        pytest.param("x" * 900_000 + "+json", _BROWSER, "text/html; charset=utf-8", id="much too long"),
        pytest.param("", "application/vnd.api+json", "application/problem+json", id="asked for JSON of another kind"),
        pytest.param("", "Application/HAL+JSON; q=0.5", "application/problem+json", id="the same in upper case"),
        pytest.param("", "a/b," * 200_000, "application/problem+json", id="800 KB of Accept"),
        pytest.param(
            "", "text/html;charset=utf-8;q=0.5, text/plain;q=0.4", "text/html; charset=utf-8", id="parameters"
        ),
    ],
)
def test_sends_json_to_clients_that_sent_json(sent: str, accept: str | None, expected: str) -> None:
    environ = environ_of(CONTENT_TYPE=sent, **({} if accept is None else {"HTTP_ACCEPT": accept}))
    assert dict(error_answer(environ, 400)[1])["Content-Type"] == expected


@pytest.mark.parametrize(
    ("script_name", "path", "expected"),
    [
        pytest.param("/shop", "/a b", "/shop/a%20b", id="mounted"),
        pytest.param("", "", "/", id="empty"),
        pytest.param("", "*", "/*", id="of the server"),
        pytest.param("", "javascript:alert(1)", "/javascript:alert(1)", id="like a URL"),
        pytest.param("", "//evil.test/", "/.//evil.test/", id="like a host"),
        pytest.param("", "/caf\xc3\xa9<>", "/caf%C3%A9%3C%3E", id="UTF-8"),
    ],
)
def test_names_the_path_as_the_instance(script_name: str, path: str, expected: str) -> None:
    environ = environ_of(path, SCRIPT_NAME=script_name, QUERY_STRING="token=secret")
    environ["PATH_INFO"] = path
    assert json.loads(error_answer(environ, 400)[2][0])["instance"] == expected


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
