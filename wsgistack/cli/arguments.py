"""Arguments that several commands share."""

import argparse

from wsgistack.cli.parser import Parser

__all__ = ["FILE", "add_file", "add_name", "add_values", "split_pair"]

FILE = "the file with the layers: a TOML file such as stack.toml, or an ini file in the format of PasteDeploy"


def add_file(command: Parser) -> None:
    """Add the arguments that choose an application in a file."""
    add_name(command)
    command.rare_options.add_argument("--strict", action="store_true", help="treat warnings as mistakes")
    command.add_argument("file", metavar="FILE", help=FILE)
    add_values(command)


def add_name(command: Parser) -> None:
    """Add the option that chooses one of several applications in a file."""
    help_text = "which application, if FILE describes several (default: %(default)s)"
    command.rare_options.add_argument("--name", default="main", help=help_text)


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
