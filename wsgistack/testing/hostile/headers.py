"""Applications with statuses and headers that middlewares often handle wrongly."""

from collections.abc import Iterable

from wsgistack.testing.hostile.case import LONG, hostile
from wsgistack.types import Environ, Headers, StartResponse

__all__: list[str] = []


def register(
    name: str,
    description: str,
    status: str,
    headers: Headers,
    body: bytes = b"",
    *,
    method: str = "GET",
    request_headers: tuple[tuple[str, str], ...] = (),
) -> None:
    """Register an application that answers every request in the same way."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return [body] if body else []

    app.__doc__ = description
    hostile(name=name, method=method, headers=request_headers)(app)


TEXT = ("Content-Type", "text/plain; charset=utf-8")
LENGTH = ("Content-Length", str(len(LONG)))


@hostile(method="HEAD")
def answers_head(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """HEAD, answered with the headers of GET. It has a body if a middleware has made it a GET."""
    start_response("200 OK", [TEXT, LENGTH])
    return [LONG] if environ["REQUEST_METHOD"] == "GET" else []


register("answers_head_of_a_stream", "HEAD, of unknown length.", "200 OK", [TEXT], method="HEAD")
register("answers_no_content", "204 without a body, a type or a length.", "204 No Content", [])
register("answers_reset_content", "205 with a Content-Length of 0.", "205 Reset Content", [("Content-Length", "0")])
register(
    "answers_not_modified",
    "304 with the Content-Length of the body that it does not send.",
    "304 Not Modified",
    [("ETag", '"1"'), LENGTH, ("Cache-Control", "max-age=60")],
    request_headers=(("If-None-Match", 'W/"1"'),),
)
register(
    "answers_a_part",
    "206 with Content-Range: a content coding would make the range wrong.",
    "206 Partial Content",
    [TEXT, LENGTH, ("Content-Range", f"bytes 0-{len(LONG) - 1}/100000")],
    LONG,
    request_headers=(("Range", f"bytes=0-{len(LONG) - 1}"),),
)
register("answers_without_a_reason", "A status whose reason is empty.", "200 ", [TEXT], LONG)
register(
    "answers_with_an_odd_reason", "A status code and a reason that are not registered.", "299 Très bien", [TEXT], LONG
)
register("answers_without_a_type", "A redirect without Content-Type.", "302 Found", [("Location", "/elsewhere")])
register(
    "answers_with_a_strong_etag",
    "A strong ETag, which is only valid for the same bytes.",
    "200 OK",
    [TEXT, ("ETag", '"1"')],
    LONG,
)
register(
    "answers_with_a_weak_etag",
    "A weak ETag, which stays valid in another content coding.",
    "200 OK",
    [TEXT, ("ETag", 'W/"1"')],
    LONG,
)
register("answers_with_vary", "A Vary with other names.", "200 OK", [TEXT, ("Vary", "Cookie, Accept")], LONG)
register(
    "answers_with_two_varies",
    "Two Vary headers, whose names are in another case.",
    "200 OK",
    [TEXT, ("vary", "Cookie"), ("VARY", "accept-encoding")],
    LONG,
)
register("answers_with_vary_of_all", "Vary: *, to which nothing can be added.", "200 OK", [TEXT, ("Vary", "*")], LONG)
register(
    "answers_with_two_cookies",
    "Two Set-Cookie headers, which must not be joined or change their order.",
    "200 OK",
    [("Set-Cookie", "a=1; Path=/"), TEXT, ("Set-Cookie", "b=2, 3; Path=/")],
    LONG,
)
register(
    "answers_with_headers_in_odd_case",
    "Header names in unusual case.",
    "200 OK",
    [("cOnTeNt-TyPe", "text/plain"), ("CONTENT-LENGTH", str(len(LONG))), ("x-MINE", "Yes")],
    LONG,
)
register("answers_with_latin_1", "A header value that is not ASCII.", "200 OK", [TEXT, ("X-Name", "Ren\xe9e")], LONG)
register("answers_with_an_empty_value", "A header without a value.", "200 OK", [TEXT, ("X-Empty", "")], LONG)
register(
    "forbids_transformation",
    "Cache-Control: no-transform, beside a quoted comma.",
    "200 OK",
    [TEXT, ("Cache-Control", 'private="Set-Cookie, X", No-Transform')],
    LONG,
)
register(
    "answers_with_ranges_and_digests",
    "Accept-Ranges and Content-MD5, which are only valid for the same bytes.",
    "200 OK",
    [TEXT, LENGTH, ("Accept-Ranges", "bytes"), ("Content-MD5", "Q2hlY2sgSW50ZWdyaXR5IQ==")],
    LONG,
)
register(
    "answers_to_if_none_match",
    "A conditional request that does not match.",
    "200 OK",
    [TEXT, ("ETag", '"2"')],
    LONG,
    request_headers=(("If-None-Match", 'W/"1", "3"'),),
)
register(
    "has_an_id_of_its_own",
    "A response with its own X-Request-ID.",
    "200 OK",
    [TEXT, ("X-Request-ID", "the-application")],
    LONG,
)
register("answers_500", "A 500 of the application's own.", "500 Internal Server Error", [TEXT], LONG)
register("answers_options", "OPTIONS with an empty body.", "200 OK", [("Allow", "GET")], method="OPTIONS")
