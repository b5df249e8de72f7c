"""The forms of a request's host that applications treat as equal.

``example.org``, ``Example.org:80``, ``example.org.`` and ``user@example.org`` may all reach the same site.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from wsgistack.errors import ConfigError, Mistake, read_each
from wsgistack.http.addresses import parse_address
from wsgistack.http.forms import MAX_FORMS, Forms, find_forms
from wsgistack.types import Environ

__all__ = ["MAX_HOST", "HostPatterns", "host_forms", "split_host"]

MAX_HOST = 300
"""In characters. A name in DNS has up to 253; the forms of a longer host count as incomplete."""

_PLAIN = re.compile(
    r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]{1,5})?|\[(?P<address>[0-9a-f:.]+)\](?::[0-9]{1,5})?"
)
_BARE_ADDRESS = re.compile(r"[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*")
_READABLE = re.compile(r"[a-z0-9_.:@\[\]-]+")
_PORT = re.compile(r":[0-9]*\Z")
_FORWARDED = ("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_SERVER")
_VALID = re.compile(
    r"(?P<name>[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*)\.?(?::(?P<port>[0-9]{0,5}))?"
    r"|\[(?P<address>[0-9a-f:.]+)\](?::(?P<port6>[0-9]{0,5}))?"
)


def host_forms(environ: Environ) -> Forms:
    """Find the forms of a request's host, in lower case and without a port. It is Host, or else SERVER_NAME.

    Each item of X-Forwarded-Host and X-Forwarded-Server is another reading, because applications behind a proxy take
    the host from there. Bottle always does.

    An ordinary host, with or without a port, has one form: the name, or the IPv6 address without brackets. Others have
    all forms that result from these steps in any order and number: remove the port, everything from the first colon,
    everything before or after an ``@``, dots at the end, and brackets. Their forms are incomplete if the host has other
    characters than a name, an address or user information, or is longer than ``MAX_HOST``.
    """
    forms = _find_forms(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""))
    for key in _FORWARDED:
        if environ.get(key):
            for host in environ[key].split(",", MAX_FORMS):
                forms |= _find_forms(host.strip())
    return forms


def _find_forms(host: str) -> Forms:
    host = host.lower()
    found = _PLAIN.fullmatch(host)
    if found:
        return Forms((found["name"] or found["address"],), is_complete=True)
    if _BARE_ADDRESS.fullmatch(host):  # an IPv6 address that a server names itself by
        return Forms((host,), is_complete=True)
    if len(host) > MAX_HOST:
        return Forms((host,), is_complete=False)
    return find_forms(host, _STEPS, _READABLE.fullmatch)


_MAX_PORT = 65535
_STEPS = (
    lambda host: _PORT.sub("", host) or host,
    lambda host: host.partition(":")[0] or host,
    lambda host: host.rpartition("@")[2] or host,
    lambda host: host.partition("@")[0] or host,
    lambda host: host.rstrip(".") or host,
    lambda host: host.strip("[]") or host,
)


def split_host(host: str) -> tuple[str, int | None] | None:
    """Split the value of a Host header into a name and a port (RFC 9110 §7.2); None if it is not valid.

    The name is in lower case and without a dot at its end. An IPv6 address is without brackets, in its shortest form.
    A port may be empty (RFC 3986 §3.2.3), which counts as none.
    """
    found = _VALID.fullmatch(host.lower()) if len(host) <= MAX_HOST and host.isascii() else None
    if not found:
        return None
    port = found["port"] or found["port6"]
    name = found["name"] or str(parse_address(found["address"]) or "")
    if not name or int(port or 0) > _MAX_PORT:
        return None
    return name, int(port) if port else None


class HostPatterns:
    """Names of hosts and patterns, to ask whether a Host header is one of them.

    ::

        HostPatterns(["example.org", "*.example.org", "[::1]"], key="allowed").contains("www.example.org:8080")

    :param entries: names, IPv4 addresses, IPv6 addresses with or without brackets, or patterns with ``*.`` in the place
        of one or more subdomains: ``*.example.org`` does not match ``example.org``. Ports are not part of an entry.
    :param key: the option that the entries come from, for mistakes.
    :raises ConfigError: an entry is none of these.
    """

    __slots__ = ("_find", "_names", "_suffixes")

    def __init__(self, entries: Iterable[str], *, key: str) -> None:
        names = read_each(_parse_entry, entries, key=key)
        self._names = frozenset(name for name in names if not name.startswith("*"))
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*"))
        self._find = lru_cache(maxsize=1024)(self._is_listed)

    def contains(self, host: str) -> bool:
        """Whether a Host header with any port is one of the hosts. The answers for the last values are kept."""
        return len(host) <= MAX_HOST and self._find(host)

    def _is_listed(self, host: str) -> bool:
        found = split_host(host)
        return found is not None and (found[0] in self._names or found[0].endswith(self._suffixes))


def _parse_entry(entry: str) -> str:
    wildcard, rest = ("*.", entry[2:]) if entry.startswith("*.") else ("", entry)
    address = None if wildcard else parse_address(rest)
    found = (str(address), None) if address else split_host(rest)
    if found is None or found[1] is not None or (rest.endswith(":") and not address):
        likely = entry.rpartition("://")[2].partition("/")[0]
        wildcard = "*." if likely.startswith(("*", ".")) else ""
        found = split_host(likely.lstrip("*."))
        hint = f"write {wildcard}{found[0]}" if found else ""
        expected = "a name without a port, such as example.org or *.example.org"
        raise ConfigError(Mistake(f"not a valid host {entry!r}", value=entry, expected=expected, hint=hint))
    return wildcard + found[0]
