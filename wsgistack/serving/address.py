"""Addresses that a server can listen on."""

import os
import socket
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from wsgistack.errors import ConfigError, Mistake, Mistakes

__all__ = ["Address", "find_wrong_addresses", "parse_address"]

_FORMS = "HOST:PORT, [IPV6]:PORT or unix:PATH"
_UNIX = "unix:"


class Address(NamedTuple):
    """Where a server listens: at a host and a port, or at the path of a Unix socket.

    :param host: a name or an address; empty for a Unix socket.
    :param port: 0 is any free port.
    :param path: an absolute path; empty for a host and a port.
    """

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_UNIX}{self.path}" if self.path else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL of the server; ``unix:PATH`` for a Unix socket, which has no URL."""
        return str(self) if self.path else f"http://{self}/"

    @classmethod
    def of(cls, listener: socket.socket) -> "Address":
        """The address of a listening socket."""
        name = listener.getsockname()
        return cls(path=name) if isinstance(name, str) else cls(*name[:2])


def parse_address(text: str) -> Address:
    """Parse ``HOST:PORT``, ``[IPV6]:PORT`` or ``unix:PATH``.

    A host is required: ``:8080`` is refused, because sockets read an empty host as "all addresses".

    :raises ConfigError: it is not an address of this form.
    """
    if text.startswith(_UNIX):
        path = text.removeprefix(_UNIX).removeprefix("//")
        if not path or "\0" in path:
            raise ConfigError(Mistake("not a valid path of a socket", value=text, expected=_FORMS))
        return Address(path=os.path.abspath(path))  # noqa: PTH100 (it would follow symbolic links)
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or (":" in host) != is_bracketed or "/" in host:
        hint = f"did you mean 127.0.0.1:{text}?" if text.isdecimal() else ""
        raise ConfigError(Mistake("not a valid address", value=text, expected=_FORMS, hint=hint))
    host = host[1:-1] if is_bracketed else host
    if mistakes := find_wrong_addresses({"host": host, "port": port}):
        raise ConfigError(*(each._replace(key="") for each in mistakes))
    return Address(host, int(port))


def find_wrong_addresses(options: Mapping[str, object]) -> Mistakes:
    """Find mistakes in the options ``host``, ``port`` and ``listen`` of a server, as Waitress understands them.

    A port is a number from 0, which takes any free port, to 65535. An empty host is refused, because sockets read it as
    "all addresses".
    """
    mistakes = Mistakes()
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
