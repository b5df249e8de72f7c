"""Conditions by which clients can avoid a guard, and those that leave it closed."""

from dataclasses import replace
from pathlib import Path
from wsgiref.simple_server import demo_app

import pytest

from wsgistack import BasicAuth, CatchErrors, OrderWarning, Pipeline
from wsgistack.conditions.openings import find_openings
from wsgistack.conditions.parsing import normalize_condition
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Environ


def is_staging(environ: Environ) -> bool:
    return True


def found(when: object) -> list[str]:
    return [each.key for each in find_openings(normalize_condition(when), "auth")]


@pytest.mark.parametrize(
    ("when", "keys"),
    [
        ({"under": "/admin"}, ["when.under"]),
        ({"path": "/admin/*"}, ["when.path"]),
        ({"method": "POST", "path": "/admin/*"}, ["when.method"]),
        ({"host": "a.org"}, ["when.host"]),
        ({"scheme": "http"}, ["when.scheme"]),
        ({"header": "X-A"}, ["when.header"]),
        ({"environ": "HTTP_X_A"}, ["when.environ"]),
        ({"environ": {"QUERY_STRING": "a"}}, ["when.environ"]),
        ({"call": is_staging, "under": "/admin"}, ["when.under"]),
        ({"not": {"not": {"under": "/admin"}}}, ["when.not.not.under"]),
        ({"not": {"host": "a.org"}}, ["when.not.host"]),
        ({"not": {"header": "X-A", "scheme": "https"}}, ["when.not.scheme"]),
        ({"not": {"environ": "HTTP_X_A"}}, ["when.not.environ"]),
        ({"not": {"environ": {"PATH_INFO": "/health*"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"SERVER_NAME": "internal"}}}, ["when.not.environ"]),  # some servers take it from Host
        ({"not": {"environ": {"SERVER_PORT": "8081"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"SERVER_PROTOCOL": "HTTP/1.0"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"HTTPS": "on"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"DOCUMENT_URI": "/health"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"REMOTE_PORT": "1*"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"SSL_TLS_SNI": "a.org"}}}, ["when.not.environ"]),
        ({"not": {"environ": {"HTTP_A": "1", "HTTP_B": "1"}}}, ["when.not.environ"]),
        ({"not": {"environ": ["HTTP_A", "REMOTE_USER"]}}, ["when.not.environ"]),
        ({"environ": {"HTTP_A": "1", "REMOTE_ADDR": "10.*"}}, ["when.environ"]),
        ({"not": {"method": "OPTIONS"}}, ["when.not.method"]),  # Django and Pyramid answer it with the page
        ({"not": {"method": ["GET", "HEAD", "POST"]}}, ["when.not.method"]),
        ({"not": {"path": ["/health", "*.css"]}}, ["when.not.path"]),
        ({"not": {"path": "/*/public"}}, ["when.not.path"]),
        ({"not": {"under": "/a"}, "host": "a.org"}, ["when.host"]),
        ({"not": {"not": {"under": "/a"}, "host": "a.org"}}, ["when.not.host", "when.not.not.under"]),
    ],
)
def test_finds_what_opens_a_guard(when: object, keys: list[str]) -> None:
    assert found(when) == keys


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        (
            {"under": "/admin", "method": "GET", "environ": "STAGING"},
            "guards only requests with method = GET and under = /admin; all others reach the application without it",
        ),
        (
            {"not": {"path": ["/health", "*.css"]}},
            "is off for requests with path = *.css; a client can make any request look like that",
        ),
        (
            {"not": {"header": {"X-A": "s3cret"}, "environ": {"HTTP_A": "s3cret"}}},
            "is off for requests with header = x-a and environ = HTTP_A; a client can make any request look like that",
        ),
    ],
)
def test_says_which_requests_avoid_a_guard_without_values_that_may_be_secret(when: object, problem: str) -> None:
    assert [each.problem for each in find_openings(normalize_condition(when), "auth")] == [f"auth {problem}"]


@pytest.mark.parametrize(
    "when",
    [
        {"not": {"under": ["/health", "/static"]}},
        {"not": {"path": ["/health", "/static/*.css"]}},
        {"not": {"path": "*.css", "under": "/static"}},
        {"not": {"method": ["GET", "HEAD"]}},
        {"not": {"under": "/health", "header": "X-Probe"}},
        {"not": {"under": "/health", "method": "OPTIONS"}},
        {"not": {"environ": {"HTTP_A": "1", "REMOTE_ADDR": "10.*"}}},
        {"not": {"under": "/a", "not": {"under": "/a/b"}}},
        {"not": {"environ": {"REMOTE_ADDR": "10.*"}}},
        {"environ": "STAGING"},
        is_staging,
        {"not": is_staging},
    ],
)
def test_finds_nothing_in_a_closed_guard(when: object) -> None:
    assert found(when) == []


def test_a_pipeline_warns_about_an_open_guard_and_shows_the_closed_way() -> None:
    item = {"use": "basic_auth", "users": {"a": "b"}, "when": {"under": "/admin"}}
    said = (
        r"when.under: basic_auth guards only requests with under = /admin; all others reach the application without "
        r"it; list what is public instead, such as when = \{ not = \{ under = \[\"/health\"\] \} \}, "
    )
    with pytest.warns(OrderWarning, match=said):
        Pipeline([item]).wrap(demo_app)


@pytest.mark.parametrize(
    "item",
    [
        {"use": "basic_auth", "users": {"a": "b"}},
        {"use": "basic_auth", "users": {"a": "b"}, "when": {"not": {"under": "/health"}}},
        {"use": "gzip", "when": {"under": "/admin"}},
        {"use": lambda app: app, "when": {"under": "/admin"}},
    ],
)
def test_a_pipeline_warns_about_guards_only(item: dict[str, object]) -> None:
    assert Spec.of(item, 1).openings() == []


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ({"not": {"path": ["/a", "${env:SHOP_CSS}"]}}, "is off for requests with path; a client"),
        ({"not": {"path": "${env:SHOP_UNSET:-*.css}"}}, "is off for requests with path; a client"),
        ({"not": {"environ": "${env:SHOP_KEY}"}}, "is off for requests with environ; a client"),
        ({"not": {"environ": {"${env:SHOP_KEY}": "x"}}}, "is off for requests with environ; a client"),
        ({"not": {"path": ["/${env:SHOP_UNSET}", "*.js"]}}, "is off for requests with path = *.js; a client"),
        ({"not": {"header": "${env:SHOP_KEY}"}}, "is off for requests with header; a client"),
        ({"under": ["/a", "${env:SHOP_UNSET}"]}, "guards only requests with under; all others"),
    ],
)
def test_fills_in_references_and_never_shows_their_values(
    when: object, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_CSS", "*.css")
    monkeypatch.setenv("SHOP_KEY", "HTTP_X_A")
    (opening,) = find_openings(normalize_condition(when), "auth")
    assert opening.problem.startswith(f"auth {problem} ")


def test_fills_in_the_references_to_files_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "paths").write_text("*.css\n")
    item = {"use": "basic_auth", "users": {"a": "b"}, "when": {"not": {"path": "${file:paths}"}}}
    assert [each.key for each in replace(Spec.of(item, 1), base=tmp_path).openings()] == ["when.not.path"]


def test_finds_nothing_in_a_reference_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PUBLIC", "/health")
    assert found({"not": {"path": ["${env:SHOP_PUBLIC}", "${env:SHOP_UNSET}"], "environ": "${env:SHOP_UNSET}"}}) == []


def test_a_guard_says_so_on_its_class() -> None:
    assert BasicAuth.is_guard
    assert not CatchErrors.is_guard
