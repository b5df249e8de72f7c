"""Responses that a layer sends by itself."""

import json
import warnings
from collections.abc import Sequence
from html import escape

from wsgistack.environ import REQUEST_ID
from wsgistack.http.negotiation import choose_media_type
from wsgistack.types import Environ, Headers

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # WebOb imports cgi, which Python 3.11 and 3.12 deprecate
    from webob.exc import status_map

__all__ = ["error_answer"]

_JSON = "application/problem+json"
_OFFERS = (_JSON, "application/json", "text/plain", "text/html")

# Without styles: a Content-Security-Policy without 'unsafe-inline' would block them.
_HTML = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{status}</title>
<meta name="viewport" content="width=device-width">
<h1>{status}</h1>
{paragraphs}
</html>
"""


def error_answer(
    environ: Environ, code: int, detail: str = "", *, headers: Sequence[tuple[str, str]] = (), traceback: str = ""
) -> tuple[str, Headers, list[bytes]]:
    """Make the response for an error in the media type that the client accepts: problem+json (RFC 9457), text or HTML.

    :param environ: of the request. HEAD gets the headers of GET and no body. The body names the request id.
    :param code: a status code that HTTP defines.
    :param detail: what happened, in words for the client.
    :param headers: additional response headers, such as a challenge.
    :param traceback: shown to the client, so only for developers.
    :returns: status, headers and body.
    """
    error = status_map[code]
    status = f"{code} {error.title}"
    facts = {"detail": detail, "request_id": environ.get(REQUEST_ID, ""), "traceback": traceback}
    known = {name: fact for name, fact in facts.items() if fact}
    media_type = choose_media_type(environ.get("HTTP_ACCEPT"), _OFFERS) or "text/plain"
    if media_type == "text/html":
        tags = {"detail": "<p>{}</p>", "request_id": "<p>Request <code>{}</code></p>", "traceback": "<pre>{}</pre>"}
        paragraphs = "\n".join(tags[name].format(escape(fact)) for name, fact in known.items())
        text = _HTML.format(status=status, paragraphs=paragraphs)
    elif media_type == "text/plain":
        words = {"detail": "{}", "request_id": "Request {}", "traceback": "{}"}
        text = "\n\n".join([status, *(words[name].format(fact) for name, fact in known.items())]) + "\n"
    else:
        media_type = _JSON
        text = json.dumps({"type": "about:blank", "title": error.title, "status": code, **known}) + "\n"
    body = text.encode("utf-8", "backslashreplace")
    charset = "" if media_type == _JSON else "; charset=utf-8"
    answer = [("Content-Type", media_type + charset), ("Content-Length", str(len(body))), ("Vary", "Accept"), *headers]
    return status, answer, [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]
