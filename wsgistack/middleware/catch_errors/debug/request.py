"""A request as texts, without secrets."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from urllib.parse import unquote_plus

from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.debug.logs import RECORDS
from wsgistack.middleware.catch_errors.request import list_headers, name_request, redact_paths
from wsgistack.middleware.catch_errors.values import Values, read_attributes
from wsgistack.types import Environ

__all__ = ["Request", "describe_request"]

Pairs = list[tuple[str, str]]

MAX_PAIRS = 100
MAX_TEXT = 1000
"""In characters."""


class Request(NamedTuple):
    """A request.

    :param line: method, target and protocol.
    :param form: the names and values of a form that the application has read.
    :param environ: what else is in the environ.
    """

    line: str
    headers: Pairs
    query: Pairs
    form: Pairs
    environ: Pairs


def describe_request(environ: Environ, redaction: Redaction, values: Values) -> Request:
    """Describe a request."""

    def show(name: str, text: str) -> str:
        return values.cut(redaction.redact_value(name, text), MAX_TEXT)

    query: str = environ.get("QUERY_STRING", "")
    headers, paths = list_headers(environ, redaction), redact_paths(environ, redaction)
    line = f"{name_request(environ, redaction)} {environ.get('SERVER_PROTOCOL', '')}"
    others = []
    for key in sorted(key for key in environ if type(key) is str and key != RECORDS)[: 2 * MAX_PAIRS]:
        value = environ[key]
        if type(value) is not str:
            others.append((key, values.show(value, key)))
        elif key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            continue
        else:
            others.append((key, show(key, paths.get(key, value))))
    pairs = [map(unquote_plus, each.partition("=")[::2]) for each in query.split("&")[:MAX_PAIRS] if each]
    form = [*_read_form(environ)][:MAX_PAIRS]
    return Request(
        values.cut(line, MAX_TEXT),
        [(name, values.cut(shown, MAX_TEXT)) for name, shown in sorted(headers.items())],
        [(values.cut(name, MAX_TEXT), show(name, text)) for name, text in pairs],
        [(values.cut(name, MAX_TEXT), values.show(value, name)) for name, value in form],
        others[:MAX_PAIRS],
    )


def _read_form(environ: Environ) -> Iterator[tuple[str, object]]:
    """The fields of a form, if WebOb or Werkzeug has read it. Nothing is read from the client."""
    parsed: Any = environ.get("webob._parsed_post_vars")
    if type(parsed) is tuple:
        yield from read_attributes(parsed[0]).get("_items", ())  # type: ignore[misc]
    form = read_attributes(environ.get("werkzeug.request")).get("form")
    if form is not None:
        for name, each in dict.items(cast(Any, form)):
            yield from ((name, value) for value in (each if type(each) is list else [each]))
