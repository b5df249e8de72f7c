"""Arguments that several commands share, and how to parse them."""

import argparse
import sys
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["FILE", "Commands", "add_strict", "add_target", "add_values", "parse", "split_pair"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (it has no other name)
FILE = "the configuration: a TOML file if its name ends with .toml, or else an ini file as for PasteDeploy"
_TARGET = f"{FILE}; or an application as module:application, or module:factory() to call a factory"


def add_target(command: argparse.ArgumentParser) -> None:
    """Add the arguments that :func:`~wsgistack.cli.target.open_target` reads, but for global values."""
    command.add_argument("--name", default="main", help="the application or pipeline (default: %(default)s)")
    command.add_argument(
        "--layer",
        action="append",
        default=[],
        dest="layers",
        metavar="LAYER",
        help="put a layer around module:application, such as 'access_log format=common'; repeatable, outermost first",
    )
    command.add_argument("target", metavar="TARGET", help=_TARGET)


def add_strict(command: argparse.ArgumentParser) -> None:
    """Add ``--strict``."""
    command.add_argument("--strict", action="store_true", help="treat warnings as mistakes")


def add_values(command: argparse.ArgumentParser) -> None:
    """Add global values, which may follow the file anywhere."""
    help_text = "a global value, which %%(NAME)s uses where [DEFAULT] does not set NAME"
    command.add_argument("values", nargs="*", default=[], metavar="NAME=VALUE", help=help_text)
    command.set_defaults(command=command)


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments. NAME=VALUE may follow the file anywhere, even after an option, as argparse 3.13 allows.

    An unknown option is reported first, because argparse takes the value after it for a file or for NAME=VALUE.
    What follows ``--`` after ``serve`` is for the server.
    """
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    end = given.index("--") if given[:1] == ["serve"] and "--" in given else len(given)
    parsed, rest = parser.parse_known_args(given[:end])
    parsed.server_arguments = given[end + 1 :]
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
