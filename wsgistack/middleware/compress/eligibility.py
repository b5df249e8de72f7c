"""Which responses compression may touch, as far as their status and headers tell."""

import re
from collections.abc import Sequence
from enum import Enum
from fnmatch import translate
from functools import lru_cache

from wsgistack.http import headers as h
from wsgistack.types import Headers

__all__ = ["TEXTUAL", "Eligibility", "Verdict"]

TEXTUAL = (
    "text/*",
    "*+json",
    "*+json-seq",
    "*+xml",
    "*+yaml",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/json-seq",
    "application/jsonl",
    "application/manifest",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
)
"""Media types that compression makes smaller. The other images, fonts, audio and video are compressed already."""

_TELLING = frozenset(("content-type", "content-encoding", "content-range", "content-length", "cache-control"))
_BODILESS = ("204", "205")


class Verdict(Enum):
    """What compression has to do with a response."""

    NEVER = "it is the same for every client"
    VARIES = "it is not compressed itself, but others of its resource are"
    ALLOWED = "it may be compressed"


_NEVER, _VARIES, _ALLOWED = Verdict  # a member costs more to look up than a global


class Eligibility:
    """Judges responses by their media types and size.

    :param types: of media, with ``*`` as wildcard.
    :param minimum_size: in bytes; a shorter body would hardly get smaller.
    :param except_types: those of the types that are not compressed.
    """

    def __init__(self, types: Sequence[str], minimum_size: int, except_types: Sequence[str] = ()) -> None:
        included, excluded = _pattern(types), _pattern(except_types)
        self.minimum_size = minimum_size
        self._digits = len(str(minimum_size))

        @lru_cache(maxsize=256)
        def is_compressible(content_type: str) -> bool:
            media_type = content_type.partition(";")[0].strip()
            return bool(included.fullmatch(media_type) and not excluded.fullmatch(media_type))

        self._is_compressible = is_compressible

    def judge(self, status: str, headers: Headers) -> Verdict:
        """Tell what may become of a response.

        A part (206) varies as its whole does, and a 304 may confirm a compressed response: Vary says so on them too.
        Of a 304, and of several parts in one, nobody knows the type of the whole.
        """
        code = status[:3]
        if code in _BODILESS or code < "200":
            return _NEVER
        is_typed = code == "304"
        is_part = is_typed or code == "206"
        for name, value in headers:
            lowered = name.lower()
            if lowered in _TELLING:
                match lowered:
                    case "content-type":
                        is_typed = is_typed or self._is_compressible(value) or (is_part and _is_of_parts(value))
                        if not is_typed:
                            return _NEVER
                    case "content-encoding":
                        return _NEVER
                    case "content-range" if not is_part:
                        return _NEVER
                    case "content-length" if len(value) <= self._digits and value.isdecimal():
                        if int(value) < self.minimum_size and not is_part:
                            return _NEVER
                    case "cache-control" if "transform" in value.lower() and "no-transform" in _directives(headers):
                        return _NEVER
        if not is_typed:
            return _NEVER
        return _VARIES if is_part else _ALLOWED


def _is_of_parts(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/byteranges")


def _directives(headers: Headers) -> list[str]:
    return h.tokens(headers, "cache-control")


def _pattern(types: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, types)) or r"(?!)", re.IGNORECASE)
