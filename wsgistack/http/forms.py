"""Tests of a part of a request that different readers read differently."""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["MAX_FORMS", "Forms", "find_forms"]

MAX_FORMS = 16

Step = Callable[[str], str]


class Forms(NamedTuple):
    """All forms of a path or a host that a reader may see.

    A condition that switches a guard on must hold if :meth:`any` form passes its test. A condition that switches a
    guard off may hold only if :meth:`all` forms pass.

    :param values: the forms that were found; the first one is what the server received.
    :param is_complete: false if there may be more forms. It is unknown then what an application reads.
    """

    values: tuple[str, ...]
    is_complete: bool

    def any(self, test: Callable[[str], object]) -> bool:
        """Whether a form passes the test, or might pass it."""
        return not self.is_complete or any(map(test, self.values))

    def all(self, test: Callable[[str], object]) -> bool:
        """Whether all forms certainly pass the test."""
        return self.is_complete and all(map(test, self.values))

    def __or__(self, other: "Forms") -> "Forms":
        """Return the forms of two readings of the same request."""
        return Forms(tuple(dict.fromkeys(self.values + other.values)), self.is_complete and other.is_complete)


def find_forms(text: str, steps: tuple[Step, ...], is_readable: Callable[[str], object]) -> Forms:
    """Find the texts that result from the steps in any order and number. There may be ``MAX_FORMS`` of them.

    :param steps: each removes or replaces something, so that no step goes on forever.
    :param is_readable: whether readers agree about the characters of a form. If not, the forms are incomplete.
    """
    forms: dict[str, None] = {}
    pending = [text]
    while pending:
        form = pending.pop()
        if form not in forms:
            if len(forms) == MAX_FORMS or not is_readable(form):
                return Forms((*forms, form), is_complete=False)
            forms[form] = None
            pending += [step(form) for step in steps]
    return Forms(tuple(forms), is_complete=True)
