"""Arguments that several commands share, and how to parse them."""

import argparse
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["FILE", "Commands", "add_file", "add_values", "parse", "split_pair"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (it has no other name)
FILE = "the configuration: a TOML file if its name ends with .toml, or else an ini file as for PasteDeploy"


def add_file(command: argparse.ArgumentParser) -> None:
    """Add the arguments that choose an application in a file."""
    command.add_argument("--name", default="main", help="the application or pipeline (default: %(default)s)")
    command.add_argument("--strict", action="store_true", help="a layer in the wrong order is a mistake, not a warning")
    command.add_argument("file", metavar="FILE", help=FILE)
    add_values(command)


def add_values(command: argparse.ArgumentParser) -> None:
    """Add global values, which may follow the file anywhere."""
    help_text = "a global value, which %%(NAME)s uses where [DEFAULT] does not set NAME"
    command.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help=help_text)
    command.set_defaults(command=command)


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments. NAME=VALUE may follow the file anywhere, even after an option, as argparse 3.13 allows.

    An unknown option is reported first, because argparse takes the value after it for a file or for NAME=VALUE.
    """
    parsed, rest = parser.parse_known_args(arguments)
    command = getattr(parsed, "command", None)
    unknown = [each for each in rest if each.startswith("-") or not command]
    if unknown:
        (command or parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    if command:
        try:
            parsed.values = dict(map(split_pair, [*parsed.values, *rest]))
        except argparse.ArgumentTypeError as error:
            command.error(f"argument NAME=VALUE: {error}")
    return parsed


def split_pair(text: str, separator: str = "=") -> tuple[str, str]:
    """Split a name and a value."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME{separator}VALUE")
    return name.strip(), value.strip()
