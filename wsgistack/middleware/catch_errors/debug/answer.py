"""What a developer sees of an error: the debug page, or the traceback as text."""

from secrets import token_urlsafe

from wsgistack.base import Middleware
from wsgistack.http.redaction import Redaction
from wsgistack.http.responses import error_answer
from wsgistack.middleware.catch_errors.debug.failure import describe_failure
from wsgistack.middleware.catch_errors.debug.page import write_page
from wsgistack.middleware.catch_errors.expected import Planned
from wsgistack.middleware.catch_errors.tracebacks import write_traceback
from wsgistack.types import Environ, Headers

__all__ = ["debug_answer"]

MAX_PAGE = 4_000_000
"""In bytes. A longer page is not sent."""

_POLICY = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)


def debug_answer(
    layer: Middleware, environ: Environ, error: BaseException, planned: Planned, redaction: Redaction
) -> tuple[str, Headers, list[bytes]]:
    """Make the answer to an error for a developer: the debug page, or text or problem+json with the traceback.

    :param layer: the one that has caught the error.
    :param planned: what other clients get.
    """
    failure = describe_failure(layer, environ, error, planned.status, redaction)
    traceback = write_traceback(failure.error)
    status, headers, body = error_answer(
        environ, planned.status, planned.detail, headers=[*planned.headers, _HEADERS[0]], traceback=traceback
    )
    if not dict(headers)["Content-Type"].startswith("text/html"):
        return status, headers, body
    nonce = token_urlsafe(18)
    page = write_page(failure, nonce).encode()
    if len(page) > MAX_PAGE:
        return status, headers, body
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(page))),
        ("Vary", "Accept"),
        ("Content-Security-Policy", _POLICY.format(nonce)),
        *planned.headers,
        *_HEADERS,
    ]
    return status, headers, [b"" if environ.get("REQUEST_METHOD") == "HEAD" else page]
