"""Waiting for what other threads and processes do."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

__all__ = ["MAX_WAIT", "wait_until"]

Found = TypeVar("Found")

MAX_WAIT = 120
"""In seconds, until a wait counts as a hang. A busy machine may stop for many seconds, and then go on."""


def wait_until(ask: Callable[[], Found | None]) -> Found:
    """Ask again and again until the answer is true, and return it."""
    end = monotonic() + MAX_WAIT
    while not (found := ask()):
        assert monotonic() < end, f"it did not happen within {MAX_WAIT} seconds"
        sleep(0.01)
    return found
