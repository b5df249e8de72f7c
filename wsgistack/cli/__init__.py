"""The command line: ``wsgistack serve | check | show | diff | list | conform``."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper

from wsgistack.cli.arguments import change, pair, parse
from wsgistack.cli.checking import check
from wsgistack.cli.comparing import compare
from wsgistack.cli.conforming import conform
from wsgistack.cli.listing import list_layers
from wsgistack.cli.serving import serve
from wsgistack.cli.showing import show
from wsgistack.errors import ConfigError

__all__ = ["main"]

_FILE = "a .toml file; any other file is read as an ini file in PasteDeploy's dialect"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit status: 0, or 1 with every mistake on standard error.

    For ``diff`` it is 1 where the files differ, and 2 for mistakes.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal can write a tree, or every path
    parsed = parse(_parser(), arguments)
    try:
        status: int = parsed.run(parsed)
        print(end="", flush=True)
    except ConfigError as error:
        print(error, file=sys.stderr)
        failed: int = parsed.failed
        return failed
    except KeyboardInterrupt:
        return 130  # as a shell counts it
    except BrokenPipeError:  # who reads the output has read enough, and Python flushes it once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wsgistack", description="Middleware for every WSGI application.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('wsgistack')}")
    parser.set_defaults(failed=1)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve what a configuration describes")
    serving.add_argument("--host", help="serve with the built-in server, on this address (127.0.0.1)")
    serving.add_argument("--port", type=int, help="the same, on this port; 0 takes any that is free (8080)")
    serving.add_argument(
        "--server", metavar="NAME", help="the server of the file to serve with (main, if there is one)"
    )
    serving.add_argument("--reload", action="store_true", help="serve anew when the configuration or code changes")
    serving.set_defaults(run=serve)

    checking = commands.add_parser("check", help="name every mistake in a configuration")
    checking.set_defaults(run=check)

    showing = commands.add_parser("show", help="show the layers as a tree, with their options")
    showing.add_argument("--format", choices=("toml",), help="convert the whole file to TOML instead")
    showing.set_defaults(run=show)

    comparing = commands.add_parser("diff", help="show what changed from one configuration to another")
    comparing.add_argument("--name", default="", help="look at this application alone")
    comparing.add_argument("old", metavar="A", help=_FILE)
    comparing.add_argument("new", metavar="B", help="the file to compare it with, in either format")
    comparing.set_defaults(run=compare, failed=2)

    for command in (serving, checking, showing):
        command.add_argument("--name", default="main", help="which application or pipeline to take (%(default)s)")
        command.add_argument(
            "--strict", action="store_true", help="a layer that stands in the wrong place is a mistake"
        )
        command.add_argument("file", metavar="FILE", help=_FILE)
    for command in (serving, checking, showing, comparing):
        command.add_argument(
            "values",
            nargs="*",
            type=pair("="),
            metavar="NAME=VALUE",
            help="global values, also for %%(NAME)s where [DEFAULT] has none",
        )

    listing = commands.add_parser("list", help="list the layers that are installed")
    listing.add_argument(
        "layer", nargs="?", metavar="NAME", help="tell the options of this one, or of an import string"
    )
    listing.set_defaults(run=list_layers)

    conforming = commands.add_parser("conform", help="judge a middleware by PEP 3333, whoever wrote it")
    conforming.add_argument("layer", metavar="NAME", help="the name of a layer, or module:factory")
    conforming.add_argument(
        "--option", action="append", default=[], type=pair("="), metavar="K=V", help="an option of the factory"
    )
    conforming.add_argument(
        "--header", action="append", default=[], type=pair(":"), metavar="'N: V'", help="a header of each request"
    )
    conforming.add_argument(
        "--changes",
        action="append",
        type=change,
        metavar="WHAT",
        help="what it changes: body, answers, errors, wraps, or the name of a response header",
    )
    conforming.add_argument("--format", choices=("text", "json", "junit"), default="text", help="(%(default)s)")
    conforming.set_defaults(run=conform)
    return parser
