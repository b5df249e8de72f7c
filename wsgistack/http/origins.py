"""Origins, ``https://example.org:8443`` (RFC 6454), and patterns that match them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address

from wsgistack.errors import ConfigError, Mistake, read_each

__all__ = ["MAX_ORIGIN", "Origins", "normalize_origin"]

MAX_ORIGIN = 300
"""In characters. A name in DNS has up to 253; a longer origin is not a valid one."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*"
_ORIGIN = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>(?:\*\.)?{_NAME}|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_WILDCARD = "*."


def normalize_origin(text: str) -> str | None:
    """Return an origin in lower case, with the shortest form of an IPv6 address and without the default port.

    None for any other text. ``null`` is not an origin: browsers send it for many unrelated pages.
    """
    origin = _normalize(text)
    return None if origin is None or _WILDCARD in origin else origin


class Origins:
    """Some origins, to ask whether a request comes from one of them.

    ::

        Origins(["https://example.org", "https://*.example.org"], key="origins").contains("https://www.example.org")

    :param entries: whole origins, or patterns with ``*.`` in the place of one or more subdomains.
        ``https://*.example.org`` matches ``https://a.b.example.org``, but neither ``https://example.org`` nor
        ``https://badexample.org``.
    :param key: the option that the entries come from, for mistakes.
    :raises ConfigError: an entry is neither, for example because it has a path.
    """

    __slots__ = ("_exact", "_find", "_suffixes")

    def __init__(self, entries: Iterable[str], *, key: str) -> None:
        origins = read_each(_parse_pattern, entries, key=key)
        self._exact = frozenset(origin for origin in origins if _WILDCARD not in origin)
        self._suffixes = tuple(origin.partition("*")[::2] for origin in origins if _WILDCARD in origin)
        self._find = lru_cache(maxsize=1024)(self._is_listed)

    def contains(self, origin: str) -> bool:
        """Whether the value of an ``Origin`` header is one of the origins. The answers for the last values are kept."""
        return len(origin) <= MAX_ORIGIN and self._find(origin)

    def _is_listed(self, origin: str) -> bool:
        normal = normalize_origin(origin)
        if normal is None:
            return False
        return normal in self._exact or any(
            normal.startswith(scheme) and normal.endswith(suffix) for scheme, suffix in self._suffixes
        )


def _parse_pattern(entry: str) -> str:
    origin = _normalize(entry)
    if origin is None:
        scheme, _, rest = entry.rpartition("://")
        likely = f"{scheme or 'https'}://{rest.partition('/')[0]}"
        hint = f"write {likely}" if entry != "null" and _normalize(likely) else ""
        if not entry.isascii():
            hint = "write the name in ASCII, as browsers send it: xn--…"
        expected = "a scheme and a host, such as https://example.org or https://*.example.org"
        raise ConfigError(Mistake(f"not a valid origin {entry!r}", value=entry, expected=expected, hint=hint))
    return origin


def _normalize(text: str) -> str | None:
    found = _ORIGIN.fullmatch(text.lower()) if len(text) <= MAX_ORIGIN and text.isascii() else None
    if not found:
        return None
    scheme, host, port = found.groups()
    if port is not None and int(port) > 65535:
        return None
    if host[0] == "[":
        try:
            host = f"[{IPv6Address(host[1:-1])}]"
        except ValueError:
            return None
    port = str(int(port)) if port else port
    return f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"
