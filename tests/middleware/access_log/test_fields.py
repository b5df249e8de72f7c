"""The formats whose fields have names: JSON, ECS, OpenTelemetry and logfmt."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.local import LocalProxy

from tests.direct import Call, raising
from tests.middleware.access_log.entries import TEXT, Request
from wsgistack import AccessLog, CatchErrors
from wsgistack.errors import ConfigError
from wsgistack.middleware.access_log.cleaning import Cleaning
from wsgistack.middleware.access_log.fields import choose_fields, compile_facts
from wsgistack.middleware.access_log.format import compile_format
from wsgistack.types import Environ

_OPEN = Cleaning(None, None, limit=1000, line_limit=100_000)
_TRACE = "0af7651916cd43dd8448eb211c80319c"
_FULL: Environ = {
    "REMOTE_USER": "ann",
    "HTTP_HOST": "shop.example:8443",
    "HTTP_USER_AGENT": "Agent",
    "HTTP_REFERER": "https://shop.example/",
    "HTTP_TRACEPARENT": f"00-{_TRACE}-b7ad6b7169203331-01",
    "SERVER_PORT": "8443",
    "wsgi.url_scheme": "https",
    "wsgistack.request_id": "r-1",
}


def _write(format: str, request: Request, fields: Any = None, extra: Any = None) -> str:
    return compile_format(format, _OPEN, fields, extra)(request)


def _find_tenant(environ: Environ) -> object:
    return environ["tenant"]


def test_json_has_all_facts() -> None:
    assert json.loads(_write("json", Request(_FULL, duration=0.12345678))) == {
        "time": "2001-09-09T01:46:40.250000Z",
        "client": "192.0.2.1",
        "user": "ann",
        "method": "GET",
        "target": "/a%20b?q=1",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 12,
        "duration": 0.123457,
        "first_byte": 0.25,
        "outcome": "complete",
        "error": None,
        "request_id": "r-1",
        "trace_id": _TRACE,
        "referer": "https://shop.example/",
        "user_agent": "Agent",
    }


def test_json_says_what_is_not_known() -> None:
    facts = json.loads(_write("json", Request(first_byte=None, outcome="failed", failure="shop.OutOfStock")))
    assert {name for name, fact in facts.items() if fact is None} == {
        *("user", "first_byte", "request_id", "trace_id", "referer", "user_agent")
    }
    assert (facts["outcome"], facts["error"]) == ("failed", "shop.OutOfStock")


def test_writes_the_names_of_ecs() -> None:
    assert json.loads(_write("ecs", Request(_FULL))) == {
        "@timestamp": "2001-09-09T01:46:40.250000Z",
        "log.level": "info",
        "message": "GET /a%20b?q=1 HTTP/1.1",
        "ecs.version": "8.11.0",
        "event.kind": "event",
        "event.category": ["web"],
        "event.type": ["access"],
        "event.outcome": "success",
        "event.duration": 1_500_000_000,
        "client.address": "192.0.2.1",
        "user.name": "ann",
        "http.request.method": "GET",
        "http.request.id": "r-1",
        "http.request.referrer": "https://shop.example/",
        "http.version": "1.1",
        "http.response.status_code": 200,
        "http.response.body.bytes": 12,
        "url.original": "/a%20b?q=1",
        "url.domain": "shop.example",
        "user_agent.original": "Agent",
        "error.type": None,
        "trace.id": _TRACE,
    }


def test_writes_the_names_of_opentelemetry() -> None:
    assert json.loads(_write("otel", Request(_FULL))) == {
        "timestamp": "2001-09-09T01:46:40.250000Z",
        "severity_text": "INFO",
        "trace_id": _TRACE,
        "client.address": "192.0.2.1",
        "enduser.id": "ann",
        "error.type": None,
        "http.request.header.referer": ["https://shop.example/"],
        "http.request.method": "GET",
        "http.response.body.size": 12,
        "http.response.status_code": 200,
        "http.server.request.duration": 1.5,
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "server.address": "shop.example",
        "server.port": 8443,
        "url.path": "/a%20b",
        "url.query": "q=1",
        "url.scheme": "https",
        "user_agent.original": "Agent",
        "request_id": "r-1",
        "outcome": "complete",
    }


@pytest.mark.parametrize(
    ("code", "outcome", "expected"),
    [
        ("200", "complete", ("success", "info", "INFO", None)),
        ("404", "complete", ("failure", "info", "INFO", None)),
        ("503", "complete", ("failure", "error", "ERROR", "503")),
        ("200", "aborted", ("unknown", "info", "INFO", None)),
        ("101", "upgraded", ("success", "info", "INFO", None)),
        ("500", "failed", ("failure", "error", "ERROR", "ValueError")),
    ],
)
def test_says_how_a_request_ended(code: str, outcome: str, expected: tuple[object, ...]) -> None:
    request = Request(code=code, outcome=outcome, failure="ValueError" if outcome == "failed" else None)
    ecs, otel = (json.loads(_write(name, request)) for name in ("ecs", "otel"))
    assert (ecs["event.outcome"], ecs["log.level"], otel["severity_text"], otel["error.type"]) == expected


def test_opentelemetry_has_no_list_of_nothing() -> None:
    facts = json.loads(_write("otel", Request(query="")))
    assert facts["http.request.header.referer"] is facts["url.query"] is facts["server.port"] is None


def test_writes_logfmt() -> None:
    fields = ["time", "client", "user", "method", "target", "status", "duration", "outcome", "referers"]
    assert _write("logfmt", Request(), [*fields, "event_type"]) == (
        "time=2001-09-09T01:46:40.250000Z client=192.0.2.1 user= method=GET "
        'target="/a%20b?q=1" status=200 duration=1.500000 outcome=complete referers= event_type="[\\"access\\"]"'
    )


@pytest.mark.parametrize(
    ("fields", "extra", "expected"),
    [
        pytest.param(["status", "method"], None, {"status": 200, "method": "GET"}, id="chosen"),
        pytest.param({"code": "status", "verb": "method"}, None, {"code": 200, "verb": "GET"}, id="renamed"),
        pytest.param(["status"], ["host"], {"status": 200, "host": "shop.example"}, id="extended with names"),
        pytest.param(
            ["status"],
            {"lang": "response_header:Content-Language", "key": "request_header:X-Shop", "none": "request_header:X-No"},
            {"status": 200, "lang": "en", "key": "k", "none": None},
            id="extended with headers",
        ),
        pytest.param(
            {"n": "environ:a.number", "f": "environ:a.float", "b": "environ:a.truth", "x": "environ:a.none"},
            {"t": "environ:a.text", "l": "environ:a.list", "nan": "environ:a.nan", "big": "environ:a.big"},
            {"n": 7, "f": 0.5, "b": True, "x": None, "t": "é", "l": "['a']", "nan": "nan", "big": str(2**80)},
            id="from the environ",
        ),
        pytest.param(
            {"tenant": f"{__name__}:_find_tenant"},
            {"other": _find_tenant},
            {"tenant": "t", "other": "t"},
            id="callable",
        ),
        pytest.param({"bad": lambda environ: environ["no"]}, None, {"bad": "<KeyError>"}, id="a callable that fails"),
        pytest.param(["status"], {"status": "method"}, {"status": "GET"}, id="another source"),
        pytest.param({'a "b" %s {x}': "status"}, None, {'a "b" %s {x}': 200}, id="a strange name"),
    ],
)
def test_fields_can_be_chosen(
    fields: Sequence[str] | Mapping[str, Any], extra: Any, expected: dict[str, object]
) -> None:
    environ: Environ = {
        "HTTP_HOST": "shop.example",
        "HTTP_X_SHOP": "k",
        "tenant": "t",
        "a.number": 7,
        "a.float": 0.5,
        "a.truth": True,
        "a.text": "é".encode().decode("latin-1"),
        "a.list": ["a"],
        "a.nan": float("nan"),
        "a.big": 2**80,
    }
    request = Request(environ, [("Content-Language", "en")])
    assert json.loads(_write("json", request, fields, extra)) == expected


def test_fields_of_a_preset_are_chosen_by_their_names() -> None:
    assert json.loads(_write("ecs", Request(), ["url.original", "status"])) == {
        "url.original": "/a%20b?q=1",
        "status": 200,
    }


@pytest.mark.parametrize("format", ["json", "ecs", "otel"])
def test_facts_are_what_json_has(format: str) -> None:
    extra: dict[str, Any] = {"a": "environ:a", "b": lambda _: 7, "c": lambda _: [], "event_type": "event_type"}
    fields = choose_fields(format, None, extra)
    for environ in (_FULL, {"a": 0.5, "HTTP_USER_AGENT": "é", "REMOTE_USER": ["x"]}, {"a": True}):
        request = Request(environ, failure="ValueError")
        facts = compile_facts(fields, _OPEN)(request)
        written = json.loads(compile_format(format, _OPEN, None, extra)(request))
        if format == "otel":
            [referer] = written.pop("http.request.header.referer") or [None]
            assert facts.pop("http.request.header.referer") == referer
        assert facts == written


@pytest.mark.parametrize("code", ["-", "", "²00", "abc", "٢٠٠", "-1"])
def test_has_no_status_that_is_not_a_number(code: str) -> None:
    assert json.loads(_write("json", Request(code=code)))["status"] is None


@pytest.mark.parametrize(
    ("format", "fields", "extra", "message"),
    [
        (
            "json",
            ["statsu"],
            None,
            "fields: unknown field 'statsu'; expected a field, request_header:Name, .*; did you mean 'status'",
        ),
        ("json", None, {"a": "header:X"}, "extra_fields: cannot import module 'header'"),
        ("json", None, {"a": "os:sep"}, "extra_fields: 'os:sep' is no function; expected a function of the environ"),
        (
            "json",
            {"a": "request_header:"},
            None,
            "fields: no name after 'request_header:'; expected request_header:Name$",
        ),
        ("json", None, {"a": "request_headr:X"}, "'request_headr'; did you mean 'request_header'"),
        ("json", ["statsu"], None, r"'status'\?$"),  # and not that no field is left
        ("json", [], None, "fields: leaves no field"),
        ("ecs", ["url.orignal"], None, "did you mean 'url.original'"),
        (
            "logfmt",
            {"a b": "status"},
            None,
            "fields: not a name for logfmt: 'a b'; expected no blank, quote or equals sign",
        ),
    ],
)
def test_refuses_wrong_fields_with_the_reason(format: str, fields: Any, extra: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compile_format(format, _OPEN, fields, extra)


def _decode(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("utf-8", "backslashreplace")


_PAIR = re.compile(r'([^ =]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |$)')


def _read_logfmt(line: str) -> dict[str, str]:
    found = list(_PAIR.finditer(line))
    assert "".join(each[0] for each in found) == line
    return {each[1]: json.loads(each[2]) if each[2][:1] == '"' else each[2] for each in found}


@pytest.mark.parametrize("format", ["json", "ecs", "otel", "logfmt"])
@given(words=st.tuples(TEXT, TEXT, TEXT, TEXT), user=TEXT | st.none(), value=TEXT)
def test_reads_the_values_back(format: str, words: tuple[str, ...], user: str | None, value: str) -> None:
    client, method, query, protocol = words
    environ = {"HTTP_REFERER": value, "HTTP_USER_AGENT": value, "REMOTE_USER": user, "HTTP_X": value}
    request = Request(environ, [("X", value)], client, method, "/", query, protocol)
    extra = {"req": "request_header:X", "res": "response_header:X", "env": "environ:HTTP_X", "call": lambda _: value}
    names = {"client": "client", "method": "method", "user": "user", "agent": "user_agent", "query": "query"}
    line = _write(format, request, {**names, "target": "target"}, extra)
    assert line.isascii()
    assert line.isprintable()
    facts = _read_logfmt(line) if format == "logfmt" else json.loads(line)
    nothing = "" if format == "logfmt" else None
    assert facts == {
        "client": _decode(client),
        "method": _decode(method),
        "user": nothing if user is None else _decode(user),
        "agent": _decode(value),
        "query": _decode(query) if query else nothing,
        "target": _decode(f"/?{query}" if query else "/"),
        **dict.fromkeys(("req", "res", "env", "call"), _decode(value)),
    }


@given(value=st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.binary() | st.dictionaries(TEXT, TEXT))
def test_values_of_any_type_are_valid_json(value: object) -> None:
    facts = json.loads(_write("json", Request({"x": value}), {"x": "environ:x", "y": lambda environ: environ["x"]}))
    assert facts["x"] == facts["y"]
    if isinstance(value, bool | None) or (isinstance(value, int) and abs(value) < 2**63):
        assert facts["x"] == value


class Unhashable(str):
    __hash__ = None  # type: ignore[assignment]


def _fail() -> str:
    raise RuntimeError("outside of a request")


@pytest.mark.parametrize(
    ("value", "written"), [(Unhashable("x"), "x"), (LocalProxy(_fail), "<LocalProxy>")], ids=["no hash", "proxy"]
)
@pytest.mark.parametrize("source", [lambda environ: environ["x"], "environ:x"], ids=["function", "environ"])
def test_writes_a_value_that_fails_at_a_look(value: object, written: str, source: Any) -> None:
    assert json.loads(_write("json", Request({"x": value}), {"x": source})) == {"x": written}


@pytest.mark.parametrize("name", ["error", "error_or_status"])
def test_names_an_error_that_was_answered_inside(name: str, tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    layer = AccessLog(CatchErrors(raising(LookupError("x"))), format="json", fields=[name, "outcome"], file=file)
    assert b"500" in Call(layer).read()
    assert json.loads(file.read_text()) == {name: "LookupError", "outcome": "complete"}
