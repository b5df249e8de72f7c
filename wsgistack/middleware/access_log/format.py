"""The forms of an access log line: Apache's directives, and JSON. Nothing a client sends can break a line."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from time import gmtime, localtime, strftime
from typing import Protocol

from wsgistack.environ import REQUEST_ID, request_target
from wsgistack.errors import ConfigError, Mistake, suggest
from wsgistack.http import headers as h
from wsgistack.types import Environ, Headers

__all__ = ["FORMATS", "Entry", "Format", "bare", "compile_format"]


class Entry(Protocol):
    """What is known of a request when its response is over."""

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
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 256))} | {34: '\\"', 92: "\\\\"}


def quoted(text: str) -> str:
    """A text as it may stand between quotes, as Apache escapes it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return text.translate(_ESCAPES).encode("ascii", "backslashreplace").decode("ascii")


def bare(text: str) -> str:
    """A text as it may stand without quotes: spaces are escaped as well."""
    return quoted(text).replace(" ", "\\x20")


@lru_cache(maxsize=4)
def common_time(second: int) -> str:
    """The time in local time, as Apache writes it in every locale."""
    now = localtime(second)
    return f"[{now.tm_mday:02}/{_MONTHS[now.tm_mon - 1]}/{now.tm_year}{strftime(':%H:%M:%S %z', now)}]"


_LETTERS = {  # what each directive says, as an expression: of entry, and of get, which looks into its environ
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
_OF_EXPRESSIONS = {
    "REQUEST_ID": REQUEST_ID,
    "common_time": common_time,
    "header": h.get,
    "request_target": request_target,
}
_CONSTANTS = {"%": "%", "l": "-"}
_TIME = "common_time(int(entry.started))"
_TARGET = "request_target(entry.path, entry.query)"


def _named(name: str, kind: str) -> str:
    key = "HTTP_" + name.upper().replace("-", "_")
    if kind == "o":
        return f"header(entry.headers, {name.lower()!r}) or '-'"
    if kind == "e":
        return f"str(get({name!r}) or '-')"
    return f"str(get({_NOT_HTTP.get(key, key)!r}) or '-')"


def as_json(entry: Entry) -> str:
    """One object on one line, in ASCII."""
    moment = strftime("%Y-%m-%dT%H:%M:%S", gmtime(entry.started))
    facts = {
        "time": f"{moment}.{int(entry.started % 1 * 1000):03}Z",
        "client": entry.client,
        "user": entry.environ.get("REMOTE_USER"),
        "method": entry.method,
        "target": request_target(entry.path, entry.query),
        "protocol": entry.protocol,
        "status": int(entry.code) if entry.code.isdecimal() else None,
        "bytes": entry.sent,
        "duration": round(entry.duration, 6),
        "outcome": entry.outcome,
        "request_id": entry.environ.get(REQUEST_ID),
        "referer": entry.environ.get("HTTP_REFERER"),
        "user_agent": entry.environ.get("HTTP_USER_AGENT"),
    }
    return json.dumps({name: _as_text(fact) for name, fact in facts.items()}, default=str)


def _as_text(fact: object) -> object:
    """Undo PEP 3333's writing of bytes as latin-1; a byte that is no UTF-8 is written as an escape."""
    if not isinstance(fact, str):
        return fact
    return fact.encode("latin-1", "backslashreplace").decode("utf-8", "backslashreplace")


def compile_format(format: str) -> Format:
    """Make a function that writes lines in a format.

    :param format: a name in ``FORMATS``, or a string with Apache's directives.
    :raises ConfigError: it is neither, or holds a directive that there is not.
    """
    if format == "json":
        return as_json
    pattern = FORMATS.get(format, format)
    if "\n" in pattern or "\r" in pattern:
        raise ConfigError(Mistake("a line break in a log format", key="format", value=format, expected="a line"))
    if "%" not in pattern:
        raise ConfigError(Mistake(f"no format {format!r}", key="format", value=format, hint=suggest(format, FORMATS)))
    line = _Line()
    position = 0
    for found in _DIRECTIVE.finditer(pattern):
        line.add_text(pattern[position : found.start()])
        position = found.end()
        letter = found["letter"]
        if letter in _CONSTANTS:
            line.add_text(_CONSTANTS[letter])
        elif found["kind"]:
            line.add(_named(found["name"], found["kind"]), quoted)
        elif letter == "t":
            line.add(_TIME, str)
        elif letter == "r":  # three words, whatever the client sent
            line.add(_LETTERS["m"], bare)
            line.add_text(" ")
            line.add(_TARGET, bare)
            line.add_text(" ")
            line.add(_LETTERS["H"], bare)
        elif letter in _LETTERS:
            line.add(_LETTERS[letter], bare)
        else:
            known = " ".join(f"%{each}" for each in sorted([*_LETTERS, "l", "r", "t"]))
            hint = f"there are: {known} %{{Header}}i %{{Header}}o %{{key}}e %%"
            raise ConfigError(
                Mistake(f"no directive {found[0]!r} in a log format", key="format", value=format, hint=hint)
            )
    line.add_text(pattern[position:])
    return line.format()


class _Line:
    """A line as it is put together, and then the function that writes it."""

    def __init__(self) -> None:
        self.template = ""
        self.values: list[str] = []
        self.escapes: list[Callable[[str], str]] = []

    def add_text(self, text: str) -> None:
        self.template += text.replace("%", "%%")

    def add(self, value: str, escape: Callable[[str], str]) -> None:
        self.template += "%s"
        self.values.append(value)
        self.escapes.append(escape)

    def format(self) -> Format:
        template, escapes = self.template, self.escapes
        # one function for all directives, for a call for each of them would take most of the time of a line
        code = f"lambda entry, get: ({''.join(f'{value}, ' for value in self.values)})"
        values: Callable[[Entry, object], tuple[str, ...]] = eval(code, {**_OF_EXPRESSIONS})  # noqa: S307 - of those above
        own = template.replace("%s", "").encode("utf-8", "backslashreplace").translate(None, _PLAIN)
        bare_ones = [number for number, escape in enumerate(escapes) if escape is bare]
        words = itemgetter(slice(0)) if not bare_ones else itemgetter(*bare_ones, bare_ones[0])  # a tuple, always

        def write(entry: Entry) -> str:
            given = values(entry, entry.environ.get)
            line = template % given
            # most lines are as they have to be, and one look at the whole costs less than one at each value
            odd = line.encode("utf-8", "backslashreplace").translate(None, _PLAIN)
            if odd == own and " " not in "".join(words(given)):
                return line
            return template % tuple([escape(each) for escape, each in zip(escapes, given, strict=True)])

        return write
