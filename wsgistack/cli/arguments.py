"""Arguments that several commands share, or that are more than a word."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

__all__ = ["FILE", "Commands", "add_file", "add_values", "pair", "parse"]

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (it has no other name)
else:
    Commands: TypeAlias = object

FILE = "the configuration: a TOML file if its name ends with .toml, or else an ini file as for PasteDeploy"


def add_file(command: argparse.ArgumentParser) -> None:
    """Add what names an application in a file."""
    command.add_argument("--name", default="main", help="the application or pipeline (default: %(default)s)")
    command.add_argument("--strict", action="store_true", help="a layer in the wrong order is a mistake, not a warning")
    command.add_argument("file", metavar="FILE", help=FILE)
    add_values(command)


def add_values(command: argparse.ArgumentParser) -> None:
    """Add global values, which may follow the file anywhere."""
    help_text = "set a global value; in an ini file, %%(NAME)s is replaced by it"
    command.add_argument("values", nargs="*", metavar="NAME=VALUE", help=help_text)
    command.set_defaults(command=command)


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments, among which NAME=VALUE may follow the file anywhere.

    Before Python 3.13, argparse accepts no more of them after an option in between. An unknown option is reported
    before its value can be taken for a file or for NAME=VALUE.
    """
    parsed, rest = parser.parse_known_args(arguments)
    command = getattr(parsed, "command", None)
    unknown = [each for each in rest if each.startswith("-") or not command]
    if unknown:
        (command or parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    if command:
        try:
            parsed.values = dict(map(pair("="), [*parsed.values, *rest]))
        except argparse.ArgumentTypeError as error:
            command.error(f"argument NAME=VALUE: {error}")
    return parsed


def pair(separator: str) -> Callable[[str], tuple[str, str]]:
    """A name and a value, with a separator between them."""

    def split(text: str) -> tuple[str, str]:
        name, found, value = text.partition(separator)
        if not found or not name.strip():
            raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME{separator}VALUE")
        return name.strip(), value.strip()

    return split
