"""Addresses of clients in an access log: whole, truncated, or hashed with a key that changes each day."""

import os
import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address
from time import time
from typing import Literal, get_args

from wsgistack.errors import ConfigError, Mistake, suggest
from wsgistack.http.addresses import Address, parse_node

__all__ = ["Addresses", "carries_addresses", "make_hider"]

Addresses = Literal["full", "truncated", "hashed"]

_HEADERS = re.compile(
    r"FORWARDED(?:_?FOR)?$|(?:ORIGINAL|PROXIED)_?FOR$|REMOTE_(?:ADDR|HOST)$|(?:EXTERNAL|VIEWER)_?ADDRESS$|\.PEER$"
    r"|(?:REAL|CLIENT|USER|CONNECTING|CONNECTION|ORIGINATING|REMOTE|CLUSTER|SOCKET)_?IP(?:V[46])?$"
)
_CANDIDATE = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+")  # from the first digit on, for speed
_KEPT_BITS = {4: 24, 6: 48}  # as analytics services keep them
_KEPT_BITS_OF_6TO4 = 16 + _KEPT_BITS[4]  # the whole IPv4 address follows the first 16; in NAT64 and Teredo it is later
_DAY = 86400
_HASH = 8  # bytes: enough that two clients of a day hardly ever share one
_KEY = 32  # bytes


def carries_addresses(name: str) -> bool:
    """Whether a header or a variable of an environ has the address of a client."""
    return _HEADERS.search(name.upper().replace("-", "_")) is not None


def make_hider(addresses: str, key: str | None) -> Callable[[str], str] | None:
    """Return a function that hides each address in a text, or None if addresses are written in full.

    :param key: a secret for ``hashed``, so that several processes agree.
    :raises ConfigError: the mode is unknown, or does not fit the key.
    """
    if addresses not in get_args(Addresses):
        hint = suggest(addresses, get_args(Addresses))
        raise ConfigError(Mistake(f"unknown mode {addresses!r}", key="addresses", value=addresses, hint=hint))
    if key is not None and addresses != "hashed":
        raise ConfigError(Mistake("changes nothing", key="address_key", hint="write addresses = hashed"))
    if key == "":
        raise ConfigError(Mistake("is empty", key="address_key", expected="a secret text, or none"))
    if addresses == "full":
        return None
    key_of = _derive_from(key) if key else _DailyKeys().__getitem__
    hide = _truncate if addresses == "truncated" else _make_hash(key_of)

    def hide_one(found: re.Match[str]) -> str:
        node = parse_node(found[0])
        return "-" if node is None else hide(node[0])

    return lambda text: _CANDIDATE.sub(hide_one, text)


def _truncate(address: Address) -> str:
    is_6to4 = isinstance(address, IPv6Address) and address.sixtofour is not None
    shift = address.max_prefixlen - (_KEPT_BITS_OF_6TO4 if is_6to4 else _KEPT_BITS[address.version])
    return str(type(address)(int(address) >> shift << shift))


def _make_hash(key_of: Callable[[int], bytes]) -> Callable[[Address], str]:
    @lru_cache(maxsize=1024)
    def digest(address: Address, day: int) -> str:
        return blake2b(address.packed, key=key_of(day), digest_size=_HASH).hexdigest()

    return lambda address: digest(address, int(time() // _DAY))


def _derive_from(secret: str) -> Callable[[int], bytes]:
    master = blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
    return lambda day: blake2b(str(day).encode(), key=master, digest_size=_KEY).digest()


class _DailyKeys(dict[int, bytes]):
    """A random key for each day. Nobody can compute the one of a day that is over."""

    def __missing__(self, day: int) -> bytes:
        # Two keys for one day would make two clients of one. A lock would wait forever for itself if a garbage
        # collection wrote another line meanwhile.
        key = self.setdefault(day, os.urandom(_KEY))
        for other in self.copy():
            if other < day:
                self.pop(other, None)
        return key
