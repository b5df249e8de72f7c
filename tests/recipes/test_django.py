"""The Django recipe: an existing project that is wrapped in its wsgi.py."""

import importlib
import logging
import logging.config
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings  # type: ignore[import-untyped]
from django.urls import clear_url_caches  # type: ignore[import-untyped]
from django.utils.functional import empty  # type: ignore[import-untyped]

from tests.direct import TestApp

pytestmark = pytest.mark.slow


@pytest.fixture
def client(enter: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestApp]:
    enter("django")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    root = logging.getLogger()
    before = root.handlers[:], root.level
    settings_before = dict(vars(settings))  # another test may have set them for this process
    vars(settings).clear()
    vars(settings)["_wrapped"] = empty
    yield TestApp(importlib.import_module("shop.wsgi").application, extra_environ={"HTTP_HOST": "localhost"})
    root.handlers[:], root.level = before
    vars(settings).clear()
    vars(settings).update(settings_before)
    clear_url_caches()


def test_the_view_sees_the_id(client: TestApp) -> None:
    answer = client.get("/", headers={"X-Request-ID": "my-own-id"})
    assert answer.json["request_id"] == answer.headers["X-Request-ID"] == "my-own-id"
    assert answer.json["goods"][99] == {"name": "teapot 99", "price": 99}


def test_log_records_carry_the_id(client: TestApp) -> None:
    logging.config.dictConfig(importlib.import_module("shop.settings").LOGGING)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    written: list[str] = []
    handler.stream = type("Written", (), {"write": lambda _, text: written.append(text), "flush": lambda _: None})()
    client.get("/", headers={"X-Request-ID": "my-own-id"})
    assert "INFO [my-own-id] shop: listing the goods" in "".join(written)


def test_streams_compressed(client: TestApp) -> None:
    answer = client.get("/stream", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.text.splitlines()[-1] == "teapot 99"


def test_catch_errors_answers_exceptions_of_the_view(client: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    answer = client.get("/fail", headers={"Accept": "text/html"}, status=500)
    assert answer.headers["X-Request-ID"] in answer.text
    assert "sold out" not in answer.text
    assert f'"GET /fail HTTP/1.0" 500 {len(answer.body)}' in capsys.readouterr().err
