"""``wsgistack serve``: the application of a configuration, with its logging, on its server."""

import argparse
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from wsgistack.cli.arguments import Commands, add_file
from wsgistack.cli.checking import collect_order, warn
from wsgistack.cli.tree import draw_tree
from wsgistack.config import open_document, read
from wsgistack.config.document import Document
from wsgistack.config.parts import Server, in_order
from wsgistack.config.protocols import SERVER_PROTOCOLS
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake, Mistakes

__all__ = ["add_command", "serve"]

_HOST, _PORT = "127.0.0.1", 8080


def add_command(commands: Commands) -> None:
    """Add ``wsgistack serve``."""
    command = commands.add_parser("serve", help="serve an application over HTTP")
    command.add_argument("--host", help=f"serve with Waitress on this address (default: {_HOST})")
    command.add_argument("-p", "--port", help=f"serve with Waitress on this port; 0: a free one (default: {_PORT})")
    command.add_argument(
        "--server", metavar="NAME", help="serve with this server of FILE (default: main, if FILE has it)"
    )
    command.add_argument("--reload", action="store_true", help="restart when a file changes; always uses Waitress")
    command.add_argument("-q", "--quiet", action="store_true", help="do not print the address and the layers")
    command.add_argument("-v", "--verbose", action="store_true", help="log DEBUG messages, if FILE sets up no logging")
    add_file(command)
    command.set_defaults(run=serve)


def serve(parsed: argparse.Namespace) -> int:
    """Serve until the process is asked to stop."""
    parsed.has_address = (parsed.host, parsed.port) != (None, None)
    if parsed.server and parsed.has_address:
        raise ConfigError(Mistake("conflicts with --host and --port", key="--server"))
    if parsed.reload:
        from wsgistack.serving.reload import is_worker, supervise, work

        if is_worker():
            work(partial(_serve, parsed))
            return 0
        options: Mapping[str, object] = {}
        with suppress(ConfigError):  # the worker reports it
            server = _read_server(open_document(parsed.file, parsed.values), parsed)
            options = server.fitted(SERVER_PROTOCOLS)[1] if server else {}
        supervise(*_find_address(parsed, options), command=[sys.executable, *sys.orig_argv[1:]])
    else:
        _serve(parsed)
    _say(parsed, "Stopped.")
    return 0


def _serve(parsed: argparse.Namespace, serve_for_parent: Callable[..., None] | None = None) -> None:
    """Set up logging, build the application, and serve it."""
    document = open_document(parsed.file, parsed.values)
    server = None
    mistakes = Mistakes()
    with mistakes.collect():
        server = _read_server(document, parsed)
        mistakes += server.check() if server else []
    stack = read(document, parsed.name)
    log = document.logging()
    mistakes += log.check() if log else []
    if log and not mistakes:
        with mistakes.collect():
            log.apply()
    with collect_order() as order, mistakes.collect():
        app = stack.build()
    if parsed.strict:
        mistakes += [*stack.pipeline.misplaced(), *order]
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    warn(order)
    if not log:
        level = logging.DEBUG if parsed.verbose else logging.INFO
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    tree = draw_tree(document, parsed.name, stack, is_whole=False)

    def ready(url: str) -> None:
        _say(parsed, f"Serving on {url} (stop with Ctrl-C)\n{tree}")

    if serve_for_parent:
        serve_for_parent(app, ready=ready, **_waitress_options(server))
    elif server:
        _say(parsed, f"Starting {server.use} (stop with Ctrl-C)\n{tree}")
        server.run(app)
    else:
        from wsgistack.serving import serve as serving

        serving.serve(app, serving.open_listener(*_find_address(parsed, {})), ready=ready)


def _read_server(document: Document, parsed: argparse.Namespace) -> Server | None:
    """The server section to use; None for Waitress without one."""
    name = parsed.server or ("main" if "main" in document.servers() and not parsed.has_address else "")
    return document.server(name, document.start()) if name else None


def _waitress_options(server: Server | None) -> Mapping[str, object]:
    """All but the address, if the section is about Waitress; another server's options mean nothing to it."""
    factory, options = server.fitted(SERVER_PROTOCOLS) if server else (None, {})
    is_waitress = factory and factory.uri.partition("#")[0] in ("egg:waitress", "egg:wsgistack")
    return {key: value for key, value in options.items() if is_waitress and key not in ("host", "port", "listen")}


def _find_address(parsed: argparse.Namespace, options: Mapping[str, object]) -> list[str]:
    """Where to listen: as the arguments say, or else as the options of a server do."""
    listen = next(iter(str(options.get("listen", "")).split()), "")  # Waitress takes several, separated by blanks
    host, colon, port = listen.rpartition(":") if ":" in listen.rpartition("]")[2] else (listen, "", "")
    host = host.strip("[]").replace("*", "0.0.0.0")  # noqa: S104 (as the file says)
    hosts = (parsed.host, host or None, options.get("host"), _HOST)
    ports = (parsed.port, port if colon else None, options.get("port"), _PORT)
    return [as_text(next(each for each in values if each is not None)) for values in (hosts, ports)]


def _say(parsed: argparse.Namespace, text: str) -> None:
    if not parsed.quiet:
        print(text, flush=True)
