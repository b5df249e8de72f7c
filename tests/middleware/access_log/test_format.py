"""Lines of the access log: the value of each directive, and that nothing can break a line."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import ConfigError
from wsgistack.middleware.access_log.format import compile_format
from wsgistack.types import Environ, Headers

_HOSTILE = 'a"b\\c\r\nGET / \x1b[31m\x00\t\x7f\x85é\u2028\ud800'
_ESCAPED = r"a\"b\\c\x0d\x0aGET / \x1b[31m\x00\x09\x7f\x85\xe9\u2028\ud800"
_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_COMMON = rf"(\S+) (-) (\S+) \[([^\]]+)\] {_QUOTED} (\S+) (\d+|-)"
_COMBINED = rf"{_COMMON} {_QUOTED} {_QUOTED}"
_LINES = {"common": _COMMON, "combined": _COMBINED, "extended": rf"{_COMBINED} (\d+) (\S+)"}


@dataclass
class _Request:
    environ: Environ = field(default_factory=dict)
    headers: Headers = field(default_factory=list)
    client: str = "192.0.2.1"
    method: str = "GET"
    path: str = "/a b"
    query: str = "q=1"
    protocol: str = "HTTP/1.1"
    code: str = "200"
    outcome: str = "complete"
    sent: int = 12
    started: float = 1_000_000_000.25
    duration: float = 1.5


@pytest.fixture
def in_india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "IST-5:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("format", "changes", "expected"),
    [
        ("%B %b", {}, "12 12"),
        ("%B %b", {"sent": 0}, "0 -"),
        ("%D %T", {}, "1500000 1"),
        ("%h %l %u", {}, "192.0.2.1 - -"),
        ("%h", {"client": "2001:db8::1"}, "2001:db8::1"),
        ("%u", {"environ": {"REMOTE_USER": "Ann Lee"}}, r"Ann\x20Lee"),
        ("%u", {"environ": {"REMOTE_USER": ""}}, "-"),
        ("%r", {}, "GET /a%20b?q=1 HTTP/1.1"),
        ("%m %U %q %H", {}, "GET /a%20b ?q=1 HTTP/1.1"),
        ("%U%q", {"path": "", "query": ""}, "/"),
        ("%r", {"method": "GET /", "query": "a b", "protocol": "x y"}, r"GET\x20/ /a%20b?a\x20b x\x20y"),
        pytest.param("%U", {"path": "/caf\xc3\xa9\r\n"}, "/caf%C3%A9%0D%0A", id="a path in UTF-8"),
        pytest.param("%U", {"path": "/\xff"}, "/%FF", id="a path in latin-1"),
        pytest.param("%U", {"path": "/猫"}, "/%3F", id="a path that PEP 3333 forbids"),
        ("%s %>s", {"code": "-"}, "- -"),
        ("%X", {}, "-"),
        ("%X", {"outcome": "aborted"}, "X"),
        ("%X", {"outcome": "error"}, "X"),
        ("%L", {}, "-"),
        ("%L", {"environ": {"wsgistack.request_id": "r 1"}}, r"r\x201"),
        ("%{X-Many}i|%{x-none}i", {"environ": {"HTTP_X_MANY": 'a "b"'}}, r"a \"b\"|-"),
        ("%{Content-Type}i", {"environ": {"CONTENT_TYPE": "a/b"}}, "a/b"),
        ("%{content-length}i", {"environ": {"CONTENT_LENGTH": ""}}, "-"),
        ("%{etag}o|%{X-None}o", {"headers": [("ETag", '"e"')]}, r"\"e\"|-"),
        ("%{a.key}e|%{b.key}e", {"environ": {"a.key": 7}}, "7|-"),
        ("100%% %s%%", {}, "100% 200%"),
        ("→ %s", {}, "→ 200"),
    ],
)
def test_writes_the_value_of_a_directive(format: str, changes: dict[str, Any], expected: str) -> None:
    assert compile_format(format)(_Request(**changes)) == expected


def test_writes_the_time_like_apache(in_india: None) -> None:
    assert compile_format("%t")(_Request(started=1_000_000_001.9)) == "[09/Sep/2001:07:16:41 +0530]"


def test_escapes_like_apache() -> None:
    assert compile_format("%{Referer}i")(_Request(environ={"HTTP_REFERER": _HOSTILE})) == _ESCAPED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("common", '192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12'),
        ("combined", '192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12 "-" "Agent"'),
        ("extended", '192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12 "-" "Agent" 1500000 -'),
    ],
)
def test_writes_the_named_formats(name: str, expected: str) -> None:
    line = compile_format(name)(_Request(environ={"HTTP_USER_AGENT": "Agent"}))
    assert re.sub(r"\[.*?\]", "[T]", line) == expected


def _unescape(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")


@pytest.mark.parametrize("name", sorted(_LINES))
@given(words=st.tuples(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT), referer=_TEXT, agent=_TEXT, user=_TEXT, request_id=_TEXT)
def test_keeps_one_line_and_its_fields(
    name: str, words: tuple[str, ...], referer: str, agent: str, user: str, request_id: str
) -> None:
    client, method, path, query, protocol = words
    environ = {"HTTP_REFERER": referer, "HTTP_USER_AGENT": agent, "REMOTE_USER": user}
    environ["wsgistack.request_id"] = request_id
    request = _Request(environ, [], client, method, path, query, protocol)
    line = compile_format(name)(request)
    assert line.isascii()
    assert line.isprintable()
    found = re.fullmatch(_LINES[name], line)
    assert found
    assert len(found[5].split(" ")) == 3
    assert _unescape(found[1]) == (client or "-")
    assert _unescape(found[3]) == (user or "-")
    if name != "common":
        assert [_unescape(found[8]), _unescape(found[9])] == [referer or "-", agent or "-"]


@given(words=st.tuples(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT), code=_TEXT, value=_TEXT | st.none() | st.binary())
def test_writes_json_that_loads(words: tuple[str, ...], code: str, value: object) -> None:
    environ = {"HTTP_REFERER": value, "REMOTE_USER": value, "wsgistack.request_id": value}
    client, method, path, query, protocol = words
    line = compile_format("json")(_Request(environ, [], client, method, path, query, protocol, code))
    assert line.isascii()
    assert line.isprintable()
    facts = json.loads(line)
    assert len(facts) == 13
    logged = [facts["client"], facts["method"], facts["protocol"]]
    sent = [word.encode("latin-1", "backslashreplace") for word in (client, method, protocol)]
    assert logged == [word.decode("utf-8", "backslashreplace") for word in sent]


def test_json_holds_all_facts() -> None:
    environ = {"REMOTE_USER": "ann", "HTTP_USER_AGENT": "Agent", "wsgistack.request_id": "r-1"}
    assert json.loads(compile_format("json")(_Request(environ, duration=0.12345678))) == {
        "time": "2001-09-09T01:46:40.250Z",
        "client": "192.0.2.1",
        "user": "ann",
        "method": "GET",
        "target": "/a%20b?q=1",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 12,
        "duration": 0.123457,
        "outcome": "complete",
        "request_id": "r-1",
        "referer": None,
        "user_agent": "Agent",
    }


@pytest.mark.parametrize("code", ["-", "", "²00", "abc"])
def test_json_has_no_status_that_is_not_a_number(code: str) -> None:
    assert json.loads(compile_format("json")(_Request(code=code)))["status"] is None


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("combnied", r"format: unknown format 'combnied'; did you mean 'combined'\?"),
        ("%Z", r"unknown directive '%Z' in the log format; choose from %B %D .* %\{Header\}i"),
        ("%s %", "unknown directive '%' in"),
        ("%{Referer}x", "unknown directive '%{Re' in"),
        ("%{}i", "unknown directive '%{}i' in"),
        ("%h\n%u", "the log format has a line break"),
    ],
)
def test_refuses_an_invalid_format_with_the_reason(format: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compile_format(format)


@pytest.mark.parametrize("name", ["'); import os; ('", "x')+str(1/0)+('", "\\", "{", "%s"])
def test_runs_no_code_from_the_name_of_a_header(name: str) -> None:
    if "{" in name:
        with pytest.raises(ConfigError, match="unknown directive"):
            compile_format(f"%{{{name}}}i")
    else:
        assert compile_format(f"%{{{name}}}i %{{{name}}}o %{{{name}}}e")(_Request()) == "- - -"
