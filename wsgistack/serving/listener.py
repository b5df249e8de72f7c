"""Listening sockets: at a host and a port, or at the path of a Unix socket."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake
from wsgistack.serving.address import Address, find_wrong_addresses

__all__ = ["SOCKET_MODE", "check_address", "listen", "open_listener"]

SOCKET_MODE = 0o600  # permissions of a Unix socket, as with Waitress: only this user can connect
_BACKLOG = 1024
_OTHER = "choose another host or port"
_HINTS = {
    errno.EADDRINUSE: "choose another port, or stop the program that has it",
    errno.EADDRNOTAVAIL: "choose an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them",
    errno.EACCES: "choose a port from 1024 on",
}


@contextmanager
def listen(address: Address, *, mode: int = SOCKET_MODE) -> Iterator[socket.socket]:
    """Listen until the end of a block. A Unix socket is removed from its folder then.

    :param mode: the permissions of a Unix socket.
    :raises ConfigError: the address can't be used. A socket that nobody listens on any more is replaced.
    """
    if not address.path:
        with open_listener(address.host, address.port) as listener:
            yield listener
        return
    path = Path(address.path)
    with _open_unix_listener(path, mode) as listener:
        own = path.lstat()
        try:
            yield listener
        finally:
            with suppress(OSError):  # it is gone already
                if os.path.samestat(own, path.lstat()):
                    path.unlink()


def check_address(address: Address) -> None:
    """Check that a server can listen on an address, before it starts. A socket that was left behind is removed.

    :raises ConfigError: the address can't be used. Several servers may share a port if all of them ask for that.
    """
    if address.path:
        with listen(address):
            return
    open_listener(address.host, address.port, reuse_port=hasattr(socket, "SO_REUSEPORT")).close()


def open_listener(host: str, port: str | int, *, reuse_port: bool = False) -> socket.socket:
    """Open a listening socket at a host and a port.

    :param host: a name or an address. An empty one is refused, since sockets read it as "all addresses".
    :param port: 0 takes any free port.
    :param reuse_port: whether other sockets may listen there, too, if they say the same.
    :raises ConfigError: the host or the port is invalid, or the system refuses them.
    """
    find_wrong_addresses({"host": host, "port": port}).raise_if_any()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG, reuse_port=reuse_port)
    except (OSError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        problem = f"can't listen on {host} port {port}: {reason}"
        raise ConfigError(Mistake(problem, hint=_HINTS.get(getattr(error, "errno", 0), _OTHER))) from error


def _open_unix_listener(path: Path, mode: int) -> socket.socket:
    problem = f"can't listen on unix:{path}: "
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigError(Mistake(f"{problem}this system has no Unix sockets", hint="choose a host and a port"))
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket() and not _is_served(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(mode)  # nobody can connect before listen()
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = "the file exists" if error.errno == errno.EADDRINUSE and not path.is_socket() else error.strerror
        raise ConfigError(Mistake(f"{problem}{reason or error}", hint="choose another path")) from error
    return listener


def _is_served(path: Path) -> bool:
    """Whether a server listens on a Unix socket. A server that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True
