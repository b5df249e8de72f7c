"""The recipe errors: JSON for an API and pages for people from one application."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.direct import TestApp
from wsgistack import load
from wsgistack.cli import main

pytestmark = pytest.mark.slow

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
ERRORS = [
    ("GET", "items/none", 404, "The shop has no such item."),
    ("GET", "items/cake", 409, "This item is sold out."),
    ("GET", "nothing", 404, "The requested URL was not found on the server."),
    ("PUT", "items/tea", 405, ""),
    ("GET", "broken", 500, "The server failed to answer this request."),
]


@pytest.fixture
def client(enter: Callable[[str], Path]) -> TestApp:
    return TestApp(load(enter("errors") / "stack.toml"))


def test_has_no_mistake_and_no_warning(enter: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    enter("errors")
    assert main(["check", "--strict", "stack.toml"]) == 0
    assert capsys.readouterr() == ("stack.toml: OK\n", "")


@pytest.mark.parametrize(("method", "path", "status", "detail"), ERRORS)
@pytest.mark.parametrize("sent", [{}, {"Content-Type": "application/json", **BROWSER}], ids=["anything", "sent JSON"])
def test_a_program_gets_json(
    client: TestApp, method: str, path: str, status: int, detail: str, sent: dict[str, str]
) -> None:
    answer = client.request(f"/api/{path}", method=method, headers=sent, status=status)
    assert answer.content_type == "application/problem+json"
    problem = answer.json
    assert problem["type"].startswith("https://shop.example/problems/")
    assert problem["help"] == "https://shop.example/help"
    assert problem["status"] == status
    assert problem["instance"] == f"/api/{path}"
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem.get("detail", "").startswith(detail)


@pytest.mark.parametrize(("method", "path", "status", "detail"), ERRORS)
def test_people_get_a_page(client: TestApp, method: str, path: str, status: int, detail: str) -> None:
    answer = client.request(f"/{path}", method=method, headers=BROWSER, status=status)
    assert answer.content_type == "text/html"
    if status == 500:
        assert "<h1>We are sorry</h1>" in answer.text
        assert f"<code>{answer.headers['X-Request-ID']}</code>" in answer.text
    else:
        assert "<h1>That did not work</h1>" in answer.text
        assert detail in answer.text


def test_keeps_the_headers_of_the_errors(client: TestApp) -> None:
    assert client.get("/api/items/cake", status=409).headers["Retry-After"] == "86400"
    assert client.put("/api/items/tea", status=405).headers["Allow"] == "GET, HEAD"


def test_sends_a_page_where_the_body_is_empty(client: TestApp) -> None:
    answer = client.get("/old", status=410)
    assert "<h1>We do not sell this any more</h1>" in answer.text
    assert client.head("/old", status=410).headers["Content-Length"] == answer.headers["Content-Length"]


def test_logs_only_what_is_broken(client: TestApp, caplog: pytest.LogCaptureFixture) -> None:
    for method, path, status, _ in ERRORS:
        client.request(f"/{path}", method=method, status=status)
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError
