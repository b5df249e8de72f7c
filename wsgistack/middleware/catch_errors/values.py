"""Values as a report may show them: short, without secrets, and without running code of the application.

``repr()`` of an object is code of the application: it may fail, wait for a database, or show a password. Only values of
built-in types are shown. Of any other object the report shows its class.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus

from wsgistack.errors import class_name
from wsgistack.http.redaction import REDACTED, Redaction, redact_text

__all__ = ["MAX_TEXT", "Hiding", "cut"]

MAX_TEXT = 1000
"""Characters of one value."""

_MAX_ITEMS = 25
_MAX_DEPTH = 4
_MAX_SEARCHED = 262_144
"""Characters of a text in which secrets are searched. The rest is cut off first."""

_MAX_VALUE_SEARCHED = 8192
_MAX_SECRETS = 200
"""With more secrets in one request, a search would take too long. Then no text is shown."""

_MAX_BITS = 1000
_SHORTEST_SECRET = 4
"""Characters: a shorter text occurs in many words."""

_PAIR = re.compile(
    r"""(?<![\w.\[\]-])(?P<name>[\w.\[\]-]+)(?P<between>["']?\s{0,3}[:=]\s{0,3})"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^&;,\n}\])]+)"""
)
_ERROR_NAME = re.compile(r".*(?:Error|Exception|Warning|Group)").fullmatch


class Hiding:
    """Shows values and texts without secrets.

    :param redaction: which names have secret values.
    :param secrets: texts that are secret wherever they appear, such as the value of a cookie.
    """

    def __init__(self, redaction: Redaction, secrets: Iterable[str] = ()) -> None:
        self._redaction = redaction
        forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _list_forms(secret)}
        found = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        is_too_much = len(forms) > _MAX_SECRETS
        self._known = re.compile("(?s).+" if is_too_much else found, re.IGNORECASE) if found else None

    def hide_known(self, text: str) -> str:
        """A text without the known secrets, and without what has the form of a token."""
        text = text[:_MAX_SEARCHED]
        return redact_text(self._known.sub(REDACTED, text) if self._known else text)

    def hide(self, text: str) -> str:
        """A text without secrets, also none that a name before it marks, as in ``password=...``."""
        return _PAIR.sub(self._hide_pair, self.hide_known(text))

    def _hide_pair(self, found: re.Match[str]) -> str:
        name = found["name"]
        is_secret = self._redaction.is_secret(name) and not _ERROR_NAME(name)
        return f"{name}{found['between']}{REDACTED}" if is_secret else found[0]

    def show(self, value: object, name: str = "") -> str:
        """A value as Python would write it, shortened.

        :param name: of the variable.
        """
        try:
            shown = REDACTED if self._redaction.is_secret(name) else self._show(value, _MAX_DEPTH)
        except Exception:  # another thread changes the value meanwhile, or its class is very unusual
            return "<can't be shown>"
        return cut(shown, MAX_TEXT)

    def _show(self, value: Any, depth: int) -> str:
        kind = type(value)
        if value is None or kind in (bool, float, complex):
            return repr(value)
        if issubclass(kind, int):
            bits = int.bit_length(value)
            return int.__repr__(value) if bits <= _MAX_BITS else f"<{kind.__name__} of {bits} bits>"
        if issubclass(kind, str):
            return repr(cut(self.hide(str.__str__(value)[:_MAX_VALUE_SEARCHED]), MAX_TEXT))
        if issubclass(kind, bytes | bytearray):
            start = bytes(memoryview(value)[:_MAX_VALUE_SEARCHED])
            return f"b{cut(self.hide(start.decode('latin-1')), MAX_TEXT)!r}"
        if issubclass(kind, dict) or kind in _BRACKETS:
            return self._show_items(value, depth - 1) if depth else f"<{class_name(kind)}>"
        return f"<class {class_name(value)}>" if issubclass(kind, type) else f"<{class_name(kind)} object>"

    def _show_items(self, value: Any, depth: int) -> str:
        kind = type(value)
        if issubclass(kind, dict):
            opening, closing = "{", "}"
            items: Iterator[str] = (self._show_pair(*item, depth) for item in dict.items(value))
        else:
            opening, closing = _BRACKETS[kind]
            items = self._iterate_items(value, depth)
        shown = [*islice(items, _MAX_ITEMS)]
        more = len(value) - len(shown)
        return f"{opening}{', '.join([*shown, *([f'... {more} more'] if more else [])])}{closing}"

    def _iterate_items(self, value: Any, depth: int) -> Iterator[str]:
        """Show the items. A pair may be a header or a field: its first item names the second one."""
        is_pair = type(value) is tuple and len(value) == 2 and type(value[0]) is str
        is_secret = is_pair and self._redaction.is_secret(value[0])
        for number, each in enumerate(value):
            yield REDACTED if is_secret and number else self._show(each, depth)

    def _show_pair(self, key: object, value: object, depth: int) -> str:
        name = key.decode("latin-1") if type(key) is bytes else key if type(key) is str else ""
        shown = REDACTED if self._redaction.is_secret(name) else self._show(value, depth)
        return f"{self._show(key, depth)}: {shown}"


_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def cut(text: str, limit: int) -> str:
    """A text that is not longer than some characters, and a note of what is missing."""
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text) - limit} more characters)"


def _list_forms(secret: str) -> Collection[str]:
    """A secret as texts show it: as it is, percent-encoded, and within a literal of Python or JSON."""
    return {secret, quote(secret), quote_plus(secret), repr(secret)[1:-1], json.dumps(secret)[1:-1]}
