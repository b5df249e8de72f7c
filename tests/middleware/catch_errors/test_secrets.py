"""The secrets of a request, of the process and of frames."""

from io import BytesIO

import pytest

from tests.direct import environ_of
from wsgistack.http.redaction import Redaction
from wsgistack.http.uploads import Input
from wsgistack.middleware.catch_errors.bodies import KEPT_INPUT
from wsgistack.middleware.catch_errors.secrets import find_secrets


def found(*scopes: dict[str, object], **keys: str) -> set[str]:
    return {*find_secrets(Redaction(), environ_of(**keys), scopes)}


def test_finds_secrets_of_the_request() -> None:
    keys = {
        "PATH_INFO": "/reset/fifth/",
        "HTTP_REFERER": "http://host/?token=sixth",
        "QUERY_STRING": "a=1&token=q%2Fs;sig=t&b",
        "HTTP_AUTHORIZATION": "Basic YW5uOmZpcnN0",
        "HTTP_PROXY_AUTHORIZATION": "Bearer second",
        "HTTP_COOKIE": 'session="third"; theme=da%20rk',
        "HTTP_X_API_KEY": "fourth",
        "HTTP_ACCEPT": "text/html",
    }
    secrets = found(**keys)
    assert {
        "q%2Fs",
        "q/s",
        "t",
        "first",
        "YW5uOmZpcnN0",
        "second",
        "third",
        "da rk",
        "fourth",
        "fifth",
        "sixth",
    } <= secrets
    assert not {"text/html", "1", "ann"} & secrets


def test_credentials_that_are_not_basic_ones_are_secret_as_a_whole() -> None:
    assert "Basic ä" in found(HTTP_AUTHORIZATION="Basic ä")
    assert "é" * 3 in found(HTTP_AUTHORIZATION="Basic " + "é" * 3)


def test_finds_secrets_of_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "first")
    scope: dict[str, object] = {
        "password": "second",
        "api_key": b"third",
        "settings": {"SECRET_KEY": "fourth", "more": {"token": "too deep"}, 5: "x"},
        "pin": 5,
        "name": "ann",
    }
    secrets = found(scope)
    assert {"first", "second", "third", "fourth"} <= secrets
    assert not {"ann", "too deep", "x"} & secrets


def test_finds_secrets_of_the_body_that_was_read() -> None:
    def read(media_type: str, body: bytes) -> set[str]:
        kept = Input(BytesIO(body), len(body))
        kept.keep(len(body))
        kept.read()
        environ = {"CONTENT_TYPE": media_type, KEPT_INPUT: kept}
        return {*find_secrets(Redaction(), environ, ())} - {*find_secrets(Redaction(), {}, ())}

    assert read("application/x-www-form-urlencoded", b"password=p%201&user=u") == {"p%201", "p 1"}
    assert read("Application/JSON; charset=utf-8", b'{"password": ["p-1", {"x": 2, "y": true}], "user": "u"}') == {
        "p-1",
        "2",
    }
    assert read("application/json", b"{") == set()
    assert read("text/plain", b"password=p") == set()


def test_the_current_folder_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", "/srv/shop")
    assert "/srv/shop" not in found(PWD="/srv/shop")
    assert "hunter2" in found({"pwd": "hunter2"})
