"""The recipe opentelemetry: the spans that the real SDK makes, in a process of its own, which has one provider."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes/opentelemetry"
CODE = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from webtest import TestApp
from wsgistack import load

client = TestApp(load("stack.toml"), extra_environ={"wsgistack.raise_errors": False})
exporter = InMemorySpanExporter()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
client.get("/fail", status=500)
client.get("/")
spans = exporter.get_finished_spans()
found = [[span.status.status_code.name, [dict(event.attributes) for event in span.events]] for span in spans]
print(json.dumps(found))
"""


TRACES = """
import json, logging
from contextlib import suppress
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wsgistack import load
from wsgistack.testing import Server

records = []
handler = logging.Handler()
handler.emit = records.append
logging.getLogger("wsgistack.catch_errors").addHandler(handler)
application = load("stack.toml")
exporter = InMemorySpanExporter()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
for path in ("/fail", "/stream"):
    with suppress(ZeroDivisionError):  # the server gets it, and cuts the connection
        Server().request("GET", application, path)
traces = [format(span.context.trace_id, "032x") for span in exporter.get_finished_spans()]
print(json.dumps([traces, [record.trace_id for record in records]]))
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=RECIPE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_has_no_mistake_and_no_warning() -> None:
    assert run(Path(sys.executable).with_name("wsgistack"), "check", "--strict", "stack.toml") == "stack.toml: OK\n"


def test_records_the_exception_in_the_span_of_the_request() -> None:
    failed, answered = json.loads(run(sys.executable, "-c", CODE))
    status, [event] = failed
    assert status == "ERROR"
    assert event["exception.type"] == "LookupError"
    assert event["exception.message"] == "no such parcel"
    assert "in app" in event["exception.stacktrace"]
    assert answered == ["UNSET", []]


def test_the_log_names_the_trace_also_of_an_error_in_a_stream() -> None:
    traces, logged = json.loads(run(sys.executable, "-c", TRACES))
    assert len(traces) == 2
    assert logged == traces
