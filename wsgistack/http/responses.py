"""Responses that a layer sends by itself."""

import json
import re
from collections.abc import Callable, Sequence
from html import escape
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

from wsgistack.environ import REQUEST_ID
from wsgistack.http.negotiation import MAX_ACCEPT, choose_media_type
from wsgistack.http.urls import request_target
from wsgistack.types import Environ, Headers, StartResponse

__all__ = ["ERRORS", "JSON", "RESPONSES", "Problem", "Render", "error_answer", "send_answer"]

RESPONSES = "wsgistack.responses"
"""The key of the environ with a :data:`Render`, which the layer ``responses`` sets."""

JSON = "application/problem+json"

ERRORS = frozenset(status.value for status in HTTPStatus if status >= 400)
"""The status codes of errors that HTTP defines."""

_TITLES = {each.value: each.phrase for each in HTTPStatus} | {  # the same in all versions of Python
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Request Range Not Satisfiable",
    422: "Unprocessable Entity",
}

_JSON_OFFERS = (JSON, "application/json")
_ASKS_FOR_JSON = re.compile(r"json(?![^,]*;[ \t]*q=0(?:\.0*)?[ \t]*(?:[,;]|$))", re.IGNORECASE)
"""What asks for JSON of any kind in a value of Accept, unless its quality is 0."""

_OFFERS = (*_JSON_OFFERS, "text/plain", "text/html")

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


class Problem(NamedTuple):
    """An error as the client learns of it, in the words of RFC 9457.

    :param status: the status code.
    :param title: the phrase of the status, such as ``Not Found``.
    :param detail: what happened, in words for the client; it may be empty.
    :param request_id: as the layer ``request_id`` found or made it; empty without that layer.
    :param instance: the path of the request, percent-encoded, as a URI reference. The query may hold secrets, and is
        left out.
    """

    status: int
    title: str
    detail: str
    request_id: str
    instance: str

    def members(self) -> dict[str, object]:
        """Return the members of the JSON, without those that are empty."""
        known = {"detail": self.detail, "request_id": self.request_id, "instance": self.instance}
        filled = {name: text for name, text in known.items() if text}
        return {"type": "about:blank", "title": self.title, "status": self.status, **filled}


Render: TypeAlias = Callable[[Environ, Problem, str], str | None]
"""Makes the text of an answer in a media type. It returns None for the plain one, and must not raise an error."""


def error_answer(
    environ: Environ, code: int, detail: str = "", *, headers: Sequence[tuple[str, str]] = (), traceback: str = ""
) -> tuple[str, Headers, list[bytes]]:
    """Make the response for an error in the media type that the client accepts: problem+json (RFC 9457), text or HTML.

    An application can use it as the layers do, so that all errors look the same::

        status, headers, body = error_answer(environ, 404, "No such order.")
        start_response(status, headers)
        return body

    The layer ``responses`` configures what it makes. A client that sent JSON gets JSON if it accepts that at all: some
    libraries say that they prefer HTML. A client that accepts none of the three gets text, or JSON if it asked for JSON
    of another kind, such as ``application/hal+json``.

    :param environ: of the request. HEAD gets the headers of GET and no body. The body names the request id.
    :param code: a status code that HTTP defines.
    :param detail: what happened, in words for the client.
    :param headers: additional response headers, such as a challenge.
    :param traceback: shown to the client, so only for developers. The answer is then the plain one.
    :returns: status, headers and body.
    """
    problem = Problem(code, _TITLES[code], detail, environ.get(REQUEST_ID, ""), _find_instance(environ))
    media_type = _choose_type(environ)
    render: Render | None = environ.get(RESPONSES)
    text = render(environ, problem, media_type) if render and code in ERRORS and not traceback else None
    if text is None:
        text = _render_plainly(problem, media_type, traceback)
    body = text.encode("utf-8", "backslashreplace")
    charset = "" if media_type == JSON else "; charset=utf-8"
    answer = [("Content-Type", media_type + charset), ("Content-Length", str(len(body))), ("Vary", "Accept"), *headers]
    return f"{code} {problem.title}", answer, [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]


def send_answer(
    environ: Environ,
    start_response: StartResponse,
    code: int,
    detail: str = "",
    *,
    headers: Sequence[tuple[str, str]] = (),
) -> list[bytes]:
    """Start the response of :func:`error_answer`, and return its body."""
    status, all_headers, body = error_answer(environ, code, detail, headers=headers)
    start_response(status, all_headers)
    return body


def _choose_type(environ: Environ) -> str:
    accept: str | None = environ.get("HTTP_ACCEPT")
    sent = environ.get("CONTENT_TYPE", "")[:MAX_ACCEPT].partition(";")[0].strip(" \t").lower()
    is_json = sent == "application/json" or sent.endswith("+json")
    chosen = choose_media_type(accept, _JSON_OFFERS) if is_json else None
    chosen = chosen or choose_media_type(accept, _OFFERS)
    if chosen is None:  # a value that is too long accepts everything
        chosen = JSON if is_json or _ASKS_FOR_JSON.search(accept or "") else "text/plain"
    return JSON if chosen in _JSON_OFFERS else chosen


def _find_instance(environ: Environ) -> str:
    target = request_target(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), "")
    if target[:1] != "/":
        return f"/{target}"  # it could begin like a URL
    return f"/.{target}" if target[:2] == "//" else target  # two slashes would begin the name of a host


def _render_plainly(problem: Problem, media_type: str, traceback: str) -> str:
    facts = {"detail": problem.detail, "request_id": problem.request_id, "traceback": traceback}
    known = {name: fact for name, fact in facts.items() if fact}
    status = f"{problem.status} {problem.title}"
    if media_type == "text/html":
        tags = {"detail": "<p>{}</p>", "request_id": "<p>Request <code>{}</code></p>", "traceback": "<pre>{}</pre>"}
        paragraphs = "\n".join(tags[name].format(escape(fact)) for name, fact in known.items())
        return _HTML.format(status=status, paragraphs=paragraphs)
    if media_type == "text/plain":
        words = {"detail": "{}", "request_id": "Request {}", "traceback": "{}"}
        return "\n\n".join([status, *(words[name].format(fact) for name, fact in known.items())]) + "\n"
    return json.dumps(problem.members() | ({"traceback": traceback} if traceback else {})) + "\n"
