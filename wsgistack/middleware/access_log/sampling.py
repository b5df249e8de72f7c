"""Which requests get a line in an access log: all that went wrong or took long, and a part of the others."""

from collections.abc import Callable
from random import random

from wsgistack.errors import ConfigError, Mistake
from wsgistack.middleware.access_log.line import Entry

__all__ = ["make_sampling"]


def make_sampling(rate: float, slow: float | None) -> Callable[[Entry], bool] | None:
    """Return a function that says whether a request gets a line, or None if each one does.

    :param rate: the part of the ordinary requests that get one, from 0 to 1.
    :param slow: the number of seconds from which on a request is not ordinary.
    :raises ConfigError: the rate is not from 0 to 1.
    """
    if not 0 <= rate <= 1:
        hint = f"for {rate:g} %, write {rate / 100:g}" if 1 < rate <= _PERCENT else ""
        raise ConfigError(Mistake(f"not a rate: {rate:g}", key="sample", value=rate, expected="0 to 1", hint=hint))
    if rate == 1:
        return None
    limit = float("inf") if slow is None else slow

    def is_kept(entry: Entry) -> bool:
        is_ordinary = entry.code < "4" and entry.outcome in _ORDINARY and entry.duration < limit
        return not is_ordinary or random() < rate  # noqa: S311

    return is_kept


_PERCENT = 100
_ORDINARY = ("complete", "upgraded")
