"""The command line: ``wsgistack serve | check | show | list | conform``."""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from importlib.metadata import version
from inspect import cleandoc
from io import TextIOWrapper
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import cast

from wsgistack import registry
from wsgistack.config import check, read
from wsgistack.config.stack import Application, Stack, stand_in
from wsgistack.errors import ConfigError
from wsgistack.options import schema
from wsgistack.pipeline import OrderWarning
from wsgistack.spec import REDACTED, Spec
from wsgistack.types import Changes, Factory

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit status: 0, or 1 with every mistake on standard error."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal can write a tree, or every path
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
        print(end="", flush=True)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # as a shell counts it
    except BrokenPipeError:  # who reads the output has read enough, and Python flushes it once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wsgistack", description="Middleware for every WSGI application.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('wsgistack')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve what a configuration describes")
    serving.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    serving.add_argument("--port", type=int, default=8080, help="the port; 0 takes any that is free (%(default)s)")
    serving.set_defaults(run=_serve)

    checking = commands.add_parser("check", help="name every mistake in a configuration")
    checking.set_defaults(run=_check)

    showing = commands.add_parser("show", help="show the layers as a tree, with their options")
    showing.set_defaults(run=_show)

    for command in (serving, checking, showing):
        command.add_argument("--name", default="main", help="which application or pipeline to take (%(default)s)")
    for command in (serving, checking, showing):
        command.add_argument("file", metavar="FILE", help="a TOML file, or an ini file in PasteDeploy's dialect")

    listing = commands.add_parser("list", help="list the layers that are installed")
    listing.add_argument(
        "layer", nargs="?", metavar="NAME", help="tell the options of this one, or of an import string"
    )
    listing.set_defaults(run=_list)

    conforming = commands.add_parser("conform", help="judge a middleware by PEP 3333, whoever wrote it")
    conforming.add_argument("layer", metavar="NAME", help="the name of a layer, or module:factory")
    conforming.add_argument(
        "--option", action="append", default=[], type=_pair("="), metavar="K=V", help="an option of the factory"
    )
    conforming.add_argument(
        "--header", action="append", default=[], type=_pair(":"), metavar="'N: V'", help="a header of each request"
    )
    conforming.add_argument(
        "--changes",
        action="append",
        type=_change,
        metavar="WHAT",
        help="what it changes: body, answers, errors, wraps, or the name of a response header",
    )
    conforming.add_argument("--format", choices=("text", "json", "junit"), default="text", help="(%(default)s)")
    conforming.set_defaults(run=_conform)
    return parser


def _change(text: str) -> str:
    near = get_close_matches(text.lower(), Changes._fields[1:], n=1, cutoff=0.75)
    if near and text.lower() != near[0]:
        raise argparse.ArgumentTypeError(f"{text!r} is nothing that a middleware changes; did you mean {near[0]!r}?")
    return text


def _pair(separator: str) -> Callable[[str], tuple[str, str]]:
    def split(text: str) -> tuple[str, str]:
        name, found, value = text.partition(separator)
        if not found or not name.strip():
            raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME{separator}VALUE")
        return name.strip(), value.strip()

    return split


def _serve(parsed: argparse.Namespace) -> int:
    from wsgistack.serve import serve

    stack = read(parsed.file, parsed.name)
    warnings.simplefilter("ignore", OrderWarning)
    app = stack.build()
    _warn(map(str, stack.pipeline.misplaced()))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    def ready(address: str) -> None:
        print(f"Serving on {address} (stop with Ctrl-C)\n{_tree(stack, options=False)}", flush=True)

    serve(app, parsed.host, parsed.port, ready=ready)
    print("Stopped.")
    return 0


def _check(parsed: argparse.Namespace) -> int:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mistakes = check(parsed.file, parsed.name)
    _warn(str(warning.message) for warning in caught if warning.category is OrderWarning)
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
            print(f"{name:{width}}  {_registered(name)}")
        return 0
    factory = registry.find(parsed.layer)
    known = schema(factory).options
    _say(f"{parsed.layer}: {_summary(factory)}".removesuffix(": "), "")
    print()
    for option in known.values():
        _say(f"{option.name}: {option.type_name}", "  ")
        _say(option.doc, "      ")
        _say("required" if option.is_required else f"default: {_written(option.default)}", "      ")
    if not known:
        _say("It names no options.", "  ")
    return 0


def _say(text: str, indent: str) -> None:
    if text:
        columns = get_terminal_size((100, 24)).columns
        print(fill(text.replace("``", "`"), columns, initial_indent=indent, subsequent_indent=indent))


def _warn(problems: Iterable[str]) -> None:
    for problem in dict.fromkeys(problems):
        print(f"warning: {problem}", file=sys.stderr)


def _conform(parsed: argparse.Namespace) -> int:
    from wsgistack.testing import Judge
    from wsgistack.testing.report import REPORTS

    sys.path.insert(0, "")
    changes = Changes.named(parsed.changes) if parsed.changes else None
    with redirect_stdout(sys.stderr), _unlogged():  # from the import on: a default may be the standard output
        factory = registry.find(parsed.layer)
        spec = Spec(parsed.layer, dict(parsed.option)).fitted(base=Path(), text=True)
        spec.build(stand_in)
        judge = Judge(factory, spec.options, headers=parsed.header, changes=changes)
        verdicts = list(judge.judge_all())
    print(REPORTS[parsed.format](parsed.layer, verdicts))
    return 1 if any(verdict.breaches for verdict in verdicts) else 0


@contextmanager
def _unlogged() -> Iterator[None]:
    """Log nothing: what a layer says of the errors of hostile applications is of no interest."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def _tree(stack: Stack, *, options: bool) -> str:
    lines = []
    for depth, spec in enumerate(stack.pipeline):
        used = Spec(spec.use).name
        lines.append(f"{_branch(depth)}{spec.name}" + (f" ({used})" if used != spec.name else ""))
        if options:
            lines += [f"{'   ' * depth}│  {name} = {_written(value)}" for name, value in spec.shown().items()]
    application = cast(Application, stack.application)  # there is one where there are no mistakes
    return "\n".join([*lines, f"{_branch(len(stack.pipeline))}{application.use}"])


def _branch(depth: int) -> str:
    return f"{'   ' * (depth - 1)}└─ " if depth else ""


def _written(value: object) -> str:
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return str(value) if isinstance(value, Path) or value == REDACTED else repr(value)


def _registered(name: str) -> str:
    try:
        return _summary(registry.find(name))
    except ConfigError as error:
        return f"(can't be used: {error})"


def _summary(factory: Factory) -> str:
    return " ".join(cleandoc(factory.__doc__ or "").partition("\n\n")[0].split())
