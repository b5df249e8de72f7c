"""``wsgistack serve``: the application of a configuration, with its logging, on its server."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from wsgistack.cli import application
from wsgistack.cli.application import describe, log_to_stderr
from wsgistack.cli.arguments import Commands, add_strict, add_target, add_values
from wsgistack.cli.checking import collect_order, warn
from wsgistack.cli.server import (
    add_server,
    choose_server,
    find_program_address,
    find_section,
    listen_as_asked,
    read_waitress_options,
)
from wsgistack.cli.target import open_target
from wsgistack.cli.tree import draw_tree
from wsgistack.config import read
from wsgistack.config.parts import Server, in_order
from wsgistack.config.protocols import SERVER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.serving.listener import check_address
from wsgistack.serving.programs import SERVERS, Program, run_program
from wsgistack.types import App

__all__ = ["add_command", "serve"]


def add_command(commands: Commands) -> None:
    """Add ``wsgistack serve``."""
    command = add_server(commands)
    command.add_argument("--reload", action="store_true", help="restart when a file changes; only with waitress")
    command.add_argument("-q", "--quiet", action="store_true", help="do not print the address and the layers")
    command.add_argument("-v", "--verbose", action="store_true", help="log DEBUG messages, if FILE sets up no logging")
    add_strict(command)
    add_target(command)
    add_values(command)
    command.set_defaults(run=serve)


def serve(parsed: argparse.Namespace) -> int:
    """Serve until the process is asked to stop."""
    name = choose_server(parsed)
    status = 0
    if parsed.reload:
        from wsgistack.serving.reload import is_worker, work

        if is_worker():
            work(partial(_serve, parsed, name))
            return 0
        _supervise(parsed)
    else:
        status = _serve(parsed, name)
    _say(parsed, "Stopped.")
    return status


def _supervise(parsed: argparse.Namespace) -> None:
    """Serve in other processes, which run this command again."""
    from wsgistack.serving.reload import supervise

    options: Mapping[str, object] = {}
    with suppress(ConfigError):  # the worker reports it
        section = find_section(open_target(parsed), parsed)
        options = section.fitted(SERVER_PROTOCOLS)[1] if section else {}
    with listen_as_asked(parsed, options) as listener:
        supervise(listener, command=[sys.executable, *sys.orig_argv[1:]])


def _serve(parsed: argparse.Namespace, name: str, serve_for_parent: Callable[..., None] | None = None) -> int:
    """Set up logging, build the application, and serve it."""
    server = SERVERS[name]
    program = server if isinstance(server, Program) else None
    section, app, tree = _build(parsed, name, is_last=program is None)

    def ready(url: str) -> None:
        _say(parsed, f"Serving on {url} (stop with Ctrl-C)\n{tree}")

    if program:
        if address := find_program_address(parsed, program):
            check_address(address)
        _say(parsed, f"Starting {name}{f' on {address}' if address else ''} (stop with Ctrl-C)\n{tree}")
        counts = (parsed.workers, parsed.threads)
        command = program.translate(application.__name__, address, *counts, parsed.server_arguments)
        return run_program([*program.find(), *command], {**os.environ, **describe(parsed, program.failure)})
    if serve_for_parent:
        serve_for_parent(app, ready=ready, **read_waitress_options(parsed, section))
    elif section:
        _say(parsed, f"Starting {section.use} (stop with Ctrl-C)\n{tree}")
        section.run(app)
    else:
        from wsgistack.serving import serve as serving

        options = read_waitress_options(parsed)
        with listen_as_asked(parsed, {}) as listener:
            serving.serve(app, listener, ready=ready, server=parsed.server or "", **options)
    return 0


def _build(parsed: argparse.Namespace, name: str, *, is_last: bool) -> tuple[Server | None, App, str]:
    """The server section to use, the application, and its layers drawn as a tree.

    :param is_last: whether this process serves, so that it sets up logging, and not another program.
    :raises ConfigError: it holds all mistakes, also those of logging and of the server.
    """
    document = open_target(parsed)
    section = None
    mistakes = Mistakes()
    with mistakes.collect():
        section = find_section(document, parsed)
        mistakes += section.check() if section else []
    if not SERVERS[name].find():
        hint = f"pip install {SERVERS[name].install}"
        mistakes.append(Mistake(f"{name} is not installed", key="--server", hint=hint))
    stack = read(document, parsed.name)
    log = document.logging()
    mistakes += log.check() if log else []
    if log and is_last and not mistakes:
        with mistakes.collect():
            log.apply()
    with collect_order() as order, mistakes.collect():
        app = stack.build()
    if parsed.strict:
        mistakes += [*stack.pipeline.misplaced(), *map(Mistake, order)]
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    warn(order)
    if is_last and not log:
        log_to_stderr(verbose=parsed.verbose)
    return section, app, draw_tree(document, parsed.name, stack, is_whole=False)


def _say(parsed: argparse.Namespace, text: str) -> None:
    if not parsed.quiet:
        print(text, flush=True)
