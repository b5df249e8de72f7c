"""The recipe for JSON logs."""

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.direct import TestApp

pytestmark = pytest.mark.slow


@pytest.fixture
def start(enter: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Imports the module, which takes the stderr of the test."""
    enter("json-logs")
    root, werkzeug = logging.getLogger(), logging.getLogger("werkzeug")
    before = root.handlers[:], root.level, werkzeug.level
    monkeypatch.delitem(sys.modules, "kiosk", raising=False)
    yield lambda: importlib.import_module("kiosk")
    root.handlers[:], root.level, werkzeug.level = before


def read(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_all_lines_of_a_request_have_its_id(start: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = start()
    app = TestApp(kiosk.app)
    orders = [app.post("/orders", {"goods": goods}).json["order"] for goods in ("tea", "milk\n")]
    kiosk.mailing.shutdown()
    lines = read(capsys)
    for order, goods in zip(orders, ("tea", "milk\n"), strict=True):
        own = [line for line in lines if line["request_id"] == order]
        assert sorted((line.get("message", ""), line.get("status")) for line in own) == [
            ("", 201),
            ("confirmed", None),
            ("ordered", None),
        ]
        assert [line["goods"] for line in own if "goods" in line] == [goods] * 2
    assert len(lines) == 6


def test_an_error_has_the_id_and_its_traceback_on_one_line(
    start: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    kiosk = start()

    @kiosk.app.get("/fail")  # type: ignore[untyped-decorator]
    def fail() -> None:
        raise ZeroDivisionError

    answer = TestApp(kiosk.app, {"wsgistack.raise_errors": False}).get(
        "/fail", headers={"Accept": "application/json"}, status=500
    )
    (error, access) = read(capsys)
    assert error["request_id"] == access["request_id"] == answer.json["request_id"]
    assert error["exc_info"].endswith("ZeroDivisionError")
    assert (error["level"], access["status"]) == ("ERROR", 500)
