"""The body of a request without its secrets."""

import json
import re
from collections.abc import Iterator
from typing import Any

from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.http.uploads import Input
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.types import Environ

__all__ = ["KEPT_INPUT", "MAX_BODY", "read_kept", "read_media_type", "redact_body"]

KEPT_INPUT = "wsgistack.kept_input"
"""The key of the environ with the input that keeps what is read of the body."""

MAX_BODY = 65_536
"""Bytes of a body that are kept in memory while the request is served."""

_JSON_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
_JSON_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*[,}\]])|[\w.+-]+(?=\s*[,}\]])')
_HEAD = re.compile(r"(?s).*?\r?\n\r?\n")
_PART_NAME = re.compile(r'\bname="?([^";\r\n]*)', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})', re.IGNORECASE)


def read_kept(environ: Environ) -> bytes:
    """What was kept of the body that the application has read."""
    kept = environ.get(KEPT_INPUT)
    return kept.kept if isinstance(kept, Input) else b""


def read_media_type(environ: Environ) -> str:
    """The media type of the request's body, in lower case and without parameters."""
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def redact_body(body: bytes, environ: Environ, redaction: Redaction) -> str | None:
    """What was read of a body, without secrets, as text with surrogates for bytes that are not UTF-8.

    None if a body of this type may hold secrets that nobody can find: only forms, JSON and plain text are shown.
    """
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        return None
    text = body.decode("utf-8", "surrogateescape")
    media_type = read_media_type(environ)
    if media_type == "multipart/form-data":
        boundary = _BOUNDARY.search(environ["CONTENT_TYPE"])
        return _redact_multipart(text, f"--{boundary[1]}", redaction) if boundary else None
    if "\x00" in text:  # UTF-16, which Python's json reads, and in which no name is found
        return None
    match media_type:
        case "application/x-www-form-urlencoded":
            return redaction.redact_query(text)
        case "text/plain":
            return Values(redaction).cut(text, MAX_BODY)
        case _ if media_type == "application/json" or media_type.endswith("+json"):
            return _redact_json(text, redaction)
    return None


def _redact_json(text: str, redaction: Redaction) -> str:
    try:
        return json.dumps(_redact_value(json.loads(text), redaction))
    except (ValueError, RecursionError):  # the rest was not read, or it is not JSON
        return "".join(_iterate_redacted(text, redaction))


def _redact_value(value: Any, redaction: Redaction) -> Any:
    if isinstance(value, dict):
        return {
            name: REDACTED if redaction.is_secret(name) else _redact_value(each, redaction)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_redact_value(each, redaction) for each in value]
    return redaction.redact_value("", value) if isinstance(value, str) else value


def _iterate_redacted(text: str, redaction: Redaction) -> Iterator[str]:
    """The parts of a broken JSON text, up to a secret whose end is unsure."""
    position = 0
    for found in _JSON_NAME.finditer(text):
        if found.start() >= position and redaction.is_secret(_unescape(found[1])):
            yield f"{text[position : found.end()]}{json.dumps(REDACTED)}"
            value = _JSON_SCALAR.match(text, found.end())
            if value is None:
                return
            position = value.end()
    yield redaction.redact_value("", text[position:])


def _unescape(name: str) -> str:
    try:
        return str(json.loads(f'"{name}"'))
    except ValueError:
        return name


def _redact_multipart(text: str, delimiter: str, redaction: Redaction) -> str:
    parts = []
    for part in text.split(delimiter):
        found = _HEAD.match(part)
        head = found[0] if found else ""
        name = _PART_NAME.search(head)
        is_shown = name and "\x00" not in part and not redaction.is_secret(name[1]) and "filename" not in head.lower()
        is_between = not part.strip("-\r\n")  # before the first part, or after the last one
        parts.append(redaction.redact_value("", part) if is_shown or is_between else f"{head}{REDACTED}\r\n")
    return delimiter.join(parts)
