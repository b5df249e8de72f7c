"""``wsgistack init``: a configuration file to begin with."""

import argparse
import sys
from pathlib import Path
from shlex import quote

from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.target import is_application, open_application, open_file
from wsgistack.cli.terminal import Terminal
from wsgistack.config import read
from wsgistack.config.export import format_value
from wsgistack.errors import Mistakes, make_file_error
from wsgistack.pipeline import registry

__all__ = ["add_command", "init"]

_FILE = "stack.toml"
_LAYERS = {
    "request_id": "Gives each request an id, for logs and in the header X-Request-ID of the response.",
    "access_log": "Writes one line for each request to standard error.",
    "catch_errors": "If the application fails, logs the traceback and answers 500, with the id of the request.",
    "compress": "Makes text smaller for clients that accept gzip.",
}
_TEMPLATE = """\
# The layers around {target}. Every request passes them in this order, from the outermost layer in to
# the application, and every response in the opposite order.
#
#   wsgistack check {file}
#       finds mistakes in this file
#   wsgistack serve {file}
#       serves the application
#   wsgistack list
#       lists all layers; `wsgistack list compress` shows the options of one

app = {use}

layers = [
{layers}]
"""
_GUARD = """
    # Lets in only users with a password. To use it, remove the # before the {, and set the environment
    # variable SITE_PASSWORD. For passwords as hashes in a file, write htpasswd = "users.htpasswd" instead
    # of users, and call `wsgistack passwd users.htpasswd admin`. Use it only over TLS, because each request
    # carries the password.
    # { use = "basic_auth", users = { admin = "${env:SITE_PASSWORD}" } },
"""

_DESCRIPTION = """\
Writes stack.toml with the layers that most applications need, and with comments that explain them. Edit it, then check
and serve it."""


def add_command(commands: Commands) -> None:
    """Add ``wsgistack init``."""
    command = add_parser(
        commands,
        "init",
        summary="write a file with the recommended layers",
        description=_DESCRIPTION,
        examples={"Write stack.toml for the variable app of shop.py": "wsgistack init shop:app"},
    )
    command.add_argument("-o", "--output", default=_FILE, metavar="FILE", help="the file (default: %(default)s)")
    command.add_argument("-f", "--force", action="store_true", help="replace the file if it exists")
    command.add_argument("-q", "--quiet", action="store_true", help="print mistakes only")
    application = "an application as module:application, or module:factory() to call a factory"
    command.add_argument("target", metavar="TARGET", help=application)
    command.set_defaults(run=init)


def init(parsed: argparse.Namespace) -> int:
    """Write a file, if the application can be loaded."""
    file = Path(parsed.output)
    mistakes = Mistakes()
    with mistakes.collect():
        _check_output(file, is_forced=parsed.force)
    if file.parent.is_dir():
        with mistakes.collect():
            _check_application(parsed.target, file.parent)
    mistakes.raise_if_any()
    name, use = quote(parsed.output), format_value(parsed.target)
    known = (layer for layer in _LAYERS if registry.has(layer))
    layers = "\n".join(f"    # {_LAYERS[layer]}\n    {format_value(layer)},\n" for layer in known)
    text = _TEMPLATE.format(target=parsed.target, file=name, use=use, layers=layers + _GUARD)
    try:
        with file.open("w" if parsed.force else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except OSError as error:
        raise make_file_error(file, f"cannot be written: {error.strerror}") from error
    if not parsed.quiet:
        lines = (f"Wrote {parsed.output}. Next:", f"  wsgistack check {name}", f"  wsgistack serve --reload {name}")
        Terminal(sys.stdout).write(*lines)
    return 0


def _check_output(file: Path, *, is_forced: bool) -> None:
    if file.suffix.lower() != ".toml":
        raise make_file_error(file, "init writes only TOML", expected=f"a name such as {_FILE}")
    if not file.parent.is_dir():
        raise make_file_error(file.parent, "folder does not exist")
    if file.exists() and not is_forced:
        raise make_file_error(file, "file exists", hint="write --force to replace it, or --output for another file")


def _check_application(target: str, folder: Path) -> None:
    """Load the application from where the file will be, whose modules can be imported."""
    if not is_application(target):
        open_file(target, {})  # finds what is wrong with most targets
        raise make_file_error(target, "is a configuration already", expected="module:application such as shop:app")
    read(open_application(target, folder=folder)).build()
