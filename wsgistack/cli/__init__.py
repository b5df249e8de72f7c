# PYTHON_ARGCOMPLETE_OK
"""The command line, with one module for each command, such as ``serving`` for ``wsgistack serve``."""

import os
import sys
from collections.abc import Sequence
from errno import ENOENT, ENOSPC, EPIPE
from functools import cache
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path

from wsgistack.cli import (
    auditing,
    checking,
    comparing,
    conforming,
    explaining,
    initializing,
    listing,
    passwords,
    replaying,
    serving,
    showing,
)
from wsgistack.cli.parser import Parser
from wsgistack.cli.reporting import as_items, print_json, print_mistakes, summarize
from wsgistack.cli.terminal import Terminal, color
from wsgistack.errors import ConfigError

__all__ = ["main"]

_COMMANDS = (
    serving,
    initializing,
    checking,
    showing,
    comparing,
    listing,
    explaining,
    auditing,
    replaying,
    conforming,
    passwords,
)
_DESCRIPTION = """\
wsgistack puts layers around a web application that is written in Flask, Django, Pyramid or plain WSGI: request ids, an
access log, error pages, compression, passwords. A file lists them, the outermost one first."""
_EPILOG = """\
a file, stack.toml, for the variable "app" of the module shop.py:
    app = "shop:app"
    layers = [
        "request_id",
        "access_log",
        "catch_errors",
        "gzip",
        { use = "basic_auth", users = { ada = "${env:ADAS_PASSWORD}" } },
    ]

examples:
  Run an application without a file:
    $ wsgistack serve shop:app --layer access_log
  Write stack.toml with the recommended layers, and a password to switch on:
    $ wsgistack init shop:app
  Set the password that the file above uses:
    $ export ADAS_PASSWORD=...
  Find mistakes:
    $ wsgistack check stack.toml
  Run the application with the layers of the file:
    $ wsgistack serve stack.toml
  Show the layers that you can add, and the options of one:
    $ wsgistack list
    $ wsgistack list basic_auth
  Show what one command does, with more examples:
    $ wsgistack serve --help

exit codes:
  0    success; serve: stopped as you asked; diff: the files mean the same
  1    mistakes in the file or the middleware; diff: the files differ;
       audit: a way around a guard; replay: the error does not happen;
       passwd --check: not the password
  2    wrong arguments; diff: also mistakes in a file
  130  interrupted by Ctrl-C

completion of commands, options, files and layers with the Tab key:
  First: pip install 'wsgistack[completion]'
  In ~/.bashrc, or in ~/.zshrc after compinit:
    eval "$(register-python-argcomplete wsgistack)"
  In ~/.config/fish/config.fish:
    register-python-argcomplete --shell fish wsgistack | source
"""
_FAILURES = {
    ENOENT: "the current folder does not exist any more",
    ENOSPC: "can't write the output: no space left on the device",
    EPIPE: "",  # the reader of the output has read enough
}
"""What the errors of the system mean that are not about a file of a certain name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every mistake goes to standard error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it is closed, and the next file would get its number
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (for the whole process)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # some terminals can't write a tree, or every path
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for completions
        from wsgistack.cli.completing import complete

        complete(_make_parser())  # it changes the parser
    parser = _get_parser()
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    end = given.index("--") if given[:1] == ["serve"] and "--" in given else len(given)
    parsed = parser.parse_args(given[:end])
    parsed.server_arguments = given[end + 1 :]
    if "run" not in parsed:
        parser.print_help(sys.stderr)
        return 2
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
                Terminal(sys.stderr).write(summarize(error.mistakes))
        return int(getattr(parsed, "failure", 1))
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.filename is not None or error.errno not in _FAILURES:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at exit
        if problem := _FAILURES[error.errno]:
            print(f"{parser.prog}: error: {problem}", file=sys.stderr)
        return 1
    return status


def _make_parser() -> Parser:
    parser = Parser(prog="wsgistack", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('wsgistack')}")
    commands = parser.add_commands()
    for command in _COMMANDS:
        command.add_command(commands)
    return parser


_get_parser = cache(_make_parser)  # a program, such as a test, may run many commands
