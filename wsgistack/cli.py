"""The command line: ``wsgistack serve | check | show | list``."""

import argparse
import logging
import sys
import warnings
from collections.abc import Sequence

from wsgistack import registry
from wsgistack.config import check, read
from wsgistack.config.stack import Stack
from wsgistack.errors import ConfigError
from wsgistack.options import schema
from wsgistack.pipeline import OrderWarning

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit status: 0, or 1 with every mistake on standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wsgistack", description="Middleware for every WSGI application.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve what a configuration describes")
    serving.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    serving.add_argument("--port", type=int, default=8080, help="the port; 0 takes any that is free (%(default)s)")
    serving.set_defaults(run=_serve)

    checking = commands.add_parser("check", help="name every mistake in a configuration")
    checking.set_defaults(run=_check)

    showing = commands.add_parser("show", help="show the layers as a tree, with their options")
    showing.set_defaults(run=_show)

    for command in (serving, showing):
        command.add_argument("--name", default="main", help="which application or pipeline to take (%(default)s)")
    for command in (serving, checking, showing):
        command.add_argument("file", metavar="FILE", help="a TOML file, or an ini file in PasteDeploy's dialect")

    listing = commands.add_parser("list", help="list the layers that are installed")
    listing.add_argument("layer", nargs="?", metavar="NAME", help="tell the options of this one")
    listing.set_defaults(run=_list)
    return parser


def _serve(parsed: argparse.Namespace) -> int:
    from wsgistack.serve import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stack = read(parsed.file, parsed.name)
    app = stack.build()

    def ready(address: str) -> None:
        print(f"Serving on {address} (stop with Ctrl-C)\n{_tree(stack, options=False)}", flush=True)

    serve(app, parsed.host, parsed.port, ready=ready)
    print("Stopped.")
    return 0


def _check(parsed: argparse.Namespace) -> int:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mistakes = check(parsed.file)
    for each in dict.fromkeys(str(warning.message) for warning in caught if warning.category is OrderWarning):
        print(f"warning: {each}", file=sys.stderr)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    if mistakes:
        return 1
    print(f"{parsed.file}: nothing wrong")
    return 0


def _show(parsed: argparse.Namespace) -> int:
    stack = read(parsed.file, parsed.name)
    if stack.mistakes:
        raise ConfigError(*stack.mistakes)
    print(_tree(stack, options=True))
    return 0


def _list(parsed: argparse.Namespace) -> int:
    if parsed.layer is None:
        width = max(map(len, registry.names()), default=0)
        for name in registry.names():
            print(f"{name:{width}}  {_first_line(registry.find(name))}")
        return 0
    factory = registry.find(parsed.layer)
    print(f"{parsed.layer}: {_first_line(factory)}\n")
    for option in schema(factory).options.values():
        default = "required" if option.is_required else f"default {option.default!r}"
        print(f"  {option.name}: {option.type_name}; {default}")
        print(f"      {option.doc}")
    return 0


def _tree(stack: Stack, *, options: bool) -> str:
    lines = []
    depth = 0
    for depth, spec in enumerate(stack.pipeline, 1):
        lines.append(f"{_branch(depth - 1)}{spec.name}" + (f" ({spec.use})" if spec.use != spec.name else ""))
        if options:
            lines += [f"{'   ' * depth}  {name} = {value!r}" for name, value in spec.shown().items()]
    if stack.application:
        lines.append(f"{_branch(depth)}{stack.application.use}")
    return "\n".join(lines)


def _branch(depth: int) -> str:
    return f"{'   ' * (depth - 1)}└─ " if depth else ""


def _first_line(factory: object) -> str:
    return (factory.__doc__ or "").strip().partition("\n")[0]
