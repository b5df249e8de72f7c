"""A request as a log or a report may name it: short, and without its secrets."""

from collections.abc import Callable
from functools import partial

from wsgistack.http.escaping import escape_word
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.http.urls import request_target
from wsgistack.types import Environ

__all__ = ["list_headers", "name_request", "redact_paths"]

_MAX_HEADER = 1000
"""Characters of one header's value."""

_MAX_TARGET = 4000
_MARGIN = 1000
"""Characters of a longer text that are read and not shown: they may end in the midst of a secret."""

_MAX_HEADERS = 100
_NOT_PREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")


def name_request(environ: Environ, redaction: Redaction) -> str:
    """The method and the redacted target of a request, without control characters."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = escape_word(_cut(environ.get("QUERY_STRING", ""), _MAX_TARGET, redaction.redact_query))
    shown = _cut(path, _MAX_TARGET, lambda text: redaction.redact_path(request_target(text, "")))
    target = shown + (f"?{query}" if query else "")
    return f"{escape_word(environ.get('REQUEST_METHOD', '-'))} {_cut(target, _MAX_TARGET, str)}"


def redact_paths(environ: Environ, redaction: Redaction) -> dict[str, str]:
    """SCRIPT_NAME and PATH_INFO without secrets: the name before a secret may be the end of SCRIPT_NAME."""
    script_name, path = str(environ.get("SCRIPT_NAME", "")), str(environ.get("PATH_INFO", ""))
    parts = redaction.redact_path(script_name + path).split("/")
    shown = "/".join(parts[: script_name.count("/") + 1])
    return {"SCRIPT_NAME": shown, "PATH_INFO": "/".join(parts)[len(shown) :]}


def list_headers(environ: Environ, redaction: Redaction) -> dict[str, str]:
    """The headers of the request, redacted and shortened. Of cookies, the names remain."""
    found: dict[str, str] = {}
    keys = [key for key in environ if type(key) is str and (key[:5] == "HTTP_" or key in _NOT_PREFIXED)]
    for key in keys[:_MAX_HEADERS]:
        value = environ[key]
        if type(value) is not str or (not value and key in _NOT_PREFIXED):
            continue
        name = key.removeprefix("HTTP_").replace("_", "-").title()
        redact = _redact_cookies if key == "HTTP_COOKIE" else partial(redaction.redact_value, name)
        found[name] = _cut(value, _MAX_HEADER, redact)
    return found


def _redact_cookies(cookies: str) -> str:
    return "; ".join(f"{each.partition('=')[0].strip()}={REDACTED}" for each in cookies.split(";"))


def _cut(text: str, limit: int, redact: Callable[[str], str]) -> str:
    """A text without secrets, whose time does not grow with a text that is longer than the limit."""
    head = text[: limit + _MARGIN]
    shown = redact(head)
    if len(head) < len(text) and shown != REDACTED:
        shown = shown[:-_MARGIN]
    is_cut = len(head) < len(text) or len(shown) > limit
    return f"{shown[:limit]}… ({len(text)} characters)" if is_cut else shown
