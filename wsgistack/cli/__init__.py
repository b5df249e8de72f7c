"""The command line, with one module for each command: serve, check, show, diff, list, explain, audit and conform."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper

from wsgistack.cli import auditing, checking, comparing, conforming, explaining, listing, serving, showing
from wsgistack.cli.arguments import parse
from wsgistack.cli.reporting import as_items, print_json, print_mistakes, summarize
from wsgistack.cli.terminal import COLORS, Terminal, color
from wsgistack.errors import ConfigError

__all__ = ["main"]

_COMMANDS = (serving, checking, showing, comparing, listing, explaining, auditing, conforming)
_COLOR = "when to use colours; auto: on a terminal, or as NO_COLOR and FORCE_COLOR say (default: %(default)s)"
_EPILOG = """\
exit codes:
  0    success; for diff: the files mean the same
  1    mistakes in the configuration or the middleware; for diff: the files differ; for audit: a way around a guard
  2    wrong arguments; for diff: also mistakes
  130  interrupted by Ctrl-C
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every mistake goes to standard error."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # some terminals can't write a tree, or every path
    parsed = parse(_parser(), arguments)
    color.set(parsed.color)
    try:
        status = int(parsed.run(parsed))
        print(end="", flush=True)
    except ConfigError as error:
        if getattr(parsed, "format", "") == "json":
            print_json({"mistakes": as_items(error.mistakes)})
        else:
            print_mistakes(error.mistakes)
            if len(error.mistakes) > 1:
                print(Terminal(sys.stderr).show(summarize(error.mistakes)), file=sys.stderr)
        return int(getattr(parsed, "failure", 1))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has read enough; Python flushes the output once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wsgistack",
        description="Middleware for every WSGI application. For the arguments of a command: wsgistack COMMAND --help",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('wsgistack')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_command(commands)
    for each in commands.choices.values():
        each.add_argument("--color", choices=COLORS, default="auto", help=_COLOR)
    return parser
