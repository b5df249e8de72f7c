"""Entries of an access log for the tests of its formats."""

import codecs
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from wsgistack.http.redaction import Redaction
from wsgistack.middleware.access_log import format as home
from wsgistack.middleware.access_log.cleaning import Cleaning
from wsgistack.middleware.access_log.line import Format
from wsgistack.types import Environ, Headers

__all__ = ["TEXT", "Request", "compile_format", "unescape"]

TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


@dataclass
class Request:
    """An entry with usual values."""

    environ: Environ = field(default_factory=dict)
    headers: Headers = field(default_factory=list)
    client: str = "192.0.2.1"
    method: str = "GET"
    path: str = "/a b"
    query: str = "q=1"
    protocol: str = "HTTP/1.1"
    code: str = "200"
    outcome: str = "complete"
    sent: int = 12
    started: float = 1_000_000_000.25
    duration: float = 1.5
    first_byte: float | None = 0.25
    failure: str | None = None


USUAL = Cleaning(Redaction(), None, limit=2000, line_limit=16_000)


def compile_format(format: str, cleaning: Cleaning = USUAL, **fields: Any) -> Format:
    """Compile a format of a layer without options."""
    return home.compile_format(format, cleaning, **fields)


def unescape(text: str) -> str:
    """Read Apache's escapes back."""
    return codecs.decode(text, "unicode_escape")
