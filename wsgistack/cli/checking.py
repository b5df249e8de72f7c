"""``wsgistack check``: every mistake of a configuration at once, and layers that stand in the wrong order."""

import argparse
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from wsgistack.config import find_mistakes
from wsgistack.config.document import open_document
from wsgistack.pipeline import OrderWarning

__all__ = ["check", "noting_order", "warn"]


def check(parsed: argparse.Namespace) -> int:
    """Name every mistake."""
    document = open_document(parsed.file, parsed.values)
    with noting_order() as order:
        mistakes = [str(each) for each in find_mistakes(document, parsed.name, strict=parsed.strict)]
    if parsed.strict:
        mistakes += [each for each in order if each not in mistakes]
    else:
        warn(order)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    if mistakes:
        return 1
    print(f"{parsed.file}: nothing wrong")
    return 0


@contextmanager
def noting_order() -> Iterator[list[str]]:
    """Collect what is said of the order of layers, each once. All other warnings are given as they would be."""
    noted: list[str] = []
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", OrderWarning)
            yield noted
    finally:
        noted += dict.fromkeys(str(each.message) for each in caught if each.category is OrderWarning)
        for each in caught:
            if each.category is not OrderWarning:
                warnings.showwarning(each.message, each.category, each.filename, each.lineno)


def warn(problems: Iterable[str]) -> None:
    """Say what is not as it should be, on standard error."""
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
