"""Log records as JSON."""

import json
import logging
import logging.config
import re
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsgistack import request_id_var
from wsgistack.logging import JsonFormatter


def write(formatter: logging.Formatter, message: str = "sold", *args: object, **options: Any) -> dict[str, Any]:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    logger.info(message, *args, **options)
    (line,) = written.getvalue().splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


def test_has_the_time_in_utc_and_what_is_known() -> None:
    before = datetime.now(UTC)
    token = request_id_var.set("mine")
    found = write(JsonFormatter(), "sold %d", 3, extra={"price": 1.5})
    request_id_var.reset(token)
    assert before <= datetime.fromisoformat(found["time"]) <= datetime.now(UTC)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found.pop("time"))
    assert found == {"level": "INFO", "logger": "shop", "message": "sold 3", "price": 1.5, "request_id": "mine"}


def test_leaves_out_an_id_that_is_not_known() -> None:
    assert {*write(JsonFormatter())} == {"time", "level", "logger", "message"}


def test_takes_the_options_of_the_library() -> None:
    formatter = JsonFormatter(
        "{levelname}{lineno}", style="{", rename_fields={"lineno": "line"}, static_fields={"a": 1}
    )
    assert {*write(formatter)} == {"time", "level", "line", "a"}


def test_has_the_traceback_on_the_same_line() -> None:
    found = write(JsonFormatter(), exc_info=ValueError("sold out"), stack_info=True)
    assert found["exc_info"] == "ValueError: sold out"
    assert found["stack_info"].splitlines()[0] == "Stack (most recent call last):"


@given(text=st.text())
def test_nothing_breaks_a_line(text: str) -> None:
    assert write(JsonFormatter(), "%s", text, extra={"given": text})["given"] == text


def test_is_found_by_its_name() -> None:
    configured = logging.config.DictConfigurator({"version": 1})
    assert isinstance(configured.configure_formatter({"()": "wsgistack.logging.JsonFormatter"}), JsonFormatter)


def test_names_the_extra_of_the_library_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "pythonjsonlogger.py").write_text("", "utf-8")
    code = "import wsgistack.logging as ours\ntry:\n ours.JsonFormatter\nexcept ValueError as error:\n print(error)"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, check=True, capture_output=True, text=True)
    assert said.stdout == (
        "class: needs the library pythonjsonlogger.json, which can't be imported; pip install 'wsgistack[json]'\n"
    )


def test_a_traceback_that_was_written_before_stays() -> None:
    record = logging.LogRecord("shop", logging.ERROR, "shop.py", 1, "no", (), None)
    record.exc_info = (ValueError, ValueError("password=hunter2"), None)
    record.exc_text = "ValueError: password=[redacted]"
    assert json.loads(JsonFormatter().format(record))["exc_info"] == "ValueError: password=[redacted]"
    assert record.exc_info
