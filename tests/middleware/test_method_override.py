"""MethodOverride: POST becomes the method that a header or a form asks for, if that is allowed."""

from io import BytesIO
from typing import Any

import flask
import pytest
from werkzeug.test import Client

from tests.direct import Call
from wsgistack import ConfigError, MethodOverride, Pipeline
from wsgistack.types import Environ, StartResponse

HEADER = "HTTP_X_HTTP_METHOD_OVERRIDE"
FORM = "application/x-www-form-urlencoded"


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    original = environ.get("wsgistack.original_method", "")
    return [f"{environ['REQUEST_METHOD']} {original} ".encode(), environ["wsgi.input"].read()]


def call(form: bytes = b"", options: Any = (), **keys: Any) -> bytes:
    keys = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(form)), "wsgi.input": BytesIO(form), **keys}
    return Call(MethodOverride(echo, **dict(options)), **keys).read()


@pytest.mark.parametrize("wanted", ["PUT", "patch", "DELETE"])
def test_the_header_names_the_method(wanted: str) -> None:
    assert call(b"body", **{HEADER: wanted}) == f"{wanted.upper()} POST body".encode()


@pytest.mark.parametrize("wanted", ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "", "PUT, DELETE", " PUT", "X\r\nY"])
def test_other_methods_are_not_allowed(wanted: str) -> None:
    assert call(b"body", **{HEADER: wanted}) == b"POST  body"


def test_only_post_is_overridden() -> None:
    for method in ("GET", "PUT", "post"):
        assert call(b"", REQUEST_METHOD=method, **{HEADER: "DELETE"}) == f"{method}  ".encode()


def test_another_header_or_none() -> None:
    assert call(options={"header": "X-Method"}, HTTP_X_METHOD="PUT") == b"PUT POST "
    assert call(b"", {"header": "X-Method"}, **{HEADER: "PUT"}) == b"POST  "
    assert call(b"", {"header": ""}, **{HEADER: "PUT"}) == b"POST  "


FIELD = {"field": "_method"}


@pytest.mark.parametrize("content_type", [FORM, f"{FORM.upper()}; charset=utf-8"])
def test_a_form_field_names_the_method_and_the_form_can_be_read_again(content_type: str) -> None:
    form = b"a=1&_method=delete&b=2"
    assert call(form, FIELD, CONTENT_TYPE=content_type) == b"DELETE POST " + form


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        (b"_method=DELETE", {}),
        (b"_method=DELETE", {"CONTENT_TYPE": "text/plain"}),
        (b"_method=DELETE", {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": ""}),
        (b"_method=DELETE", {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "-1"}),
        (b"_method=DELETE", {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "9" * 5000}),
        (b"_method=DELETE&x=" + b"x" * 65536, {"CONTENT_TYPE": FORM}),
        (b"_method=DELETE&_method=PUT", {"CONTENT_TYPE": FORM}),
        (b"_method=&_method=DELETE", {"CONTENT_TYPE": FORM}),
        (b"_method=DELETE&_method", {"CONTENT_TYPE": FORM}),
        (b"_method=GET", {"CONTENT_TYPE": FORM}),
        # RFC 9112 section 6.3: Transfer-Encoding decides about the length
        (b"_method=PUT&x=1", {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "11", "HTTP_TRANSFER_ENCODING": "chunked"}),
        (b"\xff%zz&;=&", {"CONTENT_TYPE": FORM}),
    ],
)
def test_other_forms_stay_as_they_are(form: bytes, keys: dict[str, str]) -> None:
    assert call(form, FIELD, **keys) == b"POST  " + form


def test_a_flask_application_sees_the_method_and_the_form() -> None:
    app = flask.Flask(__name__)

    @app.delete("/notes")
    def delete() -> str:
        return flask.request.form["name"]

    app.wsgi_app = MethodOverride(app.wsgi_app, field="_method")  # type: ignore[assignment,method-assign]
    answer = Client(app).post("/notes", data={"_method": "DELETE", "name": "old"})
    assert (answer.status_code, answer.text) == (200, "old")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"header": "X Y"}, "header: not the name of a header; expected letters, digits and hyphens"),
        ({"allowed": ["GET"]}, "allowed: invalid value 'GET'; expected methods in capitals that change data, as PUT"),
        ({"allowed": ["put"]}, "allowed: invalid value 'put'; expected methods in capitals that change data, as PUT"),
        ({"max_form": -1}, "max_form: invalid value -1; expected 0 bytes or more"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        call(options=options)
    assert str(raised.value) == message


def test_belongs_outside_a_filter_of_methods() -> None:
    outside: list[Any] = ["method_override", {"use": "request_filter", "methods": ["GET", "POST"]}]
    assert Pipeline(outside).misplaced() == []
    assert Pipeline(["request_filter", "method_override"]).misplaced() == []
    (found,) = Pipeline(outside[::-1]).misplaced()
    assert found.hint == "put method_override before request_filter"
