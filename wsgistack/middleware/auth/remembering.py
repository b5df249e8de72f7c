"""What is remembered of credentials: digests instead of secrets, and not too many."""

import os
from contextlib import suppress
from hashlib import blake2b
from typing import TypeVar

__all__ = ["digest_secret", "put_newest"]

Key = TypeVar("Key")
Value = TypeVar("Value")

_KEYED = blake2b(key=os.urandom(32), digest_size=32)


def digest_secret(secret: str) -> bytes:
    """A key of this process for a secret, from which nobody can read it."""
    digest = _KEYED.copy()  # cheaper than a new one with a key
    digest.update(secret.encode("utf-8", "surrogatepass"))
    return digest.digest()


def put_newest(entries: dict[Key, Value], key: Key, value: Value, *, limit: int) -> list[Key]:
    """Put an entry at the end of a mapping, and remove the first ones while there are too many.

    Any number of threads may do so at once. It needs no lock, which a forked process could inherit locked.

    :returns: the keys that were removed.
    """
    entries.pop(key, None)
    entries[key] = value
    removed = []
    while len(entries) > limit:
        with suppress(KeyError, RuntimeError, StopIteration):  # another thread was faster
            oldest = next(iter(entries))
            del entries[oldest]
            removed.append(oldest)
    return removed
