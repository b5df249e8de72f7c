"""Arguments that several commands share."""

import argparse
from collections.abc import Callable
from functools import partial

from wsgistack.cli.parser import Parser

__all__ = ["FILE", "add_name", "add_strict", "add_target", "add_values", "split_header", "split_pair"]

FILE = "the file with the layers: a TOML file such as stack.toml, or an ini file in the format of PasteDeploy"
_TARGET = f"{FILE}; or, without a file, an application as module:application, or module:factory() to call a factory"


def add_target(command: Parser) -> None:
    """Add the arguments that :func:`~wsgistack.cli.target.open_target` reads, but for global values."""
    command.add_argument(
        "--layer",
        action="append",
        default=[],
        dest="layers",
        metavar="LAYER",
        help="put a layer around module:application, such as 'access_log format=common'; repeatable, outermost first; "
        "wsgistack list shows all layers",
    )
    add_name(command)
    command.add_argument("target", metavar="TARGET", help=_TARGET)


def add_name(command: Parser) -> None:
    """Add ``--name``."""
    about = "which application, if the file describes several (default: %(default)s)"
    command.rare_options.add_argument("--name", default="main", help=about)


def add_strict(command: Parser) -> None:
    """Add ``--strict``."""
    command.rare_options.add_argument("--strict", action="store_true", help="treat warnings as mistakes")


def add_values(command: Parser) -> None:
    """Add global values, which may follow the file anywhere."""
    help_text = "for an ini file: VALUE replaces %%(NAME)s in it, unless its section [DEFAULT] sets NAME"
    command.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help=help_text)


def split_pair(text: str, separator: str = "=") -> tuple[str, str]:
    """Split a name and a value. The error does not show them, because the value may be a secret."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise argparse.ArgumentTypeError(f"expected NAME{separator}VALUE")
    return name.strip(), value.strip()


split_header: Callable[[str], tuple[str, str]] = partial(split_pair, separator=":")
