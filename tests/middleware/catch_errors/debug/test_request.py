"""A request as texts."""

import io

from webob import Request as WebobRequest
from werkzeug import Request as WerkzeugRequest

from tests.direct import environ_of
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.catch_errors.debug.request import MAX_PAIRS, Request, describe_request
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.types import Environ

FORM = b"name=ann&password=hunter2&name=bob"


def describe(environ: Environ) -> Request:
    return describe_request(environ, Redaction(), Values(Redaction()))


def post() -> Environ:
    keys = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(FORM))}
    return {**environ_of(REQUEST_METHOD="POST", **keys), "wsgi.input": io.BytesIO(FORM)}


def test_describes_the_request_line() -> None:
    environ = environ_of("/ü/reset/abc", QUERY_STRING="a=1&token=x", SCRIPT_NAME="/shop", SERVER_PROTOCOL="HTTP/1.1")
    request = describe(environ)
    assert request.line == f"GET /shop/%FC/reset/{REDACTED}?a=1&token={REDACTED} HTTP/1.1"
    assert request.query == [("a", "1"), ("token", REDACTED)]
    assert dict(request.environ)["QUERY_STRING"] == f"a=1&token={REDACTED}"
    assert dict(request.environ)["PATH_INFO"] == f"/ü/reset/{REDACTED}"
    assert describe({}).line == "- / "
    assert describe({5: "x"}).environ == []  # type: ignore[dict-item]


def test_describes_headers_without_secrets() -> None:
    request = describe(
        environ_of(
            HTTP_COOKIE="session=x; theme=y",
            HTTP_AUTHORIZATION="Basic x",
            HTTP_REFERER="http://user:x@host/?token=x",
            HTTP_ACCEPT="text/html",
            CONTENT_TYPE="text/plain",
            CONTENT_LENGTH="",
            REQUEST_URI="/?token=x",
        )
    )
    assert dict(request.headers) == {
        "Accept": "text/html",
        "Authorization": REDACTED,
        "Content-Type": "text/plain",
        "Cookie": f"session={REDACTED}; theme={REDACTED}",
        "Host": "127.0.0.1",
        "Referer": f"http://{REDACTED}@host/?token={REDACTED}",
    }
    assert dict(request.environ)["REQUEST_URI"] == f"/?token={REDACTED}"
    assert dict(request.environ)["wsgi.input"] in ("<BytesIO object>", "<_io.BytesIO object>")  # since Python 3.13


def test_shows_a_limited_number_of_everything() -> None:
    keys = {f"HTTP_X_{number}": "x" * 5000 for number in range(300)}
    request = describe(environ_of(QUERY_STRING="&".join(["a=1"] * 300), **keys))
    assert len(request.headers) == len(request.query) == MAX_PAIRS
    assert all(len(value) < 1100 for _, value in request.headers)


def test_shows_a_form_that_the_application_has_read() -> None:
    environ = post()
    assert describe(environ).form == []
    assert environ["wsgi.input"].tell() == 0
    assert WebobRequest(environ).params["password"] == "hunter2"
    shown = {("name", "'ann'"), ("name", "'bob'"), ("password", REDACTED)}
    assert {*describe(environ).form} == shown

    environ = post()
    request = WerkzeugRequest(environ)
    assert request.form["password"] == "hunter2"
    assert {*describe(environ).form} == shown
    assert describe({**environ, "werkzeug.request": WerkzeugRequest(post())}).form == []
