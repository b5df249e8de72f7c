"""The fields of the formats that have names: JSON, also with the names of ECS and OpenTelemetry, and logfmt."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from json import dumps
from logging import makeLogRecord
from math import isfinite
from time import gmtime, strftime
from typing import Any, NamedTuple, TypeAlias, cast

from wsgistack.environ import environ_key
from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean, suggest
from wsgistack.imports import import_object
from wsgistack.middleware.access_log.cleaning import Cleaned, Cleaning, as_text, decode, write_json, write_logfmt
from wsgistack.middleware.access_log.directives import Reading, Times
from wsgistack.middleware.access_log.line import Entry, Format, Line
from wsgistack.types import Environ

__all__ = ["STRUCTURED", "Fields", "Source", "choose_fields", "compile_facts", "compile_fields"]

Source: TypeAlias = str | Callable[[Environ], object]
"""Where a field comes from: a known field, ``request_header:Name``, ``response_header:Name``, ``environ:key``, or a
function of the environ, also as an import string."""

Fields: TypeAlias = Mapping[str, Source] | Sequence[str]

_DEFAULT = (
    *("time", "client", "user", "method", "target", "protocol", "status", "bytes", "duration", "first_byte"),
    *("outcome", "error", "request_id", "trace_id", "referer", "user_agent"),
)
_PRESETS: Mapping[str, Mapping[str, str]] = {
    "json": {name: name for name in _DEFAULT},
    "logfmt": {name: name for name in _DEFAULT},
    "ecs": {  # Elastic Common Schema 8
        "@timestamp": "time",
        "log.level": "level",
        "message": "request_line",
        "ecs.version": "ecs_version",
        "event.kind": "event_kind",
        "event.category": "event_category",
        "event.type": "event_type",
        "event.outcome": "event_outcome",
        "event.duration": "duration_ns",
        "client.address": "client",
        "user.name": "user",
        "http.request.method": "method",
        "http.request.id": "request_id",
        "http.request.referrer": "referer",
        "http.version": "protocol_version",
        "http.response.status_code": "status",
        "http.response.body.bytes": "bytes",
        "url.original": "target",
        "url.domain": "host",
        "user_agent.original": "user_agent",
        "error.type": "error",
        "trace.id": "trace_id",
    },
    "otel": {  # the semantic conventions for HTTP servers, and the names of its data model for logs
        "timestamp": "time",
        "severity_text": "severity",
        "trace_id": "trace_id",
        "client.address": "client",
        "enduser.id": "user",
        "error.type": "error_or_status",
        "http.request.header.referer": "referers",
        "http.request.method": "method",
        "http.response.body.size": "bytes",
        "http.response.status_code": "status",
        "http.server.request.duration": "duration",
        "network.protocol.name": "protocol_name",
        "network.protocol.version": "protocol_version",
        "server.address": "host",
        "server.port": "port",
        "url.path": "path",
        "url.query": "query",
        "url.scheme": "scheme",
        "user_agent.original": "user_agent",
        "request_id": "request_id",
        "outcome": "outcome",
    },
}
STRUCTURED = tuple(_PRESETS)

_RECORD = ("client", "user", "method", "target", "status", "bytes", "duration", "outcome", "error", "request_id")
_TAKEN = {*vars(makeLogRecord({})), "asctime", "message"}

_NUMBERS = {  # the format writes NULL for a missing one
    "bytes": "entry.sent",
    "duration_ns": "int(entry.duration * 1e9)",
    "port": "read_number(get('SERVER_PORT'), NULL)",
    "status": "read_number(entry.code, NULL)",
}
_SECONDS = {"duration": "entry.duration", "first_byte": "entry.first_byte"}
_WORDS = {  # texts that need no escapes
    "ecs_version": "'8.11.0'",
    "event_kind": "'event'",
    "event_outcome": "find_event_outcome(entry)",
    "level": "'error' if is_failure(entry) else 'info'",
    "outcome": "entry.outcome",
    "protocol_name": "'http'",
    "severity": "'ERROR' if is_failure(entry) else 'INFO'",
    "time": "'%s.%06dZ' % (utc[entry.started // 1], entry.started % 1 * 1e6)",
}
_LISTS = {"event_category": '["web"]', "event_type": '["access"]'}
_TEXTS = {  # with the name of a header or variable like it
    "error": ("", "entry.failure or get(ERROR)"),
    "error_or_status": ("", "entry.failure or get(ERROR) or (entry.code if entry.code[:1] == '5' else None)"),
    "host": ("HTTP_HOST", "find_host(get) or None"),
    "method": ("REQUEST_METHOD", "entry.method"),
    "protocol": ("SERVER_PROTOCOL", "entry.protocol"),
    "protocol_version": ("SERVER_PROTOCOL", "entry.protocol.removeprefix('HTTP/')"),
    "referer": ("Referer", "get('HTTP_REFERER')"),
    "referers": ("Referer", "get('HTTP_REFERER')"),
    "request_id": ("REQUEST_ID", "get(REQUEST_ID)"),
    "scheme": ("", "get('wsgi.url_scheme')"),
    "trace_id": ("", "find_trace_id(entry.environ) if 'HTTP_TRACEPARENT' in entry.environ else get(TRACE_ID)"),
    "user": ("REMOTE_USER", "get('REMOTE_USER')"),
    "user_agent": ("User-Agent", "get('HTTP_USER_AGENT')"),
}
_TARGETS = {"path": "(entry.path, '')", "target": "(entry.path, entry.query)"}
_OF_ONE_REQUEST = ("request_id", "trace_id")
_KNOWN = frozenset([*_NUMBERS, *_SECONDS, *_WORDS, *_LISTS, *_TEXTS, *_TARGETS, "client", "query", "request_line"])
_KINDS = ("request_header", "response_header", "environ")
_LOGFMT_KEY = re.compile(r'[^\s="\x00-\x20\x7f]+').fullmatch


def choose_fields(format: str | None, fields: Fields | None, extra_fields: Fields | None) -> Mapping[str, Source]:
    """Return the fields of a format, each with its source.

    :param format: from ``STRUCTURED``; None for the attributes of log records.
    :param fields: in the place of those that the format has: names, or new names with their sources.
    :param extra_fields: more fields. A name that the format has gets the new source.
    :raises ConfigError: a source is unknown, or a name does not fit the format.
    """
    preset = _PRESETS[format] if format else {name: name for name in _RECORD}
    chosen: dict[str, Source] = {**preset} if fields is None else {}
    mistakes = Mistakes()
    for key, given in (("fields", fields), ("extra_fields", extra_fields)):
        named = given if isinstance(given, Mapping) else {name: preset.get(name, name) for name in given or ()}
        for name, source in named.items():
            if format == "logfmt" and not _LOGFMT_KEY(name):
                problem = f"not a name for logfmt: {name!r}"
                mistakes.append(Mistake(problem, key=key, value=name, expected="no blank, quote or equals sign"))
            if not format and name in _TAKEN:
                problem = f"{name!r} is an attribute that every log record has"
                hint = f"write another name, such as http_{name}"
                mistakes.append(Mistake(problem, key=key, value=name, hint=hint))
            with mistakes.collect(key):
                chosen[name] = _find_source(source, [*_KNOWN, *preset] if named is not given else _KNOWN)
    if not (chosen or mistakes):
        mistakes.append(Mistake("leaves no field", key="fields", value=fields))
    mistakes.raise_if_any()
    return chosen


def _find_source(source: Source, known: Sequence[str] | frozenset[str]) -> Source:
    if callable(source) or source in _KNOWN:
        return source
    kind, colon, name = source.partition(":")
    if kind in _KINDS and name:
        return source
    if kind in _KINDS and colon:
        raise ConfigError(Mistake(f"no name after {source!r}", value=source, expected=f"{kind}:Name"))
    if not colon:
        kinds = ", ".join(f"{each}:Name" for each in _KINDS)
        hint = suggest(source, known)
        expected = f"a field, {kinds} or package.module:function"
        raise ConfigError(Mistake(f"unknown field {source!r}", value=source, expected=expected, hint=hint))
    try:
        found = import_object(source)
    except ConfigError as error:
        hint = did_you_mean(kind, _KINDS)
        raise ConfigError(*(each._replace(hint=hint or each.hint) for each in error.mistakes)) from error
    if not callable(found):
        raise ConfigError(Mistake(f"{source!r} is no function", value=source, expected="a function of the environ"))
    return found


class _Style(NamedTuple):
    """How values are written."""

    escape: Callable[[str], str]
    null: str | None
    quote: str
    write_value: Callable[[Cleaned, object, str | None], object]
    seconds: str


def compile_fields(format: str, fields: Mapping[str, Source], cleaning: Cleaning) -> Format:
    """Compile fields to a function that writes a line."""
    is_json = format != "logfmt"
    style = _JSON if is_json else _LOGFMT
    line = _begin(style, cleaning)
    for number, (name, source) in enumerate(fields.items()):
        if is_json:
            line.add_text(f"{', ' if number else '{'}{dumps(name)}: ")
        else:
            line.add_text(f"{' ' if number else ''}{name}=")
        line.add_text(style.quote if source in _WORDS else "")
        _add_value(line, source, cleaning, style)
        line.add_text(style.quote if source in _WORDS else "")
    line.add_text("}" if is_json else "")
    return line.compile(lambda shorter: compile_fields(format, fields, shorter))


def compile_facts(fields: Mapping[str, Source], cleaning: Cleaning) -> Callable[[Entry], dict[str, Any]]:
    """Compile fields to a function that returns them as they are in JSON, for example as attributes of a log record."""
    line = _begin(_FACTS, cleaning)
    for source in fields.values():
        _add_value(line, source, cleaning, _FACTS)
    return line.compile_facts([*fields])


def _begin(style: _Style, cleaning: Cleaning) -> Line:
    return Line(cleaning, {**_NAMES_IN_EXPRESSIONS, "NULL": style.null, "write_value": style.write_value})


def _add_value(line: Line, source: Source, cleaning: Cleaning, style: _Style) -> None:
    absent: Mapping[Any, Any] = {None: style.null}
    if not isinstance(source, str):
        cleaned = line.clean(Reading("", cleaning.show("")), style.escape, absent)
        line.add_safe(f"write_value({cleaned}, call({line.name(source)}, entry.environ), NULL)")
    elif source in _SECONDS:
        written = style.seconds.format(_SECONDS[source])
        line.add_safe(f"NULL if {_SECONDS[source]} is None else {written}")
    elif source in _NUMBERS:
        line.add_safe(_NUMBERS[source])
    elif source in _WORDS:
        line.add_safe(_WORDS[source])
    elif source in _LISTS:
        value = _LISTS[source]
        line.add_safe(value if style is _FACTS else repr(value if style is _JSON else write_logfmt(value)))
    elif source.startswith("environ:"):
        name = source.partition(":")[2]
        cleaned = line.clean(Reading("", cleaning.show(name), cleaning.keeps(name)), style.escape, absent)
        line.add_safe(f"write_value({cleaned}, get({name!r}), NULL)")
    elif source == "referers" and style is _JSON:
        line.add(_read(source, cleaning), lambda text: f"[{write_json(text)}]", absent)
    else:
        line.add(_read(source, cleaning), style.escape, absent)


def _read(source: str, cleaning: Cleaning) -> Reading:
    if source in _TEXTS:
        name, expression = _TEXTS[source]
        return Reading(expression, cleaning.show(name), is_id=source in _OF_ONE_REQUEST)
    if source in _TARGETS:
        return Reading(_TARGETS[source], cleaning.show_target)
    kind, _, name = source.partition(":")
    match kind:
        case "client":
            return Reading("entry.client", cleaning.show_client, cleaning.hide_addresses is None)
        case "query":
            return Reading("entry.query or None", cleaning.show_query)
        case "request_line":
            return Reading("(entry.method, entry.path, entry.query, entry.protocol)", cleaning.show_request_line)
        case "request_header":
            return Reading(f"get({environ_key(name)!r})", cleaning.show(name), cleaning.keeps(name))
        case _:
            return Reading(f"find_header(entry.headers, {name.lower()!r})", cleaning.show(name))


def _write_utc(second: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))


@lru_cache(maxsize=256)
def _read_number(text: str, null: str | None) -> int | str | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else null


def _is_failure(entry: Entry) -> bool:
    return entry.outcome == "failed" or entry.code[:1] == "5"


def _find_event_outcome(entry: Entry) -> str:
    if entry.outcome == "failed" or entry.code[:1] in ("4", "5"):
        return "failure"
    return "unknown" if entry.outcome == "aborted" else "success"


def _call(function: Callable[[Environ], object], environ: Environ) -> object:
    try:
        return function(environ)
    except Exception as error:  # it must not cost the line
        return f"<{type(error).__name__}>"


def _write_value(cleaned: Cleaned, value: object, null: str | None) -> str:
    kept = _keep_value(cleaned, value, null)
    return str(kept).lower() if isinstance(kept, bool) else str(kept)


def _keep_value(cleaned: Cleaned, value: object, null: str | None) -> object:
    """Return a number as a number, and anything else as text."""
    if value is None:
        return null
    kind, number = type(value), cast(Any, value)  # not isinstance(), which asks a proxy for its __class__
    if kind is bool:
        return value
    if issubclass(kind, int) and abs(number) <= _MAX_INTEGER:
        return int(number)
    if issubclass(kind, float) and isfinite(number):
        return float(number)
    return cleaned[value if kind is str else as_text(value)]


_MAX_INTEGER = 2**63 - 1
_NAMES_IN_EXPRESSIONS = {
    "call": _call,
    "find_event_outcome": _find_event_outcome,
    "is_failure": _is_failure,
    "read_number": _read_number,
    "utc": Times(_write_utc),
}
_JSON = _Style(write_json, "null", '"', _write_value, "'%.6f' % {0}")
_LOGFMT = _Style(write_logfmt, "", "", _write_value, "'%.6f' % {0}")
_FACTS = _Style(decode, None, "", _keep_value, "int({0} * 1e6 + 0.5) / 1e6")  # round() takes twice as long
