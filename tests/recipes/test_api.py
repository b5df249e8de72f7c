"""The recipe api: what pages of other origins, and clients with tokens and keys, get from an API."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.direct import TestApp
from wsgistack import load
from wsgistack.cli import main

pytestmark = pytest.mark.slow

APP = {"Origin": "https://app.example"}
ORDER = {"item": "tea"}


@pytest.fixture
def client(enter: Callable[[str], Path]) -> TestApp:
    client = TestApp(load(enter("api") / "stack.toml"))
    client.authorization = ("Bearer", "token-of-ada-5d41402abc4b2a76")
    client.delete("/orders/7")
    return client


def test_has_no_mistake_and_no_warning(enter: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    enter("api")
    assert main(["check", "--strict", "stack.toml"]) == 0
    assert capsys.readouterr() == ("stack.toml: OK\n", "")


@pytest.mark.parametrize("origin", ["https://app.example", "https://shop.partner.example"])
def test_browsers_may_ask_without_a_token(client: TestApp, origin: str) -> None:
    client.authorization = None
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    answer = client.options("/orders/7", headers=headers, status=204)
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("origin", ["https://partner.example", "https://app.example.evil", "null"])
def test_pages_of_other_origins_may_not(client: TestApp, origin: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    assert "Access-Control-Allow-Origin" not in client.options("/orders/7", headers=headers, status=403).headers
    assert "Access-Control-Allow-Origin" not in client.get("/orders", headers={"Origin": origin}).headers


def test_bodies_are_decoded_and_answers_have_tags(client: TestApp) -> None:
    body = gzip.compress(json.dumps(ORDER).encode())
    sent = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert client.put("/orders/7", body, headers=sent).json == ORDER
    answer = client.get("/orders", headers=APP)
    assert answer.json == {"7": ORDER}
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    known = client.get("/orders", headers={**APP, "If-None-Match": answer.headers["ETag"]}, status=304)
    assert known.headers["Access-Control-Allow-Origin"] == APP["Origin"]


def test_nobody_enters_without_a_token(client: TestApp) -> None:
    client.authorization = None
    answer = client.get("/orders", headers=APP, status=401)
    assert answer.headers["Access-Control-Allow-Origin"] == APP["Origin"]  # so that the page can read the error
    client.put("/orders/7", b"a" * 100_000, status=401)


def test_scopes_say_what_a_key_may_do(client: TestApp) -> None:
    client.put_json("/orders/7", ORDER)
    client.authorization = None
    key = {"X-API-Key": "key-of-the-shelf-7d793037a076"}
    assert client.get("/orders", headers=key).json == {"7": ORDER}
    for path in ("/orders/7", "//orders/7", "/x/../orders/7"):
        assert client.delete(path, headers=key, status=403).json["title"] == "Forbidden"
    answer = client.get("/orders", status=401)
    assert answer.headers.getall("WWW-Authenticate") == [
        'Bearer realm="orders"',
        'ApiKey realm="orders", header="X-API-Key"',
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/nothing", b"", {}, 404),
        ("GET", "/fail", b"", {}, 500),
        ("DELETE", "/orders", b"", {}, 405),
        ("PATCH", "/orders", b"", {}, 405),
        ("PUT", "/orders/7", b"text", {"Content-Type": "text/plain"}, 415),
        ("PUT", "/orders/7", b"{", {"Content-Type": "application/json"}, 400),
        ("PUT", "/orders/7", b" " * 65537, {"Content-Type": "application/json"}, 413),
        ("PUT", "/orders/7", gzip.compress(b" " * 262145), {"Content-Encoding": "gzip"}, 413),
        ("PUT", "/orders/7", b"{}", {"Content-Encoding": "x-unknown"}, 415),
        ("GET", "/orders", b"", {"Authorization": "Bearer x"}, 401),
        ("GET", "/orders", b"", {"Authorization": "Bearer x y"}, 400),
        ("GET", "/orders", b"", {"Authorization": "Basic YTpi"}, 401),
        ("PUT", "/orders/7", b"{}", {"X-API-Key": "key-of-the-shelf-7d793037a076", "Authorization": ""}, 403),
    ],
)
def test_all_errors_look_the_same(
    client: TestApp, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    if "Authorization" in headers:
        client.authorization = None
    answer = client.request(path, method=method, body=body, headers={**APP, **headers}, status=status)
    problem = answer.json
    assert answer.content_type == "application/problem+json"
    assert (problem["status"], problem["request_id"]) == (status, answer.headers["X-Request-ID"])
    assert answer.headers["Access-Control-Allow-Origin"] == APP["Origin"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers.get("Allow", "") if status == 405 else "Allow" not in answer.headers
