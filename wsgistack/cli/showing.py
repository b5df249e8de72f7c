"""``wsgistack show``: a configuration as a tree, or in another format."""

import argparse
import sys
from collections.abc import Iterator
from io import TextIOWrapper

from wsgistack.cli.arguments import Commands, add_file
from wsgistack.cli.checking import warn
from wsgistack.cli.tree import Tree
from wsgistack.config import read
from wsgistack.config.contents import contents, told
from wsgistack.config.document import open_document
from wsgistack.config.loader import Document
from wsgistack.config.protocols import SERVER_PROTOCOLS
from wsgistack.config.stack import in_order
from wsgistack.config.words import in_words, use_in_words
from wsgistack.errors import ConfigError

__all__ = ["add_command", "show"]


def add_command(commands: Commands) -> None:
    """Add ``wsgistack show``."""
    command = commands.add_parser("show", help="show the layers as a tree, with their options")
    command.add_argument("--format", choices=("toml", "ini", "python"), help="print the file in this format instead")
    add_file(command)
    command.set_defaults(run=show)


def show(parsed: argparse.Namespace) -> int:
    """Print what a configuration says."""
    document = open_document(parsed.file, parsed.values)
    if parsed.format:
        return _convert(document, parsed)
    stack = read(document, parsed.name)
    if stack.mistakes:
        raise ConfigError(*in_order(stack.mistakes))
    tree = Tree(document, is_whole=True)
    print(tree.draw(parsed.name, stack))
    for line in _others(document):
        print(line)
    if parsed.strict and tree.misplaced:
        raise ConfigError(*in_order(tree.misplaced))
    return 0


def _others(document: Document) -> Iterator[str]:
    for name in document.servers():
        server = document.server(name, document.start())
        yield f"\nserver {name}: {use_in_words(server.use)}"
        yield from (f"   {key} = {in_words(value)}" for key, value in server.shown(SERVER_PROTOCOLS).items())
    if names := told(document.start().global_conf):
        yield f"\nglobal: {', '.join(names)}"  # and not their values, for nothing says which of them are secrets


def _convert(document: Document, parsed: argparse.Namespace) -> int:
    from wsgistack.config.export import written

    text, losses = written(document, parsed.format)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # as it is read again, whatever the terminal has
    print(text, end="")
    warn(losses)
    misplaced = [each for stack in contents(document).applications.values() for each in stack.pipeline.misplaced()]
    if parsed.strict and misplaced:
        raise ConfigError(*in_order(misplaced))
    return 0
