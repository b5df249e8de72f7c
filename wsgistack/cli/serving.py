"""``wsgistack serve``: the application of a configuration, with its logging, on its server."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from wsgistack.cli.arguments import Commands, add_file
from wsgistack.cli.checking import collect_order, warn
from wsgistack.cli.tree import LayerTree
from wsgistack.config import open_document, read
from wsgistack.config.document import Document
from wsgistack.config.parts import Server, Stack, in_order, stand_in
from wsgistack.config.protocols import SERVER_PROTOCOLS
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.types import App

__all__ = ["add_command", "serve"]

_HOST, _PORT = "127.0.0.1", 8080
_MAIN = "main"


def add_command(commands: Commands) -> None:
    """Add ``wsgistack serve``."""
    command = commands.add_parser("serve", help="serve the application of a configuration")
    command.add_argument("--host", help="serve on Waitress, on this address (127.0.0.1)")
    command.add_argument("-p", "--port", help="serve on Waitress, on this port; 0 takes any free one (8080)")
    command.add_argument("-b", "--bind", metavar="HOST:PORT", help="the same as --host and --port")
    command.add_argument(
        "--server", metavar="NAME", help="serve on this server of the file (main, if the file has one)"
    )
    command.add_argument(
        "--reload", action="store_true", help="start again when the configuration or the code changes; uses Waitress"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="do not print the address and the layers")
    command.add_argument(
        "-v", "--verbose", action="store_true", help="log from DEBUG on, if the file sets up no logging"
    )
    add_file(command)
    command.set_defaults(run=serve)


def serve(parsed: argparse.Namespace) -> int:
    """Serve until the process is asked to stop."""
    if parsed.bind is not None:
        if parsed.host is not None or parsed.port is not None:
            raise ConfigError(Mistake("conflicts with --host and --port", key="--bind"))
        parsed.host, parsed.port = _split_address(parsed.bind)
    if parsed.server and _has_address(parsed):
        raise ConfigError(Mistake("conflicts with --host, --port and --bind", key="--server"))
    if parsed.reload:
        return _serve_with_reload(parsed)
    from wsgistack.serving.serve import open_listener
    from wsgistack.serving.serve import serve as serve_app

    document = open_document(parsed.file, parsed.values)
    server, mistakes = _checked_server(document, parsed)
    app, stack = _application(document, parsed, mistakes)
    ready = _ready(document, parsed, stack)
    if server:
        ready(f"with {server.use}")
        server.run(app)
    else:
        serve_app(app, open_listener(*_address(parsed, {})), ready=lambda url: ready(f"on {url}"))
    _say(parsed, "Stopped.")
    return 0


def _serve_with_reload(parsed: argparse.Namespace) -> int:
    from wsgistack.serving.reload import serve_with_reload

    options: Mapping[str, object] = {}
    with suppress(ConfigError):  # the process that serves reports it
        server = _server(open_document(parsed.file, parsed.values), parsed)
        options = server.fitted(SERVER_PROTOCOLS)[1] if server else {}
    files = {parsed.file}

    def run(serve_app: Callable[..., None]) -> None:
        document = open_document(parsed.file, parsed.values)
        server, mistakes = _checked_server(document, parsed)
        app, stack = _application(document, parsed, mistakes)
        files.update(each.where.file for each in (stack.application, *stack.pipeline) if each and each.where.file)
        ready = _ready(document, parsed, stack)
        serve_app(app, ready=lambda url: ready(f"on {url}"), **_waitress_options(server))

    host, port = _address(parsed, options)
    if serve_with_reload(run, host, port, files=files, command=[sys.executable, *sys.orig_argv[1:]]):
        _say(parsed, "Stopped.")
    return 0


def _has_address(parsed: argparse.Namespace) -> bool:
    return parsed.host is not None or parsed.port is not None


def _server(document: Document, parsed: argparse.Namespace) -> Server | None:
    """The server of the file to use; None for Waitress without a section of its own."""
    if not parsed.server and (_has_address(parsed) or _MAIN not in document.servers()):
        return None
    return document.server(parsed.server or _MAIN, document.start())


def _checked_server(document: Document, parsed: argparse.Namespace) -> tuple[Server | None, Mistakes]:
    mistakes = Mistakes()
    server = None
    with mistakes.collect():
        server = _server(document, parsed)
        mistakes += server.check() if server else []
    return server, mistakes


def _waitress_options(server: Server | None) -> Mapping[str, object]:
    """All but the address, if the section is about Waitress; another server's options mean nothing to it."""
    factory, options = server.fitted(SERVER_PROTOCOLS) if server else (None, {})
    is_waitress = factory and factory.uri.partition("#")[0] in ("egg:waitress", "egg:wsgistack")
    return {key: value for key, value in options.items() if is_waitress and key not in ("host", "port", "listen")}


def _address(parsed: argparse.Namespace, options: Mapping[str, object]) -> tuple[str, str]:
    """Where to listen: as the arguments say, or else as the options of a server do."""
    listen = next(iter(str(options.get("listen", "")).split()), "")  # Waitress takes several, separated by blanks
    host, port = _split_address(listen) if listen else (None, None)
    hosts = (parsed.host, host, options.get("host"), _HOST)
    ports = (parsed.port, port, options.get("port"), _PORT)
    return _first(hosts), _first(ports)


def _first(values: Iterable[object]) -> str:
    return as_text(next(each for each in values if each is not None))


def _split_address(address: str) -> tuple[str, str | None]:
    """Split HOST:PORT, where an IPv6 address is in brackets and either part may be missing."""
    host, colon, port = address.rpartition(":") if ":" in address.rpartition("]")[2] else (address, "", "")
    return host.strip("[]").replace("*", "0.0.0.0"), port if colon else None  # noqa: S104 (as the user asks)


def _application(document: Document, parsed: argparse.Namespace, mistakes: Mistakes) -> tuple[App, Stack]:
    """Set up logging and build the application.

    :param mistakes: those found so far; they are reported together with the others.
    """
    stack = read(document, parsed.name)
    log = document.logging()
    mistakes += log.check() if log else []
    if log and not mistakes:
        with mistakes.collect():
            log.apply()
    app: App = stand_in
    with collect_order() as order, mistakes.collect():
        app = stack.build()
    if parsed.strict:
        mistakes += [*stack.pipeline.misplaced(), *map(Mistake, order)]
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    warn(order)
    if not log:
        level = logging.DEBUG if parsed.verbose else logging.INFO
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return app, stack


def _ready(document: Document, parsed: argparse.Namespace, stack: Stack) -> Callable[[str], None]:
    tree = LayerTree(document, is_whole=False).draw(parsed.name, stack)
    return lambda how: _say(parsed, f"Serving {how} (stop with Ctrl-C)\n{tree}")


def _say(parsed: argparse.Namespace, text: str) -> None:
    if not parsed.quiet:
        print(text, flush=True)
