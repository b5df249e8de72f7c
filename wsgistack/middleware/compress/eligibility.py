"""Decides by status and headers which responses may be compressed."""

import re
from collections.abc import Sequence
from enum import Enum
from fnmatch import translate
from functools import lru_cache

from wsgistack.environ import NO_COMPRESS
from wsgistack.http import headers as h
from wsgistack.types import Environ, Headers

__all__ = ["TEXTUAL", "Eligibility", "Treatment"]

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
"""Media types that compression makes smaller. Other images and fonts, audio and video are already compressed."""

_BODILESS = ("204", "205")


class Treatment(Enum):
    """What compression does with a response."""

    NEVER = "nothing: it is the same for every client"
    VARIES = "it adds Vary: other responses of this resource are compressed, but not this one"
    ALLOWED = "it may compress the body"


_NEVER, _VARIES, _ALLOWED = Treatment  # a global is faster than an attribute of an enum


class Eligibility:
    """Judges responses by media type and size.

    :param types: the media types to compress; ``*`` is a wildcard.
    :param minimum_size: in bytes; shorter bodies hardly get smaller.
    :param except_types: media types not to compress although they match ``types``.
    """

    def __init__(self, types: Sequence[str], minimum_size: int, except_types: Sequence[str] = ()) -> None:
        included, excluded = _compile_types(types), _compile_types(except_types)
        self.minimum_size = minimum_size
        self._digits = len(str(minimum_size))

        @lru_cache(maxsize=256)
        def is_compressible(content_type: str) -> bool:
            media_type = content_type.partition(";")[0].strip()
            return bool(included.fullmatch(media_type) and not excluded.fullmatch(media_type))

        self._is_compressible = is_compressible

    def judge(self, status: str, headers: Headers) -> Treatment:
        """Decide how to treat a response.

        A 206 is a part of a response that may be compressed elsewhere, and a 304 may confirm a compressed response, so
        both need Vary. A 304 and a multipart 206 do not reveal the media type of the whole, so they count as eligible.

        A status or headers that PEP 3333 forbids are never touched: the server must see and refuse them.
        """
        if type(headers) is not list:
            return _NEVER
        try:
            is_typed = is_part = False
            code = status[:3]
            if code != "200":
                if code in _BODILESS or code < "200":
                    return _NEVER
                is_typed = code == "304"
                is_part = is_typed or code == "206"
            for name, value in headers:
                match name.lower():
                    case "content-type":
                        is_typed = is_typed or self._is_compressible(value) or (is_part and _is_multipart(value))
                        if not is_typed:
                            return _NEVER
                    case "content-length" if len(value) <= self._digits and value.isdecimal():
                        if int(value) < self.minimum_size and not is_part:
                            return _NEVER
                    case "content-encoding":
                        return _NEVER
                    case "content-range" if not is_part:
                        return _NEVER
                    case "cache-control":
                        if "transform" in value.lower() and "no-transform" in h.tokens(headers, "cache-control"):
                            return _NEVER
            if not is_typed:
                return _NEVER
            return _VARIES if is_part else _ALLOWED
        except (AttributeError, TypeError, ValueError):
            return _NEVER

    def name_in_vary(self, status: str, headers: Headers, environ: Environ) -> tuple[str, Headers]:
        """Edit the start of a response that is not compressed: its Vary says that others are."""
        if self.judge(status, headers) is not _NEVER and not environ.get(NO_COMPRESS):
            headers = h.vary(headers, "Accept-Encoding")
        return status, headers


def _is_multipart(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/byteranges")


def _compile_types(types: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, types)) or r"(?!)", re.IGNORECASE)
