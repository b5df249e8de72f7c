"""Addresses that a server can listen on."""

import socket
from collections.abc import Iterator, Mapping

from wsgistack.errors import Mistake

__all__ = ["find_wrong_addresses"]


def find_wrong_addresses(options: Mapping[str, object]) -> list[Mistake]:
    """Find mistakes in the options ``host``, ``port`` and ``listen`` of a server, as Waitress understands them.

    A port is a number from 0, which takes any free port, to 65535. An empty host is refused, because sockets read it as
    "all addresses".
    """
    mistakes = []
    pairs = [*_split(str(options.get("listen", "")))]
    hosts = [("host", str(options.get("host", "localhost"))), *(("listen", host) for host, _ in pairs)]
    ports = [("port", str(options.get("port", 0))), *(("listen", port) for _, port in pairs)]
    for key, host in hosts:
        if not host.strip():
            expected = "an address such as 127.0.0.1; 0.0.0.0 is all of them"
            mistakes.append(Mistake("not a valid host", key=key, value=host, expected=expected))
    for key, port in ports:
        is_number = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535
        if not (is_number or (key == "listen" and _is_service(port))):
            mistakes.append(Mistake("not a valid port", key=key, value=port, expected="0 to 65535"))
    return mistakes


def _split(listen: str) -> Iterator[tuple[str, str]]:
    """The hosts and ports of several addresses. An address may have no port, and an IPv6 address is in brackets."""
    for each in listen.split():
        host, colon, port = each.rpartition(":")
        yield (host, port) if colon and "]" not in port else (each, "0")


def _is_service(name: str) -> bool:
    """Whether the system knows the port of a service by this name, such as ``http``."""
    try:
        return bool(socket.getservbyname(name))
    except OSError:
        return False
