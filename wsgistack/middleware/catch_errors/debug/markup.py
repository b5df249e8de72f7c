"""HTML in which every text is escaped, unless it is marked as HTML."""

import re
from collections.abc import Iterable
from html import escape

__all__ = ["Html", "fill", "join"]

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Characters that no page may have, or that change the order of the characters around them."""


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def fill(template: str, /, **values: object) -> Html:
    """Put values into a template, escaped unless they are HTML."""
    return Html(template.format_map({name: _escape(each) for name, each in values.items()}))


def join(parts: Iterable[Html]) -> Html:
    """Join pieces of HTML."""
    return Html("".join(parts))


def _escape(value: object) -> str:
    if type(value) is Html:
        return value
    return escape(_CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", str(value)))
