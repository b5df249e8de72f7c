"""The formats of an access log line: Apache's directives, and JSON. Nothing that a client sends can break a line."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from time import gmtime, localtime, strftime
from typing import Protocol

from wsgistack.environ import REQUEST_ID, escape_quoted, escape_word, request_target
from wsgistack.errors import ConfigError, Mistake, suggest
from wsgistack.http import headers as h
from wsgistack.types import Environ, Headers

__all__ = ["FORMATS", "Entry", "Format", "collect_facts", "compile_format"]


class Entry(Protocol):
    """What is known about a request at the end of its response."""

    environ: Environ
    headers: Headers
    client: str
    method: str
    path: str
    query: str
    protocol: str
    code: str
    outcome: str
    sent: int
    started: float
    duration: float


Format = Callable[[Entry], str]

_COMMON = '%h %l %u %t "%r" %>s %b'
_COMBINED = _COMMON + ' "%{Referer}i" "%{User-Agent}i"'
FORMATS = {"common": _COMMON, "combined": _COMBINED, "extended": _COMBINED + " %D %L", "json": ""}

_DIRECTIVE = re.compile(r"%(?:\{(?P<name>[^{}]+)\}(?P<kind>[ieo])|>?(?P<letter>[%A-Za-z])|.{0,3})", re.DOTALL)
_NOT_HTTP = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PLAIN = bytes(code for code in range(32, 127) if code not in b'"\\')


@lru_cache(maxsize=4)
def format_time(second: int) -> str:
    """Format a local time like Apache: with English month names in every locale."""
    now = localtime(second)
    return f"[{now.tm_mday:02}/{_MONTHS[now.tm_mon - 1]}/{now.tm_year}{strftime(':%H:%M:%S %z', now)}]"


_EXPRESSIONS = {  # the value of each directive, as an expression over `entry` and over `get`, which reads its environ
    "B": "str(entry.sent)",
    "D": "str(round(entry.duration * 1e6))",
    "H": "entry.protocol or '-'",
    "L": "str(get(REQUEST_ID) or '-')",
    "T": "str(int(entry.duration))",
    "U": "request_target(entry.path, '')",
    "X": "'-' if entry.outcome == 'complete' else 'X'",
    "b": "str(entry.sent or '-')",
    "h": "entry.client or '-'",
    "m": "entry.method or '-'",
    "q": "f'?{entry.query}' if entry.query else ''",
    "s": "entry.code or '-'",
    "u": "str(get('REMOTE_USER') or '-')",
}
_NAMES_IN_EXPRESSIONS = {
    "REQUEST_ID": REQUEST_ID,
    "find_header": h.get,
    "format_time": format_time,
    "request_target": request_target,
}
_CONSTANTS = {"%": "%%", "l": "-"}
_TIME = "format_time(int(entry.started))"
_TARGET = "request_target(entry.path, entry.query)"


def _make_expression(name: str, kind: str) -> str:
    """Return the expression for a directive with a name. The name is a literal there, whatever it contains."""
    if kind == "o":
        return f"find_header(entry.headers, {name.lower()!r}) or '-'"
    if kind == "i":
        name = "HTTP_" + name.upper().replace("-", "_")
        name = _NOT_HTTP.get(name, name)
    return f"str(get({name!r}) or '-')"


def collect_facts(entry: Entry) -> dict[str, object]:
    """What is known about a request besides its time, by the names of JSON and of the attributes of log records."""
    get = entry.environ.get
    user, referer, user_agent = get("REMOTE_USER"), get("HTTP_REFERER"), get("HTTP_USER_AGENT")
    target = request_target(entry.path, entry.query)
    facts = {
        "client": entry.client,
        "user": user,
        "method": entry.method,
        "target": target,
        "protocol": entry.protocol,
        "status": int(entry.code) if entry.code.isdecimal() else None,
        "bytes": entry.sent,
        "duration": entry.duration,
        "outcome": entry.outcome,
        "request_id": get(REQUEST_ID),
        "referer": referer,
        "user_agent": user_agent,
    }
    if f"{entry.client}{user}{entry.method}{target}{entry.protocol}{referer}{user_agent}".isascii():
        return facts
    return {name: _decode_latin1(fact) for name, fact in facts.items()}


def format_json(entry: Entry) -> str:
    """Format one JSON object on one line, in ASCII."""
    moment = strftime("%Y-%m-%dT%H:%M:%S", gmtime(entry.started))
    time = f"{moment}.{int(entry.started % 1 * 1000):03}Z"
    facts = collect_facts(entry) | {"duration": round(entry.duration, 6)}
    return json.dumps({"time": time, **facts}, default=str)


def _decode_latin1(fact: object) -> object:
    """Read a text that PEP 3333 carries as latin-1 as UTF-8. Bytes that are not UTF-8 become escapes."""
    if not isinstance(fact, str):
        return fact
    return fact.encode("latin-1", "backslashreplace").decode("utf-8", "backslashreplace")


def compile_format(format: str) -> Format:
    """Compile a format to a function that writes a line.

    :param format: a name from ``FORMATS``, or a string with Apache's directives.
    :raises ConfigError: the format is neither, has a line break, or has an unknown directive.
    """
    if format == "json":
        return format_json
    pattern = FORMATS.get(format, format)
    if "\n" in pattern or "\r" in pattern:
        raise ConfigError(Mistake("the log format has a line break", key="format", value=format, expected="one line"))
    if "%" not in pattern:
        raise ConfigError(
            Mistake(f"unknown format {format!r}", key="format", value=format, hint=suggest(format, FORMATS))
        )
    expressions: list[str] = []
    escapes: list[Callable[[str], str]] = []

    def add(expression: str, escape: Callable[[str], str]) -> str:
        expressions.append(expression)
        escapes.append(escape)
        return "%s"

    def translate(found: re.Match[str]) -> str:
        letter = found["letter"]
        if letter in _CONSTANTS:
            return _CONSTANTS[letter]
        if found["kind"]:
            return add(_make_expression(found["name"], found["kind"]), escape_quoted)
        if letter == "t":
            return add(_TIME, escape_quoted)
        if letter == "r":  # always three words, whatever the client sent
            return " ".join(add(each, escape_word) for each in (_EXPRESSIONS["m"], _TARGET, _EXPRESSIONS["H"]))
        if letter in _EXPRESSIONS:
            return add(_EXPRESSIONS[letter], escape_word)
        known = " ".join(f"%{each}" for each in sorted([*_EXPRESSIONS, "l", "r", "t"]))
        hint = f"choose from {known} %{{Header}}i %{{Header}}o %{{key}}e %%"
        problem = f"unknown directive {found[0]!r} in the log format"
        raise ConfigError(Mistake(problem, key="format", value=format, hint=hint))

    template = _DIRECTIVE.sub(translate, pattern)
    # One function reads all values: a call for each of them would make a line 40 % slower. Users choose expressions
    # from this module, but can't write them: the name of a header is a literal.
    code = f"lambda entry, get: ({''.join(f'{each}, ' for each in expressions)})"
    read: Callable[[Entry, object], tuple[str, ...]] = eval(code, {**_NAMES_IN_EXPRESSIONS})  # noqa: S307
    special_in_text = _find_special(template.replace("%s", ""))
    words = [number for number, escape in enumerate(escapes) if escape is escape_word]
    pick_words = itemgetter(*words, words[0]) if words else itemgetter(slice(0))  # always returns a tuple

    def write(entry: Entry) -> str:
        values = read(entry, entry.environ.get)
        line = template % values
        # Most lines need no escapes. One look at the whole line is faster than one at each value.
        if _find_special(line) == special_in_text and " " not in "".join(pick_words(values)):
            return line
        return template % tuple([escape(value) for escape, value in zip(escapes, values, strict=True)])

    return write


def _find_special(text: str) -> bytes:
    """Return all bytes of a text that need an escape."""
    return text.encode("utf-8", "backslashreplace").translate(None, _PLAIN)
