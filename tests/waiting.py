"""Waiting for what other threads and processes do."""

from collections.abc import Callable
from time import monotonic, sleep

__all__ = ["MAX_WAIT", "wait_until"]

MAX_WAIT = 120
"""In seconds, until a wait counts as a hang. A busy machine may stop for many seconds, and then go on."""


def wait_until(is_so: Callable[[], object]) -> None:
    """Ask again and again until something is so."""
    end = monotonic() + MAX_WAIT
    while not is_so():
        assert monotonic() < end, "it does not happen"
        sleep(0.01)
