"""Arguments that several commands share, or that are more than a word."""

import argparse
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from wsgistack.types import Changes

__all__ = ["FILE", "Commands", "add_file", "add_values", "change", "pair", "parse"]

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (it has no other name)
else:
    Commands: TypeAlias = object

FILE = "a .toml file; any other file is read as an ini file in PasteDeploy's dialect"


def add_file(command: argparse.ArgumentParser) -> None:
    """Add what names an application in a file."""
    command.add_argument("--name", default="main", help="the application or pipeline (%(default)s)")
    command.add_argument("--strict", action="store_true", help="treat a layer in the wrong place as a mistake")
    command.add_argument("file", metavar="FILE", help=FILE)
    add_values(command)


def add_values(command: argparse.ArgumentParser) -> None:
    """Add global values, which may follow the file anywhere."""
    help_text = "global values, also for %%(NAME)s where [DEFAULT] has none"
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


def change(text: str) -> str:
    """What a middleware changes: a field of :class:`~wsgistack.types.Changes`, or the name of a response header."""
    near = get_close_matches(text.lower(), Changes._fields[1:], n=1, cutoff=0.75)
    if near and text.lower() != near[0]:
        raise argparse.ArgumentTypeError(f"unknown change {text!r}; did you mean {near[0]!r}?")
    return text


def pair(separator: str) -> Callable[[str], tuple[str, str]]:
    """A name and a value, with a separator between them."""

    def split(text: str) -> tuple[str, str]:
        name, found, value = text.partition(separator)
        if not found or not name.strip():
            raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME{separator}VALUE")
        return name.strip(), value.strip()

    return split
