"""Functions over a list of headers. None changes the list in place. Upper and lower case of names are equal."""

import re
from sys import maxsize

from wsgistack.types import Headers

__all__ = [
    "content_length",
    "get",
    "is_field_name",
    "replace",
    "tokens",
    "vary",
    "weaken_etag",
    "with_strong_tags",
    "without",
]

MAX_LENGTH_DIGITS = len(str(maxsize))  # not in __all__, which is a promise: only modules of this package need it
"""A Content-Length with more digits is no number of bytes that a body can have."""

_LENGTH = len("content-length")
_MEMBER = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+')
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TAG = re.compile(r'(?:W/)?"[^"]*"')


def get(headers: Headers, name: str) -> str | None:
    """Return the value of the first header with a name, which must be in lower case; None without one."""
    length = len(name)
    for key, value in headers:
        if len(key) == length and key.lower() == name:  # len() is faster, and nearly always enough
            return value
    return None


def content_length(headers: Headers) -> int | None:
    """Return Content-Length as a number; None if it is missing or not a number of bytes."""
    for key, value in headers:
        if len(key) == _LENGTH and key.lower() == "content-length":  # as in get(), with one call less
            return int(value) if value.isdecimal() and len(value) <= MAX_LENGTH_DIGITS else None
    return None


def is_field_name(name: str) -> bool:
    """Whether a text can be the name of a header (RFC 9110 §5.1)."""
    return _FIELD_NAME.fullmatch(name) is not None


def without(headers: Headers, *names: str) -> Headers:
    """Return the headers without those that have one of the names, which must be in lower case."""
    return [item for item in headers if item[0].lower() not in names]


def replace(headers: Headers, name: str, value: str) -> Headers:
    """Return the headers with exactly one header of that name, at the end."""
    lowered = name.lower()
    return [*[item for item in headers if item[0].lower() != lowered], (name, value)]


def tokens(headers: Headers, name: str) -> list[str]:
    """Return the members of a list header in lower case (RFC 9110 §5.6.1). The name must be in lower case."""
    return [
        member
        for key, value in headers
        if key.lower() == name
        for part in _MEMBER.findall(value)
        if (member := part.strip().lower())
    ]


def vary(headers: Headers, field: str) -> Headers:
    """Return the headers with the field added to Vary (RFC 9110 §12.5.5); ``*`` already covers all fields."""
    if get(headers, "vary") is None:
        return [*headers, ("Vary", field)]
    values = [value for key, value in headers if key.lower() == "vary"]
    fields = tokens(headers, "vary")
    if "*" in fields or field.lower() in fields:
        return headers
    return replace(headers, "Vary", ", ".join([*filter(str.strip, values), field]))


def weaken_etag(headers: Headers) -> Headers:
    """Return the headers with a weak ETag in place of a strong one (RFC 9110 §8.8.1): same content, other bytes."""
    if get(headers, "etag") is None:
        return headers
    return [
        (key, f"W/{value}") if key.lower() == "etag" and value[:1] == '"' else (key, value) for key, value in headers
    ]


def with_strong_tags(if_none_match: str) -> str:
    """Return a value of If-None-Match with the strong form of each weak tag added.

    A layer weakened the application's strong tag in an earlier response. An application that compares tags byte by byte
    needs the strong form to recognize its own tag. The result of a weak comparison, which RFC 9110 §13.1.2 requires,
    stays the same. The strong form replaces a single weak tag, because some applications compare the whole value.
    """
    tags: list[str] = _TAG.findall(if_none_match)
    strong = [tag[2:] for tag in tags if tag.startswith("W/")]
    if len(tags) == 1 and strong:
        return strong[0]
    known = frozenset(tags)
    return ", ".join([if_none_match, *(tag for tag in dict.fromkeys(strong) if tag not in known)])
