"""Pure functions over a response's list of headers: nothing is changed in place, names are compared without case."""

import re

from wsgistack.types import Headers

__all__ = ["get", "replace", "tokens", "vary", "weaken_etag", "without"]

_MEMBER = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+')


def get(headers: Headers, name: str) -> str | None:
    """The value of the first header of that name, given in lower case; None where there is none."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


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
    named = tokens(headers, "vary")
    if "*" in named or field.lower() in named:
        return headers
    there = [value for key, value in headers if key.lower() == "vary" and value.strip()]
    return replace(headers, "Vary", ", ".join([*there, field]))


def weaken_etag(headers: Headers) -> Headers:
    """The headers with a strong ETag made weak (RFC 9110 §8.8.1): the same meaning, but other bytes."""
    return [
        (key, f"W/{value}") if key.lower() == "etag" and value.startswith('"') else (key, value)
        for key, value in headers
    ]
