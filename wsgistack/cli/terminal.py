"""What a command writes to: whether it shows colours, how wide it is, and which characters it can show."""

import os
from contextlib import suppress
from contextvars import ContextVar
from textwrap import TextWrapper
from typing import TextIO
from unicodedata import category, east_asian_width

__all__ = ["COLORS", "Terminal", "color", "measure"]

COLORS = ("auto", "always", "never")
color: ContextVar[str] = ContextVar("color", default="auto")
"""One of ``COLORS``, as ``--color`` says."""

_PIPED_WIDTH = 80  # columns: what a program reads must not depend on somebody's window
_MIN_WIDTH = 20  # columns: in fewer, nothing can be read
_STYLES = {"bold": "1", "red": "1;31", "yellow": "1;33", "green": "32", "blue": "1;34", "cyan": "1;36"}


class Terminal:
    """A stream, and what it can show.

    :ivar is_terminal: whether people see it at once.
    :ivar has_color: whether it shows colours. ``--color`` decides, or else NO_COLOR, FORCE_COLOR and TERM=dumb.
    :ivar width: in columns. It is fixed for what is no terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.is_terminal: bool = stream.isatty()
        self.has_color: bool = _has_color(self.is_terminal)
        self.width: int = max(_find_width(stream), _MIN_WIDTH) if self.is_terminal else _PIPED_WIDTH

    def write(self, *lines: str) -> None:
        """Print lines, each as :meth:`show` returns it."""
        print(*map(self.show, lines), sep="\n", file=self._stream, flush=True)

    def paint(self, text: str, style: str) -> str:
        """The text in a style, if there are colours."""
        return f"\033[{_STYLES[style]}m{text}\033[m" if self.has_color and text else text

    def show(self, text: str) -> str:
        """The text with escapes for what the stream can't show, or what would control the terminal."""
        printable = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
        return printable.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def wrap(self, text: str, indent: str = "", width: int = 0) -> list[str]:
        """The lines of a text, in which no word is split.

        :param indent: before each line but the first.
        :param width: of each line; by default the one of a terminal, and unlimited for others.
        """
        if not (width or self.is_terminal):
            return [text]
        lines = TextWrapper(width or self.width, subsequent_indent=indent)
        lines.break_long_words = lines.break_on_hyphens = False
        return lines.wrap(text)

    def cut(self, text: str, width: int, *, is_end: bool = True) -> str:
        """A text that is not wider than some columns, cut at its end or at its beginning.

        :param text: as :meth:`show` returns it.
        """
        if measure(text) <= width:
            return text
        mark = self.ellipsis[: max(width, 0)]
        kept = 0
        while measure(text[: kept + 1] if is_end else text[-kept - 1 :]) <= width - len(mark):
            kept += 1
        return text[:kept] + mark if is_end else mark + text[len(text) - kept :]

    @property
    def ellipsis(self) -> str:
        """What is in the place of a text that is left out."""
        return "…" if self.show("…") == "…" else "..."


def measure(text: str) -> int:
    """The columns that a text takes, which has no control characters."""
    if text.isascii():
        return len(text)
    return sum(0 if category(each) in ("Mn", "Me") else 1 + (east_asian_width(each) in "WF") for each in text)


def _has_color(is_terminal: bool) -> bool:
    if color.get() != "auto":
        return color.get() == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (is_terminal and os.environ.get("TERM") != "dumb")


def _find_width(terminal: TextIO) -> int:
    with suppress(ValueError):  # as shells set it, and as a person may overrule it
        if (columns := int(os.environ.get("COLUMNS", ""))) > 0:
            return columns
    with suppress(OSError, ValueError):
        return os.get_terminal_size(terminal.fileno()).columns or _PIPED_WIDTH
    return _PIPED_WIDTH
