"""Requests in memory, and the layers that record them."""

from collections.abc import Iterable

import pytest

from wsgistack import Pipeline
from wsgistack.cli.tracing import Request, Trace
from wsgistack.config import load
from wsgistack.config.parts import Application, Stack
from wsgistack.types import App, Environ, StartResponse


class Endless:
    closed = 0

    def __iter__(self) -> "Endless":
        return self

    def __next__(self) -> bytes:
        return b"more"

    def close(self) -> None:
        self.closed += 1


def endless(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])(b"written")
    return BODY


BODY = Endless()


def traced(app: App, *layers: object) -> Trace:
    return Trace(Stack(Application(app), Pipeline(layers)))  # type: ignore[arg-type]


def test_records_the_layers_that_a_request_reaches() -> None:
    trace = traced(endless, "request_id", {"use": "gzip", "when": {"under": "/a"}})
    assert [spec.name for spec in trace.specs] == ["request_id", "gzip"]
    assert trace.send(Request("GET", "/b?c", "a.org", "/s"), [("X-A", "1")]) == "200 OK"
    assert [(visit.spec.name, visit.is_active) for visit in trace.visits] == [("request_id", True), ("gzip", False)]
    environ = trace.visits[0].environ
    keys = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_HOST", "HTTP_X_A")
    assert [environ[key] for key in keys] == ["GET", "/s", "/b", "c", "a.org", "1"]
    trace.send(Request("GET", "//a"))
    assert [visit.is_active for visit in trace.visits] == [True, True]


def test_reads_no_endless_body_and_closes_it() -> None:
    before = BODY.closed
    assert traced(endless).send(Request("GET", "/")) == "200 OK"
    assert BODY.closed == before + 1


@pytest.mark.parametrize(("error", "status"), [(ValueError("x"), "ValueError"), (None, "no status")])
def test_reports_an_application_that_fails(error: Exception | None, status: str) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if error:
            raise error
        return []

    assert traced(app).send(Request("GET", "/")) == status


def test_what_is_built_later_records_nothing() -> None:
    traced(endless, "request_id")
    assert repr(load({"app": endless, "layers": ["request_id"]})).startswith("RequestId(")


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (Request("GET", "/a"), "GET /a"),
        (Request("GET", "/a", "a.org"), "GET /a Host: a.org"),
        (Request("GET", "/a", script_name="/b"), "GET /a SCRIPT_NAME: /b"),
    ],
)
def test_a_request_reads_as_a_client_sends_it(request_: Request, text: str) -> None:
    assert str(request_) == text
