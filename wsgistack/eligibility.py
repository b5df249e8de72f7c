"""Which responses compression may touch, as far as their status and headers tell."""

import re
from collections.abc import Sequence
from fnmatch import translate

from wsgistack import headers as h
from wsgistack.types import Headers

__all__ = ["TEXTUAL", "Eligibility"]

TEXTUAL = (
    "text/*",
    "*+json",
    "*+xml",
    "application/javascript",
    "application/json",
    "application/manifest",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/x-icon",
)
"""Media types that compression makes smaller. The other images, fonts, audio and video are compressed already."""

_BODILESS_OR_PARTIAL = ("204", "205", "206", "304")
_LONGEST_NUMBER = 18  # digits


class Eligibility:
    """Judges responses by their media types and size.

    :param types: of media, with ``*`` as wildcard.
    :param minimum_size: in bytes; a shorter body would hardly get smaller.
    """

    def __init__(self, types: Sequence[str], minimum_size: int) -> None:
        self._is_compressible = re.compile("|".join(map(translate, types)), re.IGNORECASE).match
        self._minimum_size = minimum_size

    def allows(self, status: str, headers: Headers) -> bool:
        """Whether a response may be compressed."""
        media_type = ""
        for name, value in headers:
            match name.lower():
                case "content-type":
                    media_type = value.partition(";")[0].strip()
                case "content-length" if self._is_short(value):
                    return False
                case "content-encoding" | "content-range":
                    return False
                case "cache-control" if "no-transform" in h.tokens([(name, value)], "cache-control"):
                    return False
        if self._is_compressible(media_type) is None:
            return False
        return status[:3] not in _BODILESS_OR_PARTIAL and status[:1] != "1"

    def is_negotiated(self, status: str, headers: Headers) -> bool:
        """Whether Accept-Encoding makes a difference for a resource: Vary says so also on its 206 and 304."""
        match status[:3]:
            case "304":
                return True
            case "206":
                return self.allows("200", h.without(headers, "content-range", "content-length"))
        return self.allows(status, headers)

    def _is_short(self, length: str) -> bool:
        return length.isdecimal() and len(length) < _LONGEST_NUMBER and int(length) < self._minimum_size
