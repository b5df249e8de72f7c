"""The directives of Apache's log formats: what each of them reads from an entry."""

import os
from collections.abc import Callable
from functools import lru_cache
from threading import get_native_id
from time import localtime, strftime
from typing import Any, NamedTuple

from wsgistack.environ import ERROR, REQUEST_ID, TRACE_ID, environ_key
from wsgistack.http import headers as h
from wsgistack.http.addresses import PEER
from wsgistack.http.escaping import escape_quoted
from wsgistack.http.traceparent import find_trace_id
from wsgistack.middleware.access_log.cleaning import Cleaning

__all__ = [
    "NAMES_IN_EXPRESSIONS",
    "Reading",
    "Times",
    "list_directives",
    "read_directive",
    "read_request_line",
]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAX_TIMES = 60  # of the last minute


class Reading(NamedTuple):
    """How the value of a directive or of a field is read.

    :param expression: over ``entry``, ``get``, which reads its environ, and ``NAMES_IN_EXPRESSIONS``.
    :param show: returns the value as text without secrets; None if the value is safe as it is.
    :param keeps: whether the values of many requests are the same, so that it is worth to remember them.
    :param is_id: whether it is the id of one request.
    :param empty: what Apache's formats have in the place of an empty value.
    """

    expression: str
    show: Callable[[Any], str] | None = None
    keeps: bool = True
    is_id: bool = False
    empty: str = "-"


def read_directive(letter: str, name: str | None, cleaning: Cleaning) -> Reading | None:
    """Return how a directive is read; None if it is unknown, or names a header that no request can have.

    :param letter: the directive, such as ``h`` or ``^FB``.
    :param name: what it has in braces, if anything.
    """
    if name is None:
        return _read_plain(letter, cleaning)
    if (not name and letter != "t") or (letter in "io" and not h.is_field_name(name)):
        return None
    match letter:
        case "i":
            return Reading(f"get({environ_key(name)!r})", cleaning.show(name), cleaning.keeps(name))
        case "o":
            return Reading(f"find_header(entry.headers, {name.lower()!r})", cleaning.show(name))
        case "e":
            return Reading(f"get({name!r})", cleaning.show(name), cleaning.keeps(name))
        case "C":
            return Reading(f"find_cookie(get('HTTP_COOKIE'), {name!r})", cleaning.show(name))
        case "t":
            return _read_time(name)
        case "n" | "^ti" | "^to":
            return Reading("'-'")  # notes and trailers, which WSGI does not know
        case "a" | "h":
            return Reading(_PEER, cleaning.show_client, cleaning.hide_addresses is None) if name == "c" else None
        case "p" if name in _PORTS:
            return Reading(f"get({_PORTS[name]!r})", cleaning.show("SERVER_PORT"))
        case _:
            expression = _SAFE_NAMED.get((letter, name))
            return Reading(expression) if expression else None


def read_request_line(cleaning: Cleaning) -> tuple[Reading, Reading, Reading]:
    """Return how the three words of a request line are read."""
    return (
        Reading("entry.method", cleaning.show("REQUEST_METHOD")),
        Reading("(entry.path, entry.query)", cleaning.show_target),
        Reading("entry.protocol", cleaning.show("SERVER_PROTOCOL")),
    )


def list_directives() -> str:
    """List all directives, for a hint."""
    letters = sorted([*_SAFE, *_CLIENT, *_SHOWN, *"qrtU"], key=lambda each: (each.lower(), each))
    named = ["%{Header}i", "%{Header}o", "%{variable}e", "%{cookie}C", "%{format}t", "%{ms}T", "%{remote}p", "%{tid}P"]
    return " ".join([*(f"%{each}" for each in letters), *named, "%%"])


def _read_plain(letter: str, cleaning: Cleaning) -> Reading | None:
    if letter in _SAFE:
        return Reading(_SAFE[letter])
    if letter in _CLIENT:
        return Reading(_CLIENT[letter], cleaning.show_client, cleaning.hide_addresses is None)
    if letter in _SHOWN:
        name, expression = _SHOWN[letter]
        return Reading(expression, cleaning.show(name), is_id=letter == "L")
    match letter:
        case "U":
            return Reading("(entry.path, '')", cleaning.show_target)
        case "q":
            return Reading("entry.query", lambda query: f"?{cleaning.show_query(query)}", empty="")
        case "t":
            return Reading("times[entry.started // 1]")
        case _:
            return None


def _read_time(name: str) -> Reading | None:
    moment = "entry.started"
    if name.startswith(("begin:", "end:")):
        side, _, name = name.partition(":")
        moment = "entry.started" if side == "begin" else "(entry.started + entry.duration)"
    match name:
        case "":
            return Reading(f"times[{moment} // 1]")
        case "sec":
            return Reading(f"int({moment})")
        case "msec":
            return Reading(f"int({moment} * 1e3)")
        case "usec":
            return Reading(f"int({moment} * 1e6)")
        case "msec_frac":
            return Reading(f"'%03d' % int({moment} % 1 * 1e3)")
        case "usec_frac":
            return Reading(f"'%06d' % int({moment} % 1 * 1e6)")
        case _:
            try:
                format_moment(name, 0)
            except ValueError:  # on Windows, of all that it does not know
                return None
            return Reading(f"format_moment({name!r}, int({moment}))")


class Times(dict[float, str]):
    """How times are written, by the second.

    To look one up is faster than a call. Threads may share it: one that finds nothing formats the time again.
    """

    def __init__(self, write: Callable[[float], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, second: float) -> str:
        text = self._write(second)
        if len(self) >= _MAX_TIMES:
            self.clear()
        self[second] = text
        return text


def _write_local(second: float) -> str:
    """Write a time like Apache, with English month names in every locale."""
    now = localtime(second)
    return f"[{now.tm_mday:02}/{_MONTHS[now.tm_mon - 1]}/{now.tm_year}{strftime(':%H:%M:%S %z', now)}]"


@lru_cache(maxsize=8)
def format_moment(format: str, second: int) -> str:
    """Format a local time with strftime."""
    return escape_quoted(strftime(format, localtime(second)))


def find_cookie(header: object, name: str) -> str | None:
    """Return the value of a cookie in the header ``Cookie`` (RFC 6265, section 4.2.1)."""
    for pair in header.split(";") if isinstance(header, str) else ():
        key, equals, value = pair.strip().partition("=")
        if equals and key == name:
            return value
    return None


def find_host(get: Callable[[str], Any]) -> str:
    """Return the name of the site that the client asked for, in lower case, or else that of the server."""
    host = str(get("HTTP_HOST") or "").lower()
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host) or str(get("SERVER_NAME") or "")


NAMES_IN_EXPRESSIONS: dict[str, object] = {
    "ERROR": ERROR,
    "REQUEST_ID": REQUEST_ID,
    "TRACE_ID": TRACE_ID,
    "find_cookie": find_cookie,
    "find_header": h.get,
    "find_host": find_host,
    "find_trace_id": find_trace_id,
    "format_moment": format_moment,
    "get_native_id": get_native_id,
    "getpid": os.getpid,
    "times": Times(_write_local),
}

_SAFE = {  # numbers, and texts of our own
    **dict.fromkeys("IOSRkl", "'-'"),  # what WSGI does not know
    "B": "entry.sent",
    "D": "round(entry.duration * 1e6)",
    "P": "getpid()",
    "T": "int(entry.duration)",
    "X": "'X' if entry.outcome in ('aborted', 'failed') else '-'",
    "^FB": "'-' if entry.first_byte is None else round(entry.first_byte * 1e6)",
    "b": "entry.sent or '-'",
}
_SAFE_NAMED = {
    ("L", "c"): "'-'",
    ("P", "hextid"): "'%x' % get_native_id()",
    ("P", "pid"): "getpid()",
    ("P", "tid"): "get_native_id()",
    ("T", "ms"): "int(entry.duration * 1e3)",
    ("T", "s"): "int(entry.duration)",
    ("T", "us"): "int(entry.duration * 1e6)",
}
_PEER = f"get({PEER!r}, {{}}).get('REMOTE_ADDR', entry.client)"
_PORTS = {"canonical": "SERVER_PORT", "local": "SERVER_PORT", "remote": "REMOTE_PORT"}
_CLIENT = {"a": "entry.client", "h": "entry.client"}
_SHOWN = {  # with the name of a header or variable like it
    "A": ("SERVER_ADDR", "get('SERVER_ADDR')"),
    "H": ("SERVER_PROTOCOL", "entry.protocol"),
    "L": ("REQUEST_ID", "get(REQUEST_ID)"),
    "V": ("HTTP_HOST", "find_host(get)"),
    "f": ("SCRIPT_FILENAME", "get('SCRIPT_FILENAME') or get('PATH_TRANSLATED')"),
    "m": ("REQUEST_METHOD", "entry.method"),
    "p": ("SERVER_PORT", "get('SERVER_PORT')"),
    "s": ("STATUS", "entry.code"),
    "u": ("REMOTE_USER", "get('REMOTE_USER')"),
    "v": ("SERVER_NAME", "get('SERVER_NAME')"),
}
