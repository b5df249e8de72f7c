"""Parts of a page in reStructuredText, as lists of lines."""

from collections.abc import Sequence
from textwrap import fill

__all__ = ["fill_paragraphs", "make_table", "make_title"]

_WIDTH = 118


def make_title(title: str, line: str) -> list[str]:
    """Underline a title with a character."""
    return [title, line * len(title), ""]


def fill_paragraphs(*texts: str, indent: str = "") -> list[str]:
    """Wrap paragraphs; long words stay whole, so that a reader can copy them."""
    lines = []
    for text in texts:
        folded = fill(
            text,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines += [folded, ""]
    return lines


def make_table(cells: Sequence[Sequence[str]]) -> list[str]:
    """Make a table; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    bar = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [bar, lines[0], bar, *lines[1:], bar, ""]
