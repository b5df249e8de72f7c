"""Arguments that are more than a word."""

import argparse
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from wsgistack.types import Changes

__all__ = ["change", "pair", "parse"]


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments, among which those of the form NAME=VALUE may stand anywhere behind the file.

    By itself, argparse takes no more of them once an option stood in between; before Python 3.13.
    """
    parsed, left = parser.parse_known_args(arguments)
    if left and not (hasattr(parsed, "values") and all(re.match(r"[^-=][^=]*=", each) for each in left)):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    if hasattr(parsed, "values"):
        parsed.values = dict([*parsed.values, *map(pair("="), left)])
    return parsed


def change(text: str) -> str:
    """What a middleware changes: a field of :class:`~wsgistack.types.Changes`, or the name of a response header."""
    near = get_close_matches(text.lower(), Changes._fields[1:], n=1, cutoff=0.75)
    if near and text.lower() != near[0]:
        raise argparse.ArgumentTypeError(f"{text!r} is nothing that a middleware changes; did you mean {near[0]!r}?")
    return text


def pair(separator: str) -> Callable[[str], tuple[str, str]]:
    """A name and a value, with a separator between them."""

    def split(text: str) -> tuple[str, str]:
        name, found, value = text.partition(separator)
        if not found or not name.strip():
            raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME{separator}VALUE")
        return name.strip(), value.strip()

    return split
