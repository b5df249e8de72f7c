"""Apache's directives: the value of each of them."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.middleware.access_log.entries import Request, compile_format
from wsgistack.middleware.access_log.directives import list_directives

_HOSTILE = 'a"b\\c\r\nGET / \x1b[31m\x00\t\x7f\x85é\u2028\ud800'
_ESCAPED = r"a\"b\\c\x0d\x0aGET / \x1b[31m\x00\x09\x7f\x85\xe9\u2028\ud800"
_PEER = {"wsgistack.peer": {"REMOTE_ADDR": "10.0.0.1"}}


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
        ("%{s}T %{ms}T %{us}T", {}, "1 1500 1500000"),
        ("%^FB", {}, "250000"),
        ("%^FB", {"first_byte": None}, "-"),
        ("%h %a %l %u", {}, "192.0.2.1 192.0.2.1 - -"),
        ("%h", {"client": "2001:db8::1"}, "2001:db8::1"),
        ("%h", {"client": ""}, "-"),
        ("%a %{c}a %{c}h", {}, "192.0.2.1 192.0.2.1 192.0.2.1"),
        ("%a %{c}a %{c}h", {"environ": _PEER}, "192.0.2.1 10.0.0.1 10.0.0.1"),
        ("%A", {}, "-"),
        ("%A", {"environ": {"SERVER_ADDR": "10.0.0.9"}}, "10.0.0.9"),
        ("%u", {"environ": {"REMOTE_USER": "Ann Lee"}}, r"Ann\x20Lee"),
        ("%u", {"environ": {"REMOTE_USER": ""}}, "-"),
        ("%u", {"environ": {"REMOTE_USER": 7}}, "7"),
        ("%u", {"environ": {"REMOTE_USER": ["ann"]}}, r"['ann']"),
        ("%r", {}, "GET /a%20b?q=1 HTTP/1.1"),
        ("%m %U %q %H", {}, "GET /a%20b ?q=1 HTTP/1.1"),
        ("%U%q", {"path": "", "query": ""}, "/"),
        ("%r", {"method": "GET /", "query": "a b", "protocol": "x y"}, r"GET\x20/ /a%20b?a\x20b x\x20y"),
        pytest.param("%U", {"path": "/caf\xc3\xa9\r\n"}, "/caf%C3%A9%0D%0A", id="a path in UTF-8"),
        pytest.param("%U", {"path": "/\xff"}, "/%FF", id="a path in latin-1"),
        pytest.param("%U", {"path": "/猫"}, "/%3F", id="a path that PEP 3333 forbids"),
        ("%s %>s %<s", {"code": "-"}, "- - -"),
        ("%X", {}, "-"),
        ("%X", {"outcome": "upgraded"}, "-"),
        ("%X", {"outcome": "aborted"}, "X"),
        ("%X", {"outcome": "failed"}, "X"),
        ("%L %{c}L", {}, "- -"),
        ("%L", {"environ": {"wsgistack.request_id": "r 1"}}, r"r\x201"),
        ("%{X-Many}i|%{x-none}i", {"environ": {"HTTP_X_MANY": 'a "b"'}}, r"a\x20\"b\"|-"),
        ("%{Content-Type}i", {"environ": {"CONTENT_TYPE": "a/b"}}, "a/b"),
        ("%{content-length}i", {"environ": {"CONTENT_LENGTH": ""}}, "-"),
        ("%{etag}o|%{X-None}o", {"headers": [("ETag", '"e"')]}, r"\"e\"|-"),
        ("%{a.number}e|%{b.number}e", {"environ": {"a.number": 7}}, "7|-"),
        ("%{b}C %{c}C %{d}C", {"environ": {"HTTP_COOKIE": "a=1; b=2; c; bc=4"}}, "2 - -"),
        ("%{b}C", {}, "-"),
        ("%v %V", {"environ": {"SERVER_NAME": "worker-1"}}, "worker-1 worker-1"),
        ("%v %V", {"environ": {"SERVER_NAME": "a", "HTTP_HOST": "shop.example:443"}}, "a shop.example"),
        ("%V", {"environ": {"HTTP_HOST": "[2001:db8::1]:80"}}, "[2001:db8::1]"),
        ("%V", {"environ": {"HTTP_HOST": "shop"}}, "shop"),
        ("%V", {"environ": {"HTTP_HOST": "Shop.Example:8000"}}, "shop.example"),
        ("%V", {}, "-"),
        ("%p %{canonical}p %{local}p %{remote}p", {"environ": {"SERVER_PORT": "80"}}, "80 80 80 -"),
        ("%{remote}p", {"environ": {"REMOTE_PORT": "40000"}}, "40000"),
        ("%f", {"environ": {"SCRIPT_FILENAME": "/srv/a.wsgi"}}, "/srv/a.wsgi"),
        ("%f", {}, "-"),
        ("%I %O %S %R %k %{x}n %{x}^ti %{x}^to", {}, "- - - - - - - -"),
    ],
)
def test_writes_the_value_of_a_directive(format: str, changes: dict[str, Any], expected: str) -> None:
    assert compile_format(format)(Request(**changes)) == expected


def test_writes_the_process_and_the_thread() -> None:
    tid = threading.get_native_id()
    written = compile_format("%P %{pid}P %{tid}P %{hextid}P")(Request())
    assert written == f"{os.getpid()} {os.getpid()} {tid} {tid:x}"


def test_writes_the_time_like_apache(in_india: None) -> None:
    assert compile_format("%t")(Request(started=1_000_000_001.9)) == "[09/Sep/2001:07:16:41 +0530]"


def test_writes_the_times_of_many_seconds(in_india: None) -> None:
    write = compile_format("%t")
    for second in range(150):
        written = write(Request(started=1_000_000_100.5 + second))
        assert written == f"[09/Sep/2001:07:{18 + (second + 20) // 60}:{(second + 20) % 60:02} +0530]"


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("%{}t %{begin:}t", "[09/Sep/2001:07:16:41 +0530] [09/Sep/2001:07:16:41 +0530]"),
        ("%{end:}t", "[09/Sep/2001:07:16:43 +0530]"),
        ("%{sec}t %{begin:sec}t %{end:sec}t", "1000000001 1000000001 1000000003"),
        ("%{msec}t %{usec}t", "1000000001750 1000000001750000"),
        ("%{msec_frac}t %{usec_frac}t", "750 750000"),
        ("%{end:msec_frac}t", "250"),
        ("%{%Y-%m-%d %H:%M:%S}t.%{usec_frac}t", "2001-09-09 07:16:41.750000"),
        ("%{end:%H:%M:%S}t", "07:16:43"),
        ("%{%n}t", r"\x0a"),
    ],
)
def test_writes_the_time_in_a_format(format: str, expected: str, in_india: None) -> None:
    assert compile_format(format)(Request(started=1_000_000_001.75)) == expected


def test_escapes_like_apache() -> None:
    assert compile_format('"%{X}i"')(Request(environ={"HTTP_X": _HOSTILE})) == f'"{_ESCAPED}"'


def test_knows_each_directive_that_a_hint_lists() -> None:
    compile_format(list_directives())
