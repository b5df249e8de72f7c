"""The quickstart recipe: a plain WSGI function behind five layers."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.direct import TestApp
from wsgistack import load

pytestmark = pytest.mark.slow

NAMED = {"X-Request-ID": "my-own-id"}


@pytest.fixture
def client(enter: Callable[[str], Path]) -> TestApp:
    client = TestApp(load(enter("quickstart") / "stack.ini"))
    client.authorization = ("Basic", ("demo", "demo"))
    return client


def test_greets_compresses_and_logs(client: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    answer = client.get("/ann", headers={"Accept-Encoding": "gzip", **NAMED})
    client.decode_body = False
    assert answer.json["hello"] == "ann"
    assert answer.json["from"] == "demo"
    assert answer.headers["X-Request-ID"] == "my-own-id"
    assert answer.headers["Vary"] == "Accept-Encoding"
    log = capsys.readouterr().err
    assert '"GET /ann HTTP/1.0" 200' in log
    assert log.endswith("my-own-id\n")


def test_sends_a_compressed_body(client: TestApp) -> None:
    received: list[str] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        received.append(dict(headers)["Content-Encoding"])
        return lambda chunk: None

    environ = client.get("/ann").request.environ | {"HTTP_ACCEPT_ENCODING": "gzip"}
    body = b"".join(client.app(environ, start_response))
    assert json.loads(gzip.decompress(body))["hello"] == "ann"
    assert received == ["gzip"]


def test_streams(client: TestApp) -> None:
    assert client.get("/count").text.split() == [str(number) for number in range(1, 11)]


def test_challenges_a_request_without_a_password(client: TestApp) -> None:
    client.authorization = None
    answer = client.get("/ann", status=401)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="wsgistack quickstart", charset="UTF-8"'


def test_answers_an_exception_and_logs_it_with_its_id(client: TestApp, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/fail", headers={"Accept": "application/json", **NAMED}, status=500)
    assert answer.content_type == "application/problem+json"
    assert answer.json["request_id"] == "my-own-id"
    (record,) = caplog.records
    assert record.getMessage() == "GET /fail failed, request my-own-id"
    assert "this page fails" in caplog.text
