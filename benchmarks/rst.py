"""Parts of a page in reStructuredText, as lists of lines."""

from collections.abc import Sequence
from textwrap import fill

__all__ = ["paragraphs", "table", "titled"]

_WIDTH = 118


def make_title(title: str, line: str) -> list[str]:
    """A title, underlined by that character."""
    return [title, line * len(title), ""]


def fill_paragraphs(*texts: str, indent: str = "") -> list[str]:
    """Paragraphs, folded; what a reader may want to copy is not broken."""
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
    """A table, of which the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    bar = "  ".join("=" * width for width in widths)
    told = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [bar, told[0], bar, *told[1:], bar, ""]
