"""Pure functions over a response's list of headers: nothing is changed in place, names are compared without case."""

import re
from sys import maxsize

from wsgistack.types import Headers

__all__ = ["content_length", "get", "replace", "tokens", "vary", "weaken_etag", "with_strong_tags", "without"]

_LONGEST_LENGTH = len(str(maxsize))
_MEMBER = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+')
_TAG = re.compile(r'(?:W/)?"[^"]*"')


def get(headers: Headers, name: str) -> str | None:
    """The value of the first header of that name, given in lower case; None where there is none."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


def content_length(headers: Headers) -> int | None:
    """The number that Content-Length tells; None where it tells none that can be."""
    told = get(headers, "content-length")
    return int(told) if told and told.isdecimal() and len(told) <= _LONGEST_LENGTH else None


def without(headers: Headers, *names: str) -> Headers:
    """The headers less those of the names, given in lower case."""
    return [item for item in headers if item[0].lower() not in names]


def replace(headers: Headers, name: str, value: str) -> Headers:
    """The headers with exactly one of that name, at the end."""
    lowered = name.lower()
    return [*[item for item in headers if item[0].lower() != lowered], (name, value)]


def tokens(headers: Headers, name: str) -> list[str]:
    """The members of all headers of a name, given in lower case, that hold a list (RFC 9110 §5.6.1), in lower case."""
    return [
        member
        for key, value in headers
        if key.lower() == name
        for part in _MEMBER.findall(value)
        if (member := part.strip().lower())
    ]


def vary(headers: Headers, field: str) -> Headers:
    """The headers with the field among those that Vary names (RFC 9110 §12.5.5); ``*`` already names all."""
    there = [value for key, value in headers if len(key) == 4 and key.lower() == "vary"]
    if not there:
        return [*headers, ("Vary", field)]
    named = tokens(headers, "vary")
    if "*" in named or field.lower() in named:
        return headers
    return replace(headers, "Vary", ", ".join([*filter(str.strip, there), field]))


def weaken_etag(headers: Headers) -> Headers:
    """The headers with a strong ETag made weak (RFC 9110 §8.8.1): the same meaning, but other bytes."""
    return [
        (key, f"W/{value}") if key.lower() == "etag" and value.startswith('"') else (key, value)
        for key, value in headers
    ]


def with_strong_tags(if_none_match: str) -> str:
    """A value of If-None-Match in which each weak tag has its strong form beside it.

    For an application that compares byte by byte with a strong tag of its own, which was weakened on its way out. Weak
    comparison, which RFC 9110 §13.1.2 asks for, finds the same as before. A weak tag that stands alone becomes the
    strong one alone, for there are applications that compare with the whole value.
    """
    tags: list[str] = _TAG.findall(if_none_match)
    strong = [tag[2:] for tag in tags if tag.startswith("W/")]
    if len(tags) == 1 and strong:
        return strong[0]
    there = frozenset(tags)
    return ", ".join([if_none_match, *(tag for tag in dict.fromkeys(strong) if tag not in there)])
