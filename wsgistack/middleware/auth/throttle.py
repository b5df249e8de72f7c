"""Fewer guesses: who has failed too often, from one network or for one user, has to wait."""

import logging
import os
from collections.abc import Callable, Sequence
from hashlib import blake2b
from ipaddress import IPv6Address
from math import ceil
from time import monotonic, time
from typing import Annotated, Any, Literal, TypedDict, TypeVar
from unicodedata import category, normalize

from wsgistack.errors import ConfigError, Mistake, Mistakes, check_counts, describe_error
from wsgistack.http.addresses import MAX_PEER, parse_address
from wsgistack.imports import require_extra
from wsgistack.middleware.auth.counters import Counters
from wsgistack.middleware.auth.scheme import Refusal
from wsgistack.types import Duration, Secret

__all__ = ["Throttle", "ThrottleOptions"]

MAX_COUNTERS = 16384
"""The number of clients and users whose failures are counted in memory. The longest unchanged one is forgotten."""

MAX_USER = 256
"""In characters: longer names count as one by their beginning."""

IO_TIMEOUT = 0.5
"""In seconds: how long Redis may take to answer."""

PAUSE = 10.0
"""In seconds: how long Redis is not asked again after an error."""

T = TypeVar("T")

IPV6_PREFIX = 64  # bits: a client has at least that network
_LOGGER = logging.getLogger("wsgistack.auth")


class ThrottleOptions(TypedDict, total=False):
    """The options of :class:`Throttle`."""

    per_client: int
    per_user: int
    period: Duration
    store: Annotated[str, Secret]
    when_down: Literal["count", "refuse"]


class Throttle:
    """Counts failures, and refuses more attempts until the period has passed.

    :param per_client: failures from one network, which is one IPv4 address or 64 bits of IPv6. 20 by default, because
        users behind one address share them. 0 does not count them.
    :param per_user: failures for one name, with any case, width and accents, from anywhere. 100 by default. An
        attacker can lock out a user with it; credentials that are remembered still work. 0 does not count them.
    :param period: how long failures count, from the first one. 10 minutes by default.
    :param store: where the counters are: ``memory://``, the default, for each process alone; or a URL of the library
        limits, such as ``redis://localhost:6379``, for several processes and hosts. That needs the extra ``throttle``.
    :param when_down: what happens while the store does not answer: ``count`` in the memory of this process, the
        default, or ``refuse`` all credentials that are not remembered, with 503.
    :raises ConfigError: an option is not valid, or the library is not installed.

    After an error, the store is asked again 10 seconds later. Memory holds at most 16,384 counters. Of many attempts at
    once, all may be verified, but only as many as are allowed get another answer than 429, even if one was right.

    Behind a proxy, ``forwarded`` must be outside. Without it all clients are the proxy, so that one of them locks out
    the others.
    """

    def __init__(
        self,
        *,
        per_client: int = 20,
        per_user: int = 100,
        period: Duration = 600,
        store: str = "memory://",
        when_down: Literal["count", "refuse"] = "count",
    ) -> None:
        mistakes = Mistakes()
        with mistakes.collect():
            check_counts(per_client=per_client, per_user=per_user)
        if not per_client and not per_user:
            mistakes.append(Mistake("counts nothing", key="per_client", expected="1 or more, here or in per_user"))
        if not 1 <= period <= 86400 * 365:
            mistakes.append(Mistake("not a valid period", key="period", value=period, expected="1 second or more"))
        if when_down not in ("count", "refuse"):
            mistakes.append(Mistake("unknown choice", key="when_down", value=when_down, expected="count or refuse"))
        self._memory = Counters(MAX_COUNTERS)
        with mistakes.collect():
            self._store = self._memory if store == "memory://" else _open_store(store)
        mistakes.raise_if_any()
        self._period = ceil(period)
        self._refuses = when_down == "refuse"
        self._limits = (per_client, per_user)
        self._key = os.urandom(32) if store == "memory://" else b"wsgistack"
        self._down_until = 0.0

    def find_counters(self, client: str, user: str) -> Sequence[tuple[str, int]]:
        """The counters for an attempt, each with its limit."""
        per_client, per_user = self._limits
        counters = []
        if per_client:
            counters.append((f"wsgistack/auth/client/{self._digest(_find_network(client))}", per_client))
        if per_user and user:
            counters.append((f"wsgistack/auth/user/{self._digest(_fold_name(user)[:MAX_USER])}", per_user))
        return counters

    def check(self, counters: Sequence[tuple[str, int]]) -> Refusal | None:
        """Refuse an attempt after too many failures."""

        def find_wait(store: Any) -> int:
            waits = [0]
            for key, limit in counters:
                if store.get(key) >= limit:
                    waits.append(max(1, ceil(store.get_expiry(key) - time())))
            return max(waits)

        wait = self._ask(find_wait)
        if wait is None:
            return Refusal("the store of the counters does not answer", 503, retry_after=ceil(PAUSE))
        return Refusal("too many failures", 429, retry_after=wait) if wait else None

    def count_failure(self, counters: Sequence[tuple[str, int]]) -> int | None:
        """Count a failed attempt.

        :returns: how many more are allowed; below 0 if it was one of several at once, and too many; None if the store
            does not answer.
        """

        def count(store: Any) -> int:
            return min((limit - store.incr(key, self._period) for key, limit in counters), default=1)

        return self._ask(count)

    def _digest(self, text: str) -> str:
        """A name of fixed length. Who sees the store can't read users, but could try names that he knows."""
        return blake2b(text.encode("utf-8", "backslashreplace"), key=self._key, digest_size=16).hexdigest()

    def _ask(self, question: Callable[[Any], T]) -> T | None:
        """Ask the store, or the memory of this process instead. None if the answer is unknown."""
        if self._store is not self._memory and monotonic() >= self._down_until:
            try:
                return question(self._store)
            except Exception as error:  # each store has errors of its own
                self._down_until = monotonic() + PAUSE
                _LOGGER.warning("the store of failed attempts does not answer: %s", describe_error(error))
        if self._store is not self._memory and self._refuses:
            return None
        return question(self._memory)


def _open_store(url: str) -> Any:
    storage = require_extra("limits.storage", extra="throttle", key="store")
    try:
        return storage.storage_from_string(url, socket_timeout=IO_TIMEOUT, socket_connect_timeout=IO_TIMEOUT)
    except Exception as error:
        expected = "a URL such as memory:// or redis://localhost:6379"
        # the URL may have a password
        raise ConfigError(Mistake("can't be opened", key="store", expected=expected)) from error


def _find_network(client: str) -> str:
    address = parse_address(client[: MAX_PEER + 1])
    if isinstance(address, IPv6Address):
        return str(int(address) >> (128 - IPV6_PREFIX))
    return client[:MAX_PEER] if address is None else str(address)


def _fold_name(user: str) -> str:
    """The one name for all that a directory (RFC 4518) or a database may take for the same user."""
    if not user.isascii():
        # without accents (Mn) and invisible characters (Cf)
        user = "".join(each for each in normalize("NFKD", user) if category(each) not in ("Mn", "Cf"))
    return " ".join(user.casefold().split())
