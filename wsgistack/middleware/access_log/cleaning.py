"""Values as they are written to an access log: without secrets, short, and escaped."""

import re
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any

from wsgistack.errors import Mistake, Mistakes, check_counts
from wsgistack.http.escaping import escape_quoted
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.http.urls import request_target
from wsgistack.middleware.access_log.addresses import carries_addresses, make_hider

__all__ = [
    "Cleaned",
    "CleanedIds",
    "Cleaning",
    "as_text",
    "decode",
    "escape_for",
    "make_cleaning",
    "write_json",
    "write_logfmt",
]

CUT = "..."
"""What ends a value that is longer than the limit."""

_MAX_KEPT = 200  # characters: longer values are rare, and would take much memory
_MAX_ENTRIES = 500
_KEPT = (str, tuple)  # other values may be equal and look different, such as 1 and True
_LEAST_VALUE = 20  # characters: shorter values say nothing
_LEAST_LINE = 500
_SWITCHES = ("0", "1", "false", "no", "off", "on", "true", "yes")  # in an ini file, they are names
_MAX_ID = 64  # characters
_PLAIN_ID = re.compile(rf"[0-9a-f-]{{1,{_MAX_ID}}}").fullmatch
_NEEDS_QUOTES = re.compile(r'[^!#-<>-\[\]-~]|"|\\|=').search


class Cleaned(dict[Any, str]):
    """How each value is written. What was written lately is kept, unless it had a secret.

    The same few values come again and again, and to look them up is ten times as fast as to clean them. Threads may
    share it: each step is atomic, and a value that one of them forgets is cleaned again.

    :param show: returns a value as text, without secrets.
    :param escape: makes the text fit into the line.
    :param limit: the maximum length of the text, in characters.
    :param absent: what is written for values that are no text, such as None.
    """

    def __init__(
        self,
        show: Callable[[Any], str],
        escape: Callable[[str], str],
        limit: int,
        absent: Mapping[Any, str],
        *,
        keeps: bool = True,
    ) -> None:
        super().__init__(absent)
        self._show = show
        self._escape = escape
        self._limit = limit
        self._absent = absent
        self._keeps = keeps

    def __missing__(self, value: Any) -> str:
        if value in self._absent:  # another thread has just forgotten it with all others
            return self._absent[value]
        shown = self._show(value)
        limit = self._limit
        is_short = len(shown) <= limit
        written = self._escape(shown if is_short else shown[:limit] + CUT)
        is_rare = not is_short or len(shown) > _MAX_KEPT or REDACTED in shown
        if self._keeps and not is_rare and type(value) in _KEPT:
            if len(self) >= _MAX_ENTRIES:
                self.clear()
                self.update(self._absent)
            self[value] = written
        return written


class CleanedIds(Cleaned):
    """The same for ids of requests: other ones each time, and nearly always hexadecimal, which needs no cleaning."""

    def __init__(
        self, show: Callable[[Any], str], escape: Callable[[str], str], limit: int, absent: Mapping[Any, str]
    ) -> None:
        super().__init__(show, escape, limit, absent, keeps=False)
        self._is_safe = _PLAIN_ID if limit >= _MAX_ID and show("0") == "0" else None  # None if they are hidden
        self._quote = escape("0").partition("0")[0]  # of JSON

    def __missing__(self, value: Any) -> str:
        if self._is_safe is not None and type(value) is str and self._is_safe(value):
            return f"{self._quote}{value}{self._quote}"
        return super().__missing__(value)


class Cleaning:
    """What is hidden in an access log.

    :param redaction: which names carry secrets; None to show them.
    :param hide_addresses: hides the addresses of clients in a text; None to show them.
    :param limit: the maximum length of a value, in characters.
    """

    def __init__(
        self, redaction: Redaction | None, hide_addresses: Callable[[str], str] | None, limit: int, line_limit: int
    ) -> None:
        self.redaction = redaction
        self.hide_addresses = hide_addresses
        self.limit = limit
        self.line_limit = line_limit

    def shorten(self) -> "Cleaning | None":
        """The same with half the limit, for a line that is too long. None if nothing is left to cut."""
        half = self.limit // 2
        return Cleaning(self.redaction, self.hide_addresses, half, self.line_limit) if half else None

    def show(self, name: str) -> Callable[[Any], str]:
        """Return a function that shows the value of a header or of a variable in an environ."""
        cut, redaction, hide = self._cut, self.redaction, self.hide_addresses
        if redaction is not None and redaction.is_secret(name):
            return lambda value: REDACTED
        if hide is not None and carries_addresses(name):
            return lambda value: hide(cut(value))
        if redaction is None:
            return cut
        redact = redaction.redact_query if name.upper() == "QUERY_STRING" else redaction.redact_url
        return lambda value: redact(cut(value))

    def show_client(self, client: str) -> str:
        """Show the address of a client."""
        return self._cut(client) if self.hide_addresses is None else self.hide_addresses(self._cut(client))

    def show_query(self, query: str) -> str:
        """Show a query string."""
        query = self._cut(query)
        return query if self.redaction is None else self.redaction.redact_query(query)

    def show_target(self, target: tuple[str, str]) -> str:
        """Show a path with its query string."""
        path, query = target
        shown = request_target(self._cut(path), self._cut(query))
        return shown if self.redaction is None else self.redaction.redact_url(shown)

    def show_request_line(self, words: tuple[str, str, str, str]) -> str:
        """Show a method, a path, a query string and a protocol as one line."""
        method, path, query, protocol = words
        return f"{self._cut(method)} {self.show_target((path, query))} {self._cut(protocol)}"

    def keeps(self, name: str) -> bool:
        """Whether the value of this header or variable looks the same on the next day."""
        return self.hide_addresses is None or not carries_addresses(name)

    def _cut(self, value: object) -> str:
        text = value if isinstance(value, str) else as_text(value)
        return text if len(text) <= self.limit else text[: self.limit + 1]  # one more shows that it was longer


def as_text(value: object) -> str:
    """Return any object as text."""
    try:
        return str(value)
    except Exception:  # somebody else's object: it must not cost the line
        return f"<{type(value).__name__}>"


def make_cleaning(
    redact: Sequence[str] | None, addresses: str, address_key: str | None, *, max_value: int, max_line: int
) -> Cleaning:
    """Return what the options of the layer say.

    :raises ConfigError: an option is not valid.
    """
    mistakes = Mistakes()
    hide = None
    with mistakes.collect():
        hide = make_hider(addresses, address_key)
    with mistakes.collect():
        check_counts("characters", _LEAST_VALUE, max_value=max_value)
    with mistakes.collect():
        check_counts("characters", _LEAST_LINE, max_line=max_line)
    switch = next((each for each in redact or () if each.lower() in _SWITCHES), None)
    if switch is not None:
        expected = "names, or none to show all secrets"
        mistakes.append(Mistake(f"not the name of a secret: {switch!r}", key="redact", value=switch, expected=expected))
    mistakes.raise_if_any()
    return Cleaning(None if redact is None else Redaction(redact), hide, max_value, max_line)


def escape_for(more: str) -> Callable[[str], str]:
    """Return a function that escapes like Apache, and these characters too."""
    escape: Callable[[str], str] = escape_quoted
    for char in set(more) - {'"', "\\"}:
        escape = _escape_too(char, escape)
    return escape


def _escape_too(char: str, escape: Callable[[str], str]) -> Callable[[str], str]:
    written = f"\\x{ord(char):02x}"
    return lambda text: written.join(map(escape, text.split(char))) if char in text else escape(text)


def decode(text: str) -> str:
    """Read a text that PEP 3333 carries as latin-1 as UTF-8. Bytes that are not UTF-8 become escapes."""
    return text if text.isascii() else text.encode("latin-1", "backslashreplace").decode("utf-8", "backslashreplace")


def write_json(text: str) -> str:
    """Write a text as a string of JSON, in ASCII."""
    return encode_basestring_ascii(decode(text))


def write_logfmt(text: str) -> str:
    """Write a text as a value of logfmt, in quotes if necessary."""
    return encode_basestring_ascii(decode(text)) if not text or _NEEDS_QUOTES(text) else text
