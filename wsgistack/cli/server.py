"""The arguments of ``wsgistack serve`` that choose the server and where it listens."""

import argparse
import re
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

from wsgistack.cli.development import find_hosts
from wsgistack.cli.parser import Commands, Parser, add_parser
from wsgistack.cli.target import open_target
from wsgistack.config.document import Document
from wsgistack.config.parts import ServerSection
from wsgistack.errors import ConfigError, suggest
from wsgistack.options.conversion import label
from wsgistack.serving.address import Address, find_wrong_addresses, parse_address
from wsgistack.serving.listener import SOCKET_MODE, listen
from wsgistack.serving.programs import ARGUMENTS, SERVERS, THREADS, UNIX, WORKERS, Program, find_inability

__all__ = [
    "add_server",
    "choose_server",
    "find_program_address",
    "find_program_hosts",
    "find_section",
    "find_section_hosts",
    "listen_as_asked",
    "read_waitress_options",
]

_HOST, _PORT = "127.0.0.1", 8080
_MODE = "unix_socket_perms"  # an option of Waitress
_DESCRIPTION = """\
Runs an application behind its layers, until you press Ctrl-C. TARGET is a file with the layers, or the application
itself: shop:app is the variable app of the module shop.py. wsgistack --help shows a whole file.

What follows -- goes to the server unchanged. For example, gunicorn serves HTTPS:

  wsgistack serve shop.toml --server gunicorn --workers 4 -b 0.0.0.0:8443 \\
      -- --certfile cert.pem --keyfile key.pem

TLS, HTTP/2, restarts of workers and the user of the process are the server's business. Its own help, such as gunicorn
--help, lists its arguments."""
_EXAMPLES = {
    "Serve the application of stack.toml": "wsgistack serve stack.toml",
    "Choose the port, and restart when you save a file": "wsgistack serve --port 8000 --reload stack.toml",
    "Without a file": "wsgistack serve shop:app --layer request_id --layer access_log",
    "With a password, to try it; in a file, the password can come from elsewhere": (
        "wsgistack serve shop:app --layer \"basic_auth users='ada = lovelace'\""
    ),
    "On gunicorn, with an option of its own": (
        "wsgistack serve stack.toml --server gunicorn --workers 2 -- --keep-alive 5"
    ),
}


def add_server(commands: Commands) -> Parser:
    """Add ``wsgistack serve`` with these arguments."""
    command = add_parser(
        commands, "serve", summary="run an application with its layers", description=_DESCRIPTION, examples=_EXAMPLES
    )
    command.add_argument(
        "--server",
        metavar="SERVER",
        help=f"serve with {', '.join(SERVERS)} (default: waitress if it is installed, or else wsgiref)",
    )
    command.add_argument(
        "--server-name",
        metavar="NAME",
        help="serve with this server of the file (default: main, if the file has it, and if neither --server nor an "
        "address is given)",
    )
    command.add_argument(
        *("-b", "--bind"),
        metavar="ADDRESS",
        type=_parse_address,
        help=f"listen on HOST:PORT, [IPV6]:PORT or unix:PATH (default: {_HOST}:{_PORT}); port 0: a free one",
    )
    command.add_argument("--host", type=partial(_check, "host"), help="the host of --bind alone")
    command.add_argument("-p", "--port", type=partial(_check, "port"), help="the port of --bind alone")
    command.add_argument("--workers", metavar="N", type=_parse_count, help="processes (default: the server's own)")
    command.add_argument(
        "--threads", metavar="N", type=_parse_count, help="threads in each process (default: the server's own)"
    )
    return command


def choose_server(parsed: argparse.Namespace) -> str:
    """The name of the server, unless a section of a file is the server.

    Arguments that do not fit together, or that this server cannot follow, end the program.
    """
    asked = {
        "--server": parsed.server,
        "--bind": parsed.bind,
        "--host": parsed.host,
        "--port": parsed.port,
        WORKERS: parsed.workers,
        THREADS: parsed.threads,
        ARGUMENTS: parsed.server_arguments,
    }
    given = [name for name, value in asked.items() if value not in (None, [])]
    error = parsed.command.error
    if parsed.server_name is not None and given:
        error(f"argument --server-name: not allowed with argument {given[0]}")
    if "--bind" in given and (address := {"--host", "--port"} & {*given}):
        error(f"argument --bind: not allowed with argument {min(address)}")
    if parsed.server is not None and parsed.server not in SERVERS:
        error(f"argument --server: unknown server {parsed.server!r}; {_suggest_server(parsed)}")
    name: str = parsed.server or ("waitress" if SERVERS["waitress"].find() else "wsgiref")
    given += [UNIX] if parsed.bind and parsed.bind.path else []
    for argument in given:
        if problem := find_inability(name, argument):
            error(f"argument {argument.split()[0]}: {problem}")
    if parsed.reload and parsed.server not in (None, "waitress"):
        own = SERVERS[name].reload
        hint = f"; {name} has an option of its own: write -- {own}" if own else ""
        error(f"argument --reload: only with waitress, and not with {name}{hint}")
    return name


def find_section(document: Document, parsed: argparse.Namespace) -> ServerSection | None:
    """The server section to use; None without one."""
    has_address = (parsed.bind, parsed.host, parsed.port) != (None, None, None)
    is_main = parsed.server_name is None and "main" in document.servers and not (parsed.server or has_address)
    if is_main:
        given = ((WORKERS, parsed.workers), (THREADS, parsed.threads), (ARGUMENTS, parsed.server_arguments))
        for name in (name for name, value in given if value):
            hint = "set it there, or choose a server with --server"
            parsed.command.error(f"argument {name}: not allowed with the server main of {document.file}; {hint}")
    name = "main" if is_main else parsed.server_name
    return None if name is None else document.server(name, document.start())


def listen_as_asked(parsed: argparse.Namespace, options: Mapping[str, object]) -> AbstractContextManager[socket.socket]:
    """Listen during a block, as the arguments say, or else as the options of a section do.

    :raises ConfigError: the options are not a host and a port, or the address can't be used.
    """
    mode = str(read_waitress_options(parsed).get(_MODE, f"{SOCKET_MODE:o}"))
    if not re.fullmatch("[0-7]+", mode):
        parsed.command.error(f"argument --: not valid permissions in --{_MODE.replace('_', '-')}; expected such as 660")
    return listen(_find_address(parsed, options), mode=int(mode, 8))


def find_program_address(parsed: argparse.Namespace, program: Program) -> Address | None:
    """Where a program of its own listens; None if what follows ``--`` says it."""
    is_asked = (parsed.bind, parsed.host, parsed.port) != (None, None, None)
    return _find_address(parsed, {}) if is_asked or not program.find_addresses(parsed.server_arguments) else None


def find_program_hosts(parsed: argparse.Namespace, program: Program) -> list[str]:
    """The hosts where a program of its own listens, as far as the arguments say."""
    if address := find_program_address(parsed, program):
        return [address.host or str(address)]
    given = program.find_addresses(parsed.server_arguments)
    return find_hosts({"bind": " ".join(value for name, value in given if name == "--host" or ":" in value)}, _HOST)


def find_section_hosts(section: ServerSection) -> list[str]:
    """The hosts where the server of a section listens, as far as its options say."""
    default = "0.0.0.0" if section.package == "egg:waitress" else _HOST  # noqa: S104
    return find_hosts(section.fitted()[1], default)


def read_waitress_options(parsed: argparse.Namespace, section: ServerSection | None = None) -> dict[str, Any]:
    """The options of Waitress but for its address, as the arguments say, or else as a section about Waitress does."""
    if section:
        if not section.has_waitress_options:
            return {}  # another server's options mean nothing to it
        return {key: value for key, value in section.fitted()[1].items() if key not in ("host", "port", "listen")}
    given: dict[str, Any] = {"threads": parsed.threads} if parsed.threads else {}
    if parsed.server_arguments:
        from wsgistack.serving.serve import parse_waitress_arguments

        try:
            given |= parse_waitress_arguments(parsed.server_arguments)
        except ConfigError as problem:
            parsed.command.error(f"argument --: {problem}")
    return given


def _find_address(parsed: argparse.Namespace, options: Mapping[str, object]) -> Address:
    if parsed.bind is not None:
        return parsed.bind  # type: ignore[no-any-return]
    listen = next(iter(str(options.get("listen", "")).split()), "")  # Waitress takes several, separated by blanks
    host, colon, port = listen.rpartition(":") if ":" in listen.rpartition("]")[2] else (listen, "", "")
    host = host.strip("[]").replace("*", "0.0.0.0")  # noqa: S104 (as the file says)
    hosts = (parsed.host, host or None, options.get("host"), _HOST)
    ports = (parsed.port, port if colon else None, options.get("port"), _PORT)
    host, port = (label(next(each for each in values if each is not None)) for values in (hosts, ports))
    find_wrong_addresses({"host": host, "port": port}).raise_if_any()
    return Address(host, int(port))


def _suggest_server(parsed: argparse.Namespace) -> str:
    with suppress(ConfigError):  # the file may be the next mistake
        if parsed.server in open_target(parsed).servers:
            return f"did you mean --server-name {parsed.server}?"
    return suggest(parsed.server, SERVERS)


def _parse_address(text: str) -> Address:
    try:
        return parse_address(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _check(key: str, text: str) -> str:
    for mistake in find_wrong_addresses({key: text}):
        raise argparse.ArgumentTypeError(str(mistake._replace(key="")))
    return text


def _parse_count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text)):
        raise argparse.ArgumentTypeError(f"not a valid number {text!r}; expected 1 or more")
    return int(text)
