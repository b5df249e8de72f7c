"""Lines of the access log: Apache's formats, what is wrong in one, and that nothing can break a line."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.middleware.access_log.entries import TEXT, Request, compile_format, unescape
from wsgistack.errors import ConfigError
from wsgistack.middleware.access_log import directives
from wsgistack.middleware.access_log.cleaning import Cleaning
from wsgistack.middleware.access_log.format import FORMATS

_OPEN = Cleaning(None, None, limit=1000, line_limit=100_000)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_COMMON = rf"(\S+) (-) (\S+) \[([^\]]+)\] {_QUOTED} (\S+) (\d+|-)"
_COMBINED = rf"{_COMMON} {_QUOTED} {_QUOTED}"
_LINES = {"common": _COMMON, "combined": _COMBINED, "extended": rf"{_COMBINED} (\d+) (\S+)"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("common", '192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12'),
        ("combined", '192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12 "-" "Agent"'),
        ("vhost_combined", 'shop.example:8000 192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12 "-" "Agent"'),
        ("extended", '192.0.2.1 - - [T] "GET /a%20b?q=1 HTTP/1.1" 200 12 "-" "Agent" 1500000 -'),
    ],
)
def test_writes_the_named_formats(name: str, expected: str) -> None:
    environ = {"HTTP_USER_AGENT": "Agent", "HTTP_HOST": "shop.example:8000", "SERVER_PORT": "8000"}
    assert re.sub(r"\[.*?\]", "[T]", compile_format(name)(Request(environ=environ))) == expected


@pytest.mark.parametrize(
    ("format", "code", "expected"),
    [
        ("%400,501{X}i", "400", "x"),
        ("%400,501{X}i", "501", "x"),
        ("%400,501{X}i", "200", "-"),
        ("%0400,00501{X}i", "501", "x"),  # a number, as for Apache
        ("%!0400{X}i", "400", "-"),
        ("%000{X}i", "400", "-"),
        ("%!200,304{X}i", "200", "-"),
        ("%!200,304{X}i", "404", "x"),
        ("%{X}!200i", "404", "x"),
        ("%!!200{X}i", "200", "x"),
        ("%200r", "404", "- - -"),
        ("%!{X}i", "200", "x"),
        ("%<s %>s %>{X}i", "200", "200 200 x"),
    ],
)
def test_writes_a_value_under_a_condition(format: str, code: str, expected: str) -> None:
    assert compile_format(format)(Request(environ={"HTTP_X": "x"}, code=code)) == expected


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("100%% %s%%", "100% 200%"),
        ("→ %s", "→ 200"),
        (r"\"%m\"\t%s\\ \q", '"GET"\t200\\ \\q'),
        ("{%s} %%s", "{200} %s"),
    ],
)
def test_keeps_the_text_of_a_format(format: str, expected: str) -> None:
    assert compile_format(format)(Request()) == expected


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        pytest.param('"%{X}i"', r'"a b]\"|\\"', id="in quotes of its own"),
        pytest.param("%{X}i", r"a\x20b]\"|\\", id="without quotes"),
        pytest.param("[%{X}i]", r"[a\x20b\x5d\"|\\]", id="in brackets"),
        pytest.param("%{X}i|%s", r"a\x20b]\"\x7c\\|200", id="before a bar"),
        pytest.param("%{X}ib%s", r"a\x20\x62]\"|\\b200", id="before a letter"),
        pytest.param('"%{X}i %s"', r'"a\x20b]\"|\\ 200"', id="with others in quotes"),
        pytest.param("%{X}i%s", r"a\x20b]\"|\\200", id="before another"),
    ],
)
def test_escapes_what_would_end_a_value(format: str, expected: str) -> None:
    assert compile_format(format)(Request(environ={"HTTP_X": 'a b]"|\\'})) == expected


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("%r|%s", r"GET /a%20b?q=\x7c HTTP/1.1|200"),
        ("|%r|", r"|GET /a%20b?q=\x7c HTTP/1.1|"),
        ('"%r"|', '"GET /a%20b?q=| HTTP/1.1"|'),
    ],
)
def test_escapes_what_would_end_a_request_line(format: str, expected: str) -> None:
    assert compile_format(format)(Request(query="q=|")) == expected


@pytest.mark.parametrize("name", sorted(_LINES))
@given(words=st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), referer=TEXT, agent=TEXT, user=TEXT, request_id=TEXT)
def test_reads_the_values_of_a_line_back(
    name: str, words: tuple[str, ...], referer: str, agent: str, user: str, request_id: str
) -> None:
    client, method, path, query, protocol = words
    environ = {"HTTP_REFERER": referer, "HTTP_USER_AGENT": agent, "REMOTE_USER": user}
    environ["wsgistack.request_id"] = request_id
    request = Request(environ, [], client, method, path, query, protocol)
    line = compile_format(name, _OPEN)(request)
    assert line.isascii()
    assert line.isprintable()
    found = re.fullmatch(_LINES[name], line)
    assert found
    written = found[5].split(" ")
    assert [unescape(written[0]), unescape(written[2])] == [method or "-", protocol or "-"]
    assert unescape(written[1]).endswith(f"?{query}" if query else "")
    assert _unescape_all(found[1], found[3]) == [client or "-", user or "-"]
    if name != "common":
        assert _unescape_all(found[8], found[9]) == [referer or "-", agent or "-"]
    if name == "extended":
        assert unescape(found[11]) == (request_id or "-")


def _unescape_all(*texts: str) -> list[str]:
    return [unescape(text) for text in texts]


_SEPARATORS = st.text(st.sampled_from(' \t"|;,[](){}<>=&-:/%azx027'), min_size=1, max_size=3)


@given(values=st.lists(st.tuples(TEXT, _SEPARATORS), min_size=1, max_size=6))
@example(values=[("5%", "%")])
@example(values=[("2 4", "2")])
def test_reads_the_values_of_any_format_back(values: list[tuple[str, str]]) -> None:
    pattern = "".join(f"%{{X{number}}}i{end.replace('%', '%%')}" for number, (_, end) in enumerate(values))
    environ = {f"HTTP_X{number}": text for number, (text, _) in enumerate(values)}
    line = compile_format(pattern, _OPEN)(Request(environ))
    assert line.replace("\t", "").isprintable()
    assert list(_read(line, [separator for _, separator in values])) == [text or "-" for text, _ in values]


_ESCAPE = r"\\(?:x..|u....|U.{8}|[\"\\])"


def _read(line: str, separators: list[str]) -> Iterator[str]:
    """Read as programs do that know the format: a value ends at the next separator that is not in an escape."""
    position = 0
    for separator in separators:
        found = re.compile(rf"((?:[^\\]|{_ESCAPE})+?){re.escape(separator[0])}").match(line, position)
        assert found
        yield unescape(found[1])
        position = found.end() + len(separator) - 1
    assert position == len(line)


@pytest.mark.parametrize("name", FORMATS)
@given(words=st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), value=TEXT | st.none() | st.integers() | st.lists(TEXT))
def test_each_format_survives_any_environ(name: str, words: tuple[str, ...], value: object) -> None:
    keys = ("HTTP_REFERER", "HTTP_USER_AGENT", "REMOTE_USER", "wsgistack.request_id", "HTTP_HOST", "SERVER_PORT")
    client, method, path, query, protocol = words
    line = compile_format(name)(Request(dict.fromkeys(keys, value), [], client, method, path, query, protocol))
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("combnied", r"format: unknown format 'combnied'; did you mean 'combined'\?"),
        (
            "%h %Z",
            r"format: unknown directive '%Z' at character 4 of the log format; choose from .* %a .* %\{Header\}i",
        ),
        ("%s %", "unknown directive '%' at character 4 of the log format; write %% for a percent sign"),
        ("%s % d", "unknown directive '% ' at character 4 of the log format; write %% for a percent sign"),
        ("%h %{a\0b}t", "the log format has a NUL; expected text without it"),
        ("%h \0%u", "the log format has a NUL"),
        ("%{Referer}x", r"unknown directive '%\{Referer\}x' at character 1"),
        ("%h %{Referer i", r"unknown directive '%\{Referer i' at character 4 .*; write the name in braces: %\{Name\}i"),
        ("%{}i", r"unknown directive '%\{\}i' .*; write the name in braces: %\{Name\}i"),
        ("%i", r"unknown directive '%i' .*; write the name in braces: %\{Name\}i"),
        (
            "%h %{Re ferer}i",
            r"unknown directive '%\{Re ferer\}i' at character 4 of the log format; 'Re ferer' is no name of a header",
        ),
        ("%{Réferer}o", r"unknown directive .* at character 1 of the log format; 'Réferer' is no name of a header"),
        ("%{Referer:}i", r"'Referer:' is no name of a header"),
        ("%{x}T", r"unknown directive '%\{x\}T'"),
        ("%h %(u)s", r"unknown directive '%\(u\)s' at character 4 of the log format; write %u, as Apache does"),
        ("%(f)s", r"write %\{Referer\}i, as Apache does"),
        ("%(M)s", r"write %\{ms\}T, as Apache does"),
        ("%({x-ray}i)s", r"write %\{x-ray\}i, as Apache does"),
        ("%(REMOTE_ADDR)s", "write %h, as Apache does"),
        ("%(SHOP)s", r"write %\{SHOP\}e, as Apache does"),
        ("%h\n%u", "the log format has a line break"),
        (r"%h\n", "the log format has a line break"),
    ],
)
def test_refuses_an_invalid_format_with_the_reason(format: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compile_format(format)


def test_refuses_a_time_that_the_system_cannot_format(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(format: str, second: int) -> str:
        raise ValueError("Invalid format string")  # as Windows does

    monkeypatch.setattr(directives, "format_moment", refuse)
    with pytest.raises(ConfigError, match=re.escape("unknown directive '%{%Q}t' at character 4")):
        compile_format("%h %{%Q}t")


def test_refuses_fields_of_a_format_without_them() -> None:
    given_: dict[str, Any] = {"fields": ["time"], "extra_fields": {"a": "status"}}
    with pytest.raises(ConfigError) as caught:
        compile_format("combnied", **given_)
    assert [each.key for each in caught.value.mistakes] == ["fields", "extra_fields", "format"]
    assert "needs a format that has fields; choose from json, logfmt, ecs, otel" in str(caught.value)


@pytest.mark.parametrize("name", ["'); import os; ('", "x')+str(1/0)+('", "\\", "{", "%s", "__import__('os')"])
def test_runs_no_code_from_a_name(name: str) -> None:
    for letter in "ioeC":
        if "{" in name or (letter in "io" and name != "%s"):
            with pytest.raises(ConfigError, match="unknown directive"):
                compile_format(f"%{{{name}}}{letter}")
        else:
            assert compile_format(f"%{{{name}}}{letter}")(Request()) == "-"
