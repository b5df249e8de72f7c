"""The parser of the command line: help with examples, and errors that name the wrong argument."""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any, NoReturn, TypeAlias

from wsgistack.cli.terminal import COLORS, Terminal
from wsgistack.errors import did_you_mean, suggest

__all__ = ["Commands", "Parser", "add_parser"]

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 (it has no other name)

_COLOR = "when to use colours; auto: on a terminal, or as NO_COLOR and FORCE_COLOR say (default: %(default)s)"
_NUMBER = re.compile(r"-\d*\.?\d+")


class Parser(argparse.ArgumentParser):
    """Reports an unknown command or option before all else, because argparse takes the value after it for a file.

    NAME=VALUE may follow the file anywhere, even after an option, as argparse 3.13 allows.
    """

    commands: "Commands | None" = None

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_HelpFormatter, **options)
        self.color: bool = False  # those of Python 3.14 do not know --color
        self._positionals.title = "arguments"

    @cached_property
    def rare_options(self) -> argparse._ArgumentGroup:
        """A group of the help for options that few people need."""
        return self.add_argument_group("less common options")

    def add_commands(self) -> Commands:
        """Prepare for commands. The parser accepts arguments without one."""
        self.commands = self.add_subparsers(title="commands", metavar="COMMAND", prog=self.prog)
        return self.commands

    def error(self, message: str) -> NoReturn:
        """Report wrong arguments, which may be names of files that somebody else has chosen."""
        super().error(Terminal(sys.stderr).show(message))

    def parse_known_args(  # type: ignore[override]  # its overloads differ in the namespace only
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse arguments, and leave none."""
        arguments = list(sys.argv[1:] if args is None else args)
        self._refuse_unknown(arguments)
        parsed, rest = super().parse_known_args(arguments, namespace)
        further = [each for each in rest if each != "--"]
        if self.commands:
            pass  # the parser of the command has read all
        elif "values" in parsed:
            parsed.values = self._read_pairs([*parsed.values, *further])
        elif further:
            self.error(f"unexpected argument {further[0]!r}")
        return parsed, []

    def _refuse_unknown(self, arguments: Sequence[str]) -> None:
        for text in takewhile("--".__ne__, arguments):
            name = text.partition("=")[0]
            if text[:1] == "-" and text != "-" and " " not in name and not _NUMBER.fullmatch(text):
                if unknown := self._find_unknown(name):
                    self.error(f"unknown option {unknown}; {self._suggest_option(unknown)}")
            elif self.commands:  # what follows is for the command
                if text not in self.commands.choices:
                    self.error(f"unknown command {text!r}; {suggest(text, self.commands.choices)}")
                break

    def _find_unknown(self, name: str) -> str:
        """The first unknown option in an argument, which may consist of several short options; empty if none is."""
        options = self._option_string_actions
        if name.startswith("--"):
            return "" if name in options else name
        for letter in name[1:]:
            if f"-{letter}" not in options:
                return f"-{letter}"
            if options[f"-{letter}"].nargs != 0:  # the rest is its value
                break
        return ""

    def _suggest_option(self, unknown: str) -> str:
        known = [each.removeprefix("--") for each in self._option_string_actions if each.startswith("--")]
        hint = did_you_mean(unknown.removeprefix("--"), known).replace("'", "'--", 1)
        of_commands = self.commands.choices.values() if self.commands else ()
        if any(unknown in command._option_string_actions for command in of_commands):  # noqa: SLF001 (of this class)
            return "write it after the command"
        return hint or f"{self.prog} --help lists all options"

    def _read_pairs(self, pairs: Iterable[str]) -> dict[str, str]:
        values = {}
        for each in pairs:
            name, equals, value = each.partition("=")
            if not equals:
                self.error(f"unexpected argument {each!r}; expected NAME=VALUE")
            if not name.strip():  # the value may be a secret
                self.error("argument NAME=VALUE: missing NAME")
            values[name.strip()] = value.strip()
        return values


class _HelpFormatter(argparse.HelpFormatter):
    """Fills paragraphs to the width of the terminal, and keeps paragraphs with indented lines as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip().split("\n\n")
        return "\n\n".join(
            each if "\n  " in f"\n{each}" else super(_HelpFormatter, self)._fill_text(each, width, indent)
            for each in paragraphs
        )

    def _format_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[Any], prefix: str | None
    ) -> str:
        """Write "[options]" for all options: the help lists them, and an error is easier to read without them."""
        positionals = [each for each in actions if not each.option_strings]
        text = super()._format_usage(usage, positionals, (), prefix)
        return text.replace(self._prog, f"{self._prog} [options]", 1)


def add_parser(commands: Commands, name: str, *, summary: str, description: str, examples: Mapping[str, str]) -> Parser:
    """Add a command.

    :param summary: what it is for, in the list of all commands.
    :param description: paragraphs with a blank line in between.
    :param examples: commands, each by what it does. The tests run them, in the folder of ``tests/cli/examples``.
    """
    lines = [f"  {what}:\n    $ {command}" for what, command in examples.items()]
    epilog = "\n".join(["examples:", *lines])
    command = commands.add_parser(name, help=summary, description=description, epilog=epilog)
    command.set_defaults(command=command)
    command.rare_options.add_argument("--color", choices=COLORS, default="auto", help=_COLOR)
    return command
