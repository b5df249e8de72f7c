"""Arguments that are more than a word."""

import argparse
from collections.abc import Callable
from difflib import get_close_matches

from wsgistack.types import Changes

__all__ = ["change", "pair"]


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
