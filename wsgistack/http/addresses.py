"""Addresses of clients, and networks that contain them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from wsgistack.errors import ConfigError, Mistake, read_each
from wsgistack.types import Environ

__all__ = ["MAX_PEER", "PEER", "UNSPECIFIED", "Address", "Networks", "find_peer", "parse_address", "parse_node"]

PEER = "wsgistack.peer"
"""Where ``forwarded`` keeps the values of the connection that it has replaced."""

UNSPECIFIED = "0.0.0.0"  # noqa: S104 (an address in no network that anybody lists)

Address: TypeAlias = IPv4Address | IPv6Address

MAX_NODE = 80
"""In characters: an IPv6 address in brackets with a zone and a port needs fewer."""

MAX_PEER = 200
"""In characters: the path of a Unix socket has up to 107. A longer ``REMOTE_ADDR`` is in no network."""

_HIDDEN_PORT = "_[A-Za-z0-9._-]+"
_NODE = re.compile(
    rf"(?P<ipv4>[0-9.]+)(?::(?:(?P<port4>[0-9]{{1,5}})|{_HIDDEN_PORT}))?"
    r"|\[(?P<bracketed>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._~-]+)?)\]"
    rf"(?::(?:(?P<port6>[0-9]{{1,5}})|{_HIDDEN_PORT}))?"
    r"|(?P<ipv6>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?)"
)
_UNIX = "unix"
# What servers write as REMOTE_ADDR for a peer on a Unix socket: mostly nothing, Waitress localhost, Werkzeug <local>.
_UNIX_PEER = re.compile(r"|localhost|<local>|unix:.*|[/@\0].*")
_MAX_PORT = 65535


def parse_address(text: str) -> Address | None:
    """Read an IP address; None for any other text.

    A zone (``fe80::1%eth0``) is removed, because it means something only on the machine that wrote it. An IPv4-mapped
    address (``::ffff:192.0.2.1``) is the IPv4 address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def parse_node(text: str) -> tuple[Address, int | None] | None:
    """Read an address with or without a port, as proxies write it (RFC 7239 §6); None for any other text.

    ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1``, ``[2001:db8::1]`` and ``[2001:db8::1]:80`` are nodes. ``unknown``
    and obfuscated names such as ``_proxy`` are not, because they name no address. An obfuscated port counts as none.
    """
    found = _NODE.fullmatch(text) if len(text) <= MAX_NODE else None
    if not found:
        return None
    address = parse_address(found["ipv4"] or found["bracketed"] or found["ipv6"])
    port = found["port4"] or found["port6"]
    if address is None or int(port or 0) > _MAX_PORT:
        return None
    return address, int(port) if port else None


def find_peer(environ: Environ) -> str:
    """The address of the connection's other end, also inside of a layer that has replaced it with the client's.

    Empty for a peer on a Unix socket.
    """
    replaced = environ.get(PEER) or {}
    peer = replaced["REMOTE_ADDR"] if "REMOTE_ADDR" in replaced else environ.get("REMOTE_ADDR")
    return "" if not peer or peer == UNSPECIFIED else str(peer)  # uWSGI writes 0.0.0.0 for a Unix socket


class Networks:
    """Some networks and addresses, to ask whether a client is in one of them.

    ::

        Networks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1", "unix"], key="trusted").contains_peer("10.1.2.3")

    A question costs the same for a thousand networks as for one, because it looks at each length of prefix once.

    :param entries: IPv4 and IPv6 addresses, networks in CIDR notation, and ``unix`` for peers on a Unix socket. uWSGI
        writes 0.0.0.0 for these, which is not ``unix``, because ``forwarded`` writes it for unknown clients.
    :param key: the option that the entries come from, for mistakes.
    :raises ConfigError: an entry is none of these, or is a network with host bits set, such as ``10.1.2.3/8``.
    """

    __slots__ = ("_find", "_has_unix", "_prefixes")

    def __init__(self, entries: Iterable[str], *, key: str) -> None:
        listed = [*entries]
        self._has_unix = _UNIX in listed
        prefixes: dict[tuple[int, int], set[int]] = {}
        for network in read_each(_parse_network, (each for each in listed if each != _UNIX), key=key):
            shift = network.max_prefixlen - network.prefixlen
            prefixes.setdefault((network.version, shift), set()).add(int(network.network_address) >> shift)
        self._prefixes = tuple((version, shift, frozenset(each)) for (version, shift), each in prefixes.items())
        self._find = lru_cache(maxsize=1024)(self._is_inside)

    def __contains__(self, address: Address) -> bool:
        """Whether an address is in a network."""
        asked, number = address.version, int(address)
        return any(version == asked and number >> shift in each for version, shift, each in self._prefixes)

    def contains_peer(self, remote_addr: str) -> bool:
        """Whether a ``REMOTE_ADDR`` is in a network. The answers for the last peers are kept."""
        return len(remote_addr) <= MAX_PEER and self._find(remote_addr)

    def _is_inside(self, remote_addr: str) -> bool:
        address = parse_address(remote_addr)
        if address is None:
            return self._has_unix and _UNIX_PEER.fullmatch(remote_addr) is not None
        return address in self


def _parse_network(entry: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(entry)
    except ValueError as error:
        problem, hint = f"not a valid network {entry!r}", ""
        if "host bits set" in str(error):
            problem, hint = f"the network {entry!r} has host bits set", f"write {ip_network(entry, strict=False)}"
        expected = f"an address, a network such as 10.0.0.0/8, or {_UNIX}"
        raise ConfigError(Mistake(problem, value=entry, expected=expected, hint=hint)) from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return IPv4Network((mapped, network.prefixlen - 96)) if mapped else network
