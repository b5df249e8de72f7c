"""Which responses a cache that many users share may use again (RFC 9111)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from wsgistack.http.headers import get, tokens
from wsgistack.types import Environ, Headers

__all__ = ["CACHING_FIELDS", "is_reusable"]

_FOR_ALL_CACHES = "cache-control"
_FOR_SOME_CACHES = ("cdn-cache-control", "surrogate-control")
CACHING_FIELDS = frozenset({_FOR_ALL_CACHES, *_FOR_SOME_CACHES, "etag", "expires", "last-modified"})
"""In lower case. A response with none of these is not reusable."""

_AFTER_LIFETIME = ("stale-while-revalidate", "stale-if-error")
_SENT_TO_ONE_USER = frozenset({"no-store", "private"})
_IN_SPITE_OF_A_PASSWORD = frozenset({"public", "must-revalidate", "s-maxage"})
_STORED_WITHOUT_LIFETIME = frozenset({"200", "203", "204", "206", "300", "301", "308", "404", "405", "410", "414"})


def is_reusable(environ: Environ, status: str, headers: Headers) -> bool:
    """Whether a shared cache may answer other users with a response, because its headers say so.

    They say so by a lifetime (``s-maxage``, ``max-age``, ``Expires``), by a time after it (RFC 5861), by ``public``, or
    by a validator: with it, a cache may estimate a lifetime (section 4.2.2), and can ask whether the response is still
    right (section 4.3). ``private`` and ``no-store`` forbid it. So does ``Authorization`` in the request, unless the
    response allows it (section 3.5). Only responses to GET count.

    ``CDN-Cache-Control`` (RFC 9213) and ``Surrogate-Control`` say it to some caches, which then ignore
    ``Cache-Control`` and ``Expires``. One permission is enough.
    """
    if environ["REQUEST_METHOD"] != "GET":
        return False
    fields = [_FOR_ALL_CACHES, *(field for field in _FOR_SOME_CACHES if get(headers, field) is not None)]
    return any(_is_allowed_by(field, environ, status, headers) for field in fields)


def _is_allowed_by(field: str, environ: Environ, status: str, headers: Headers) -> bool:
    # a directive with fields, such as private="set-cookie", is only about these fields
    pairs = [member.partition("=") for member in tokens(headers, field)]
    directives = {name: value for name, _, value in pairs if not (value and name in ("private", "no-cache"))}
    if not _SENT_TO_ONE_USER.isdisjoint(directives):
        return False
    if "HTTP_AUTHORIZATION" in environ and _IN_SPITE_OF_A_PASSWORD.isdisjoint(directives):
        return False
    has_validator = get(headers, "etag") is not None or get(headers, "last-modified") is not None
    if "no-cache" in directives:
        return has_validator
    if any(_is_positive(directives[name]) for name in _AFTER_LIFETIME if name in directives):
        return True
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return has_validator or _is_positive(directives[name])
    expires = get(headers, "expires") if field == _FOR_ALL_CACHES else None
    if expires is not None:
        return has_validator or _is_future(expires)
    return "public" in directives or (has_validator and status[:3] in _STORED_WITHOUT_LIFETIME)


def _is_positive(seconds: str) -> bool:
    seconds = seconds.strip('"')
    return seconds.isdecimal() and seconds.strip("0") != ""


def _is_future(date: str) -> bool:
    try:
        return parsedate_to_datetime(date) > datetime.now(UTC)
    except (TypeError, ValueError):  # a date that is not valid, such as 0, is in the past (section 5.3)
        return False
