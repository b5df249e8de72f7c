"""``wsgistack serve``: the application of a configuration, with its logging, on its server."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from wsgistack.cli import application
from wsgistack.cli.arguments import add_strict, add_target, add_values
from wsgistack.cli.building import collect_order, silence_logs
from wsgistack.cli.development import Layer, find_debug, log_requests
from wsgistack.cli.parser import Commands
from wsgistack.cli.reporting import warn
from wsgistack.cli.server import (
    add_server,
    choose_server,
    find_program_address,
    find_program_hosts,
    find_section,
    find_section_hosts,
    listen_as_asked,
    read_waitress_options,
)
from wsgistack.cli.target import open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.cli.tree import draw_tree
from wsgistack.config import read
from wsgistack.config.parts import ServerSection, in_order
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.pipeline.spec import observe_layers
from wsgistack.serving.listener import check_address
from wsgistack.serving.programs import SERVERS, Program, run_program
from wsgistack.types import App

__all__ = ["add_command", "serve"]

_VERBOSE = "log DEBUG messages, if TARGET sets up no logging, and print the traceback if the application fails to load"


def add_command(commands: Commands) -> None:
    """Add ``wsgistack serve``."""
    command = add_server(commands)
    command.add_argument("--reload", action="store_true", help="restart when a file changes; only with waitress")
    command.add_argument(
        "-q", "--quiet", action="store_true", help="do not print the address, the layers and the requests"
    )
    command.add_argument("-v", "--verbose", action="store_true", help=_VERBOSE)
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

    section = None
    options: Mapping[str, object] = {}
    with suppress(ConfigError):  # the worker reports it
        section = find_section(open_target(parsed), parsed)
        options = section.fitted()[1] if section else {}
    try:
        listening = listen_as_asked(parsed, options)
    except ConfigError as error:  # without an address, no worker can start
        raise ConfigError(*(section.locate(error.mistakes) if section else error.mistakes)) from error
    with listening as listener:
        supervise(listener, command=[sys.executable, *sys.orig_argv[1:]])


def _serve(parsed: argparse.Namespace, name: str, serve_for_parent: Callable[..., None] | None = None) -> int:
    """Build the application and serve it. Another program sets up logging and builds it again, in its own processes."""
    server = SERVERS[name]
    if isinstance(server, Program):
        return _run(parsed, name, server)
    section, app, layers, tree = _build(parsed, name)

    def ready(url: str) -> None:
        warn(find_debug(layers, [urlsplit(url).hostname or url]))
        _say(parsed, f"Serving on {url} (stop with Ctrl-C)", *tree)

    if section and not serve_for_parent:
        warn(find_debug(layers, find_section_hosts(section)))
        _say(parsed, f"Starting {section.use} (stop with Ctrl-C)", *tree)
        section.run(app)
        return 0
    app = app if parsed.quiet else log_requests(app, layers)
    options = read_waitress_options(parsed, section)
    options["keeps_proxy_headers"] = any(spec.registered_name == "forwarded" for spec, _ in layers)
    if serve_for_parent:
        serve_for_parent(app, ready=ready, **options)
    else:
        from wsgistack.serving import serve as serving

        with listen_as_asked(parsed, {}) as listener:
            serving.serve(app, listener, ready=ready, server=parsed.server or "", **options)
    return 0


def _run(parsed: argparse.Namespace, name: str, program: Program) -> int:
    """Check everything, and then run a program in the place of this process."""
    with silence_logs():  # the program's own processes build the application, too, and log
        _, _, layers, tree = _build(parsed, name, is_last=False)
    if address := find_program_address(parsed, program):
        check_address(address)
    warn(find_debug(layers, find_program_hosts(parsed, program)))
    _say(parsed, f"Starting {name}{f' on {address}' if address else ''} (stop with Ctrl-C)", *tree)
    counts = (parsed.workers, parsed.threads)
    command = program.translate(application.__name__, address, *counts, parsed.server_arguments)
    return run_program([*program.find(), *command], {**os.environ, **application.describe(parsed, program.failure)})


def _build(
    parsed: argparse.Namespace, name: str, *, is_last: bool = True
) -> tuple[ServerSection | None, App, list[Layer], list[str]]:
    """Set up logging and build the application.

    :param is_last: whether this process serves; otherwise logging is checked and not set up.
    :returns: the server section to use, the application, its layers, and the layers as serve prints them.
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
    layers: list[Layer] = []
    observe = observe_layers(lambda spec, layer, *_: layers.append((spec, layer)))
    with collect_order() as order, observe, mistakes.collect():
        app = stack.build()
    if parsed.strict:
        mistakes += [*stack.pipeline.misplaced(), *order]
    if mistakes:
        if mistakes.cause and parsed.verbose:
            traceback.print_exception(mistakes.cause)
        raise ConfigError(*in_order(mistakes)) from mistakes.cause
    warn(order)
    if is_last and not log:
        application.log_to_stderr(verbose=parsed.verbose)
    return section, app, layers, [*draw_tree(document, parsed.name, stack, is_whole=False)]


def _say(parsed: argparse.Namespace, *lines: str) -> None:
    if not parsed.quiet:
        Terminal(sys.stdout).write(*lines)
