"""``wsgistack diff``: what changed from one configuration to another."""

import argparse
import sys

from wsgistack.cli.arguments import FILE, add_values
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.terminal import Terminal
from wsgistack.config import open_document
from wsgistack.config.contents import find_differences, read_contents

__all__ = ["add_command", "compare"]

_DESCRIPTION = """\
Shows what two files do differently: other layers, another order, other options. Comments, the order of options and the
format (TOML or ini) make no difference. Use it to review a change, or after you have converted a file."""
_EXAMPLES = {"Compare the file of the last release with the new one": "wsgistack diff old.toml stack.toml"}
_STYLES = {"+": "green", "-": "red"}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack diff``."""
    command = add_parser(
        commands, "diff", summary="show what two files do differently", description=_DESCRIPTION, examples=_EXAMPLES
    )
    command.add_argument("old", metavar="OLD", help=FILE)
    command.add_argument("new", metavar="NEW", help="the file to compare with it")
    add_values(command)
    command.set_defaults(run=compare, failure=2)


def compare(parsed: argparse.Namespace) -> int:
    """Print each difference. Return 1 if there are some, as ``diff`` does."""
    old, new = (read_contents(open_document(file, parsed.values)) for file in (parsed.old, parsed.new))
    lines = find_differences(old, new)
    terminal = Terminal(sys.stdout)
    for line in lines:
        shown, style = terminal.show(line), _STYLES.get(line[0])
        print(terminal.paint(shown, style) if style else shown)
    return 1 if lines else 0
