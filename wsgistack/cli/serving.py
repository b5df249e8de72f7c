"""``wsgistack serve``: the application of a configuration, with its logging, on its server."""

import argparse
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from wsgistack.cli.checking import noting_order, warn
from wsgistack.cli.tree import LayerTree
from wsgistack.config import read, read_server
from wsgistack.config.document import open_document
from wsgistack.config.loader import Document
from wsgistack.config.parts import Server
from wsgistack.config.protocols import SERVER_PROTOCOLS
from wsgistack.config.stack import Stack, in_order, stand_in
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.types import App

__all__ = ["serve"]

_HOST, _PORT = "127.0.0.1", 8080
_MAIN = "main"


class _Serve(Protocol):
    def __call__(self, app: App, host: str, port: int, *, ready: Callable[[str], object]) -> None: ...


def serve(parsed: argparse.Namespace) -> int:
    """Serve until the process is asked to stop."""
    if parsed.server and _is_built_in(parsed):
        raise ConfigError(Mistake("stands beside --host or --port, which are for the built-in server", "--server"))
    if parsed.reload:
        return _serve_anew(parsed)
    from wsgistack.serving.serve import serve as built_in

    document = open_document(parsed.file, parsed.values)
    server, mistakes = _checked_server(document, parsed)
    app, stack = _application(document, parsed, mistakes)
    ready = _ready(document, parsed, stack)
    if server:
        ready(f"with {server.use}")
        server.run(app)
    else:
        built_in(app, *_address(parsed, {}), ready=lambda address: ready(f"on {address}"))
    print("Stopped.")
    return 0


def _serve_anew(parsed: argparse.Namespace) -> int:
    """Serve in another process, with the built-in server: it alone can hand its socket on."""
    from wsgistack.serving.reload import reloading

    options: Mapping[str, object] = {}
    with suppress(ConfigError):  # the process that serves will say so
        server = _server(open_document(parsed.file, parsed.values), parsed)
        options = _listening(server.fitted(SERVER_PROTOCOLS)[1]) if server else {}
    host, port = _address(parsed, options)
    files = {parsed.file}

    def run(built_in: _Serve) -> None:
        document = open_document(parsed.file, parsed.values)
        _, mistakes = _checked_server(document, parsed)
        app, stack = _application(document, parsed, mistakes)
        files.update(each.where.file for each in (stack.application, *stack.pipeline) if each and each.where.file)
        ready = _ready(document, parsed, stack)
        built_in(app, host, port, ready=lambda address: ready(f"on {address}"))

    if reloading(run, host, port, files=files, command=[sys.executable, *sys.orig_argv[1:]]):
        print("Stopped.")
    return 0


def _is_built_in(parsed: argparse.Namespace) -> bool:
    return parsed.host is not None or parsed.port is not None


def _server(document: Document, parsed: argparse.Namespace) -> Server | None:
    """The server of the file that is asked for; None for the built-in one."""
    if not parsed.server and (_is_built_in(parsed) or _MAIN not in document.servers()):
        return None
    return read_server(document, parsed.server or _MAIN)


def _checked_server(document: Document, parsed: argparse.Namespace) -> tuple[Server | None, Mistakes]:
    mistakes = Mistakes()
    server = None
    with mistakes.collect():
        server = _server(document, parsed)
        mistakes += server.check() if server else []
    return server, mistakes


def _address(parsed: argparse.Namespace, options: Mapping[str, object]) -> tuple[str, int]:
    """Where the built-in server listens, perhaps in the place of another one with such options."""
    host = parsed.host or str(options.get("host", _HOST))
    port = as_text(options.get("port", _PORT) if parsed.port is None else parsed.port)
    if not (port.isascii() and port.isdecimal()):
        raise ConfigError(Mistake("is no port", "port", expected="a number, from 0 to 65535"))
    return host, int(port)


def _listening(options: Mapping[str, object]) -> Mapping[str, object]:
    """The options of a server, with host and port where it has these as waitress does, ``listen = localhost:6543``."""
    first = next(iter(str(options.get("listen", "")).split()), "")
    host, _, port = first.rpartition(":") if ":" in first.rpartition("]")[2] else (first, "", "")
    found = {"host": host.strip("[]").replace("*", "0.0.0.0"), "port": port}  # noqa: S104 - as the file asks
    return {**options, **{key: value for key, value in found.items() if value}}


def _application(document: Document, parsed: argparse.Namespace, mistakes: Mistakes) -> tuple[App, Stack]:
    """Set up logging, and build.

    :param mistakes: what is wrong already.
    """
    stack = read(document, parsed.name)
    log = document.logging()
    mistakes += log.check() if log else []
    if log and not mistakes:
        with mistakes.collect():
            log.apply()
    app: App = stand_in
    with noting_order() as order, mistakes.collect():
        app = stack.build()
    if parsed.strict:
        mistakes += [*stack.pipeline.misplaced(), *map(Mistake, order)]
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    warn(order)
    if not log:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return app, stack


def _ready(document: Document, parsed: argparse.Namespace, stack: Stack) -> Callable[[str], object]:
    tree = LayerTree(document, is_whole=False).draw(parsed.name, stack)
    return lambda what: print(f"Serving {what} (stop with Ctrl-C)\n{tree}", flush=True)
