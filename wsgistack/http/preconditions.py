"""The conditions of a request, such as If-None-Match, for a response that is ready (RFC 9110 §13)."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

from wsgistack.http import headers as h
from wsgistack.types import Environ, Headers

__all__ = ["NOT_IN_304", "find_status", "parse_date"]

NOT_IN_304 = frozenset(
    (
        "content-type",
        "content-length",
        "content-encoding",
        "content-language",
        "content-range",
        "content-disposition",
        "content-md5",
        "digest",
        "content-digest",
        "repr-digest",
    )
)
"""Headers about a body. A 304 has none, and all other headers of the response (RFC 9110 §15.4.5)."""

_IF_MATCH, _IF_NONE_MATCH = "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"
_IF_MODIFIED_SINCE, _IF_UNMODIFIED_SINCE = "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"

_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_EACH_TAG = re.compile(_TAG)
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG}[ \t]*(?:,[ \t,]*|$))+")
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_DATE = re.compile(  # the three forms of §5.6.7
    rf"[A-Z][a-z]{{2}}, [0-9]{{2}} [A-Z][a-z]{{2}} [0-9]{{4}} {_TIME} GMT"
    rf"|[A-Z][a-z]{{5,8}}, [0-9]{{2}}-[A-Z][a-z]{{2}}-[0-9]{{2}} {_TIME} GMT"
    rf"|[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ 0-9][0-9] {_TIME} [0-9]{{4}}"
)


def find_status(environ: Environ, headers: Headers) -> int:
    """Evaluate the conditions of a GET or HEAD request in the order of §13.2.2.

    A condition that is malformed never holds, except that a date that cannot be read is ignored, as §13.1.3 and §13.1.4
    demand. A list of tags in If-Match is not evaluated for HEAD without an ETag: GET may have one.

    :param headers: of the response without the conditions, which is a success.
    :returns: 304 or 412, or 0 if the response is to be sent.
    """
    if not (
        _IF_NONE_MATCH in environ
        or _IF_MODIFIED_SINCE in environ
        or _IF_MATCH in environ
        or _IF_UNMODIFIED_SINCE in environ
    ):
        return 0
    tag = h.get(headers, "etag")
    matching: str = environ.get(_IF_MATCH, "").strip()
    if matching:
        is_known = tag or environ["REQUEST_METHOD"] != "HEAD"
        if matching != "*" and is_known and not _has_tag(matching, tag, is_strong=True):
            return 412
    elif limit := parse_date(environ.get(_IF_UNMODIFIED_SINCE)):
        modified = parse_date(h.get(headers, "last-modified"))
        if modified and modified > limit:
            return 412
    known: str = environ.get(_IF_NONE_MATCH, "").strip()
    if known:
        return 304 if known == "*" or _has_tag(known, tag, is_strong=False) else 0
    if since := parse_date(environ.get(_IF_MODIFIED_SINCE)):
        modified = parse_date(h.get(headers, "last-modified"))
        if modified and modified <= since:
            return 304
    return 0


def parse_date(value: str | None) -> datetime | None:
    """Read an HTTP-date (§5.6.7); None for anything else.

    WebOb's parser also reads a list of dates, the 99th of a month, and text after the date.
    """
    if not value or not _DATE.fullmatch(value):
        return None
    try:
        return parsedate_to_datetime(value).replace(tzinfo=None)
    except ValueError:
        return None


def _has_tag(value: str, tag: str | None, *, is_strong: bool) -> bool:
    """Whether a list contains an entity tag, in a strong or a weak comparison (§8.8.3.2).

    WebOb's parser finds no tag after a comma without a space.
    """
    if not tag or (is_strong and tag.startswith("W/")):
        return False
    if value == tag:  # also a tag without quotes, which some applications set
        return True
    if not _TAGS.fullmatch(value):
        return False
    tags: list[str] = _EACH_TAG.findall(value)
    return tag in tags if is_strong else tag.removeprefix("W/") in (each.removeprefix("W/") for each in tags)
