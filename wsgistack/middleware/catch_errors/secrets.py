"""The secrets that a request, the process and the frames of an error hold, so that they are redacted everywhere."""

import json
import os
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any, cast
from urllib.parse import unquote_plus

from wsgistack.base import Middleware
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.catch_errors.bodies import read_kept, read_media_type
from wsgistack.middleware.catch_errors.frames import list_scopes
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.types import App, Environ

__all__ = ["find_secrets", "make_values"]

MAX_NAMES = 500
"""In one mapping."""

MAX_PAIRS = 200
MAX_READ = 8192
"""In characters or bytes, of one text."""


def make_values(
    redaction: Redaction, environ: Environ, error: BaseException, pipeline: Sequence[tuple[str, App]]
) -> Values:
    """Return what shows the values of a failed request without its secrets."""
    options = (vars(app) for _, app in pipeline if isinstance(app, Middleware))
    return Values(redaction, find_secrets(redaction, environ, chain(options, list_scopes(error))))


def find_secrets(redaction: Redaction, environ: Environ, scopes: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Find the texts with secret names.

    :param scopes: local variables, and the options of layers.
    """
    body = read_kept(environ).decode("utf-8", "surrogateescape")
    media_type = read_media_type(environ)
    queries = [environ.get("QUERY_STRING", ""), environ.get("HTTP_REFERER", "").partition("?")[2]]
    if media_type == "application/x-www-form-urlencoded":
        queries.append(body)
    elif media_type.endswith("json"):
        with suppress(ValueError, RecursionError):  # the names before the values must do
            yield from _find_in_json(json.loads(body), redaction, is_secret=False)
    for query in queries:
        for pair in query[:MAX_READ].replace(";", "&").split("&")[:MAX_PAIRS]:
            name, _, value = pair.partition("=")
            if redaction.is_secret(unquote_plus(name)):
                yield from (value, unquote_plus(value))
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))[:MAX_READ]
    parts = zip(path.split("/"), redaction.redact_path(path).split("/"), strict=True)
    yield from (part for part, redacted in parts if redacted == REDACTED)
    for scope in chain((environ, dict(os.environ)), scopes):
        yield from _find_in(scope, redaction)


def _find_in(scope: Mapping[Any, object], redaction: Redaction, depth: int = 0) -> Iterator[str]:
    """Find the texts with secret names in a mapping, and in the mappings in it."""
    for name, value in [*islice(dict.items(cast(Any, scope)), MAX_NAMES)]:
        if type(value) is dict and not depth:
            yield from _find_in(value, redaction, depth + 1)
        elif type(name) is str and name != "PWD" and redaction.is_secret(name):  # PWD is the current folder in a shell
            if type(value) is bytes:
                value = value[:MAX_READ].decode("utf-8", "replace")
            if type(value) is str:
                yield from _split(name, value[:MAX_READ])


def _find_in_json(value: Any, redaction: Redaction, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _find_in_json(each, redaction, is_secret=is_secret or redaction.is_secret(name))
    elif isinstance(value, list):
        for each in value:
            yield from _find_in_json(each, redaction, is_secret=is_secret)
    elif is_secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _split(name: str, value: str) -> Iterator[str]:
    """Split a secret value: the whole, the parts of Authorization, and each cookie."""
    yield from (value, unquote_plus(value))
    word = name.lower()
    if word.endswith("authorization"):
        scheme, _, credentials = value.partition(" ")
        yield credentials
        if scheme.lower() == "basic":
            try:
                yield b64decode(credentials).decode("utf-8", "replace").partition(":")[2]
            except ValueError:
                return
    elif word.endswith("cookie"):
        for pair in value.split(";"):
            cookie = pair.partition("=")[2].strip()
            yield from (cookie.strip('"'), unquote_plus(cookie))
