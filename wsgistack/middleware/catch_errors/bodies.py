"""The body of a request without its secrets, and the secrets of a request, to find them elsewhere."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.catch_errors.values import Hiding
from wsgistack.types import Environ

__all__ = ["list_secrets", "redact_body"]

_SHORTEST_COOKIE = 8
"""Characters: a shorter cookie is a setting, such as a language, whose value is in many texts."""

_JSON_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
_JSON_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*[,}\]])|[\w.+-]+(?=\s*[,}\]])')
_HEAD = re.compile(r"(?s).*?\r?\n\r?\n")
_PART_NAME = re.compile(r'\bname="?([^";\r\n]*)', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})', re.IGNORECASE)


def redact_body(body: bytes, environ: Environ, redaction: Redaction) -> str | None:
    """What was read of a body, without secrets, as text with surrogates for bytes that are not UTF-8.

    None if a body of this type may hold secrets that nobody can find: only forms, JSON and plain text are shown.
    """
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        return None
    text = body.decode("utf-8", "surrogateescape")
    given: str = environ.get("CONTENT_TYPE", "")
    media_type = given.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        boundary = _BOUNDARY.search(given)
        return _redact_multipart(text, f"--{boundary[1]}", redaction) if boundary else None
    if "\x00" in text:  # UTF-16, which Python's json reads, and in which no name is found
        return None
    match media_type:
        case "application/x-www-form-urlencoded":
            return redaction.redact_query(text)
        case "text/plain":
            return Hiding(redaction).hide(text)
        case _ if media_type == "application/json" or media_type.endswith("+json"):
            return _redact_json(text, redaction)
    return None


def list_secrets(environ: Environ, body: bytes, redaction: Redaction) -> list[str]:
    """The values that a client sent under names of secrets: in headers, cookies, the path, the query and the body."""
    pairs: list[tuple[str, str]] = []
    secrets: list[str] = []
    for key, value in list(environ.items()):
        if key[:5] == "HTTP_" and isinstance(value, str) and redaction.is_secret(key[5:]):
            if key == "HTTP_COOKIE":
                cookies = (each.partition("=")[2].strip() for each in value.split(";"))
                secrets += [each for each in cookies if len(each) >= _SHORTEST_COOKIE]
            else:
                secrets += [value, *_list_credentials(value)]
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    parts = zip(path.split("/"), redaction.redact_path(path).split("/"), strict=True)
    secrets += [part for part, shown in parts if part != shown]
    pairs += parse_qsl(environ.get("QUERY_STRING", ""), encoding="latin-1")
    text = body.decode("utf-8", "surrogateescape")
    match str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower():
        case "application/x-www-form-urlencoded":
            pairs += parse_qsl(text, errors="replace")
        case media_type if media_type.endswith("json"):
            with suppress(ValueError, RecursionError):  # the names before the values must do
                secrets += _iterate_secrets(json.loads(text), redaction, is_secret=False)
    return [*secrets, *(value for name, value in pairs if redaction.is_secret(name))]


def _list_credentials(value: str) -> list[str]:
    """The parts of an Authorization header that an application may read from it."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest).decode()
        except ValueError:
            return [rest]
        return [rest, pair, pair.partition(":")[2]]
    return [rest]


def _iterate_secrets(value: Any, redaction: Redaction, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _iterate_secrets(each, redaction, is_secret=is_secret or redaction.is_secret(name))
    elif isinstance(value, list):
        for each in value:
            yield from _iterate_secrets(each, redaction, is_secret=is_secret)
    elif is_secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


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
