"""The forms of an access log line: Apache's directives, and JSON. Nothing a client sends can break a line."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from time import gmtime, localtime, strftime
from typing import Protocol

from wsgistack import headers as h
from wsgistack.environ import REQUEST_ID, request_target
from wsgistack.errors import ConfigError, Mistake, nearest
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
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 256))} | {34: '\\"', 92: "\\\\"}
_NEEDS_ESCAPE = re.compile(r'[^ -~]|["\\]')


def quoted(value: object) -> str:
    """A value as it may stand between quotes: as Apache escapes it, and ``-`` if empty."""
    text = str(value)
    if _NEEDS_ESCAPE.search(text):
        text = text.translate(_ESCAPES).encode("ascii", "backslashreplace").decode("ascii")
    return text or "-"


def bare(value: object) -> str:
    """A value as it may stand without quotes: spaces are escaped as well."""
    return quoted(value).replace(" ", "\\x20")


def request_line(entry: Entry) -> str:
    """Three words, whatever the client sent."""
    return f"{bare(entry.method)} {bare(request_target(entry.path, entry.query))} {bare(entry.protocol)}"


@lru_cache(maxsize=4)
def common_time(second: int) -> str:
    """The time in local time, as Apache writes it in every locale."""
    now = localtime(second)
    return f"[{now.tm_mday:02}/{_MONTHS[now.tm_mon - 1]}/{now.tm_year}{strftime(':%H:%M:%S %z', now)}]"


_LETTERS: dict[str, Format] = {
    "B": lambda entry: str(entry.sent),
    "D": lambda entry: str(round(entry.duration * 1e6)),
    "H": lambda entry: bare(entry.protocol),
    "L": lambda entry: bare(entry.environ.get(REQUEST_ID, "-")),
    "T": lambda entry: str(int(entry.duration)),
    "U": lambda entry: bare(request_target(entry.path, "")),
    "X": lambda entry: "-" if entry.outcome == "complete" else "X",
    "b": lambda entry: str(entry.sent or "-"),
    "h": lambda entry: bare(entry.client),
    "l": lambda _: "-",
    "m": lambda entry: bare(entry.method),
    "q": lambda entry: bare(f"?{entry.query}") if entry.query else "",
    "r": request_line,
    "s": lambda entry: bare(entry.code),
    "t": lambda entry: common_time(int(entry.started)),
    "u": lambda entry: bare(entry.environ.get("REMOTE_USER", "-")),
}


def _named(name: str, kind: str) -> Format:
    lowered = name.lower()
    key = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}.get(
        request_key := "HTTP_" + name.upper().replace("-", "_"), request_key
    )
    if kind == "i":
        return lambda entry: quoted(entry.environ.get(key, "-"))
    if kind == "o":
        return lambda entry: quoted(h.get(entry.headers, lowered) or "-")
    return lambda entry: quoted(entry.environ.get(name, "-"))


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
        raise ConfigError(Mistake("a line break in a log format", "format", format, "a line"))
    if "%" not in pattern:
        raise ConfigError(Mistake(f"no format {format!r}", "format", format, hint=nearest(format, FORMATS)))
    parts: list[Format] = []
    template = ""
    position = 0
    for found in _DIRECTIVE.finditer(pattern):
        template += pattern[position : found.start()].replace("%", "%%")
        position = found.end()
        letter = found["letter"]
        if letter == "%":
            template += "%%"
        elif found["kind"]:
            template += "%s"
            parts.append(_named(found["name"], found["kind"]))
        elif letter in _LETTERS:
            template += "%s"
            parts.append(_LETTERS[letter])
        else:
            known = " ".join(f"%{each}" for each in _LETTERS)
            hint = f"there are: {known} %{{Header}}i %{{Header}}o %{{key}}e %%"
            raise ConfigError(Mistake(f"no directive {found[0]!r} in a log format", "format", format, hint=hint))
    template += pattern[position:]
    return lambda entry: template % tuple([part(entry) for part in parts])
