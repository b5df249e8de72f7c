"""The Flask recipe."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.direct import TestApp

pytestmark = pytest.mark.slow


@pytest.fixture
def client(enter: Callable[[str], Path]) -> TestApp:
    enter("flask")
    client = TestApp(importlib.import_module("notes").app)
    client.authorization = ("Basic", ("ann", "secret"))
    return client


def test_the_view_sees_the_user_and_the_id(client: TestApp) -> None:
    answer = client.get("/", headers={"X-Request-ID": "my-own-id"})
    assert answer.json["user"] == "ann"
    assert answer.json["request_id"] == answer.headers["X-Request-ID"] == "my-own-id"


def test_compresses_whole_and_streamed_bodies(client: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("/", "/stream"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "note 99" in answer.text
        assert json.loads(capsys.readouterr().err)["bytes"] < len(answer.body) / 2


def test_catch_errors_answers_exceptions_of_the_view(client: TestApp, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/fail", headers={"Accept": "application/json"}, status=500)
    assert answer.json["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_the_application_is_still_a_flask_object(client: TestApp) -> None:
    with client.app.test_client().get("/", auth=("ann", "wrong")) as answer:
        assert answer.status_code == 401
