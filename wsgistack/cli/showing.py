"""``wsgistack show``: a configuration as a tree, or as TOML."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper

from wsgistack.cli.arguments import Commands, add_file
from wsgistack.cli.checking import warn
from wsgistack.cli.tree import LayerTree, align
from wsgistack.config import open_document, read
from wsgistack.config.contents import drop_file_keys, read_contents
from wsgistack.config.document import Document
from wsgistack.config.parts import Server, Stack, in_order
from wsgistack.config.protocols import SERVER_PROTOCOLS, find_factory
from wsgistack.config.words import describe_use
from wsgistack.errors import ConfigError, Mistakes

__all__ = ["add_command", "show"]


def add_command(commands: Commands) -> None:
    """Add ``wsgistack show``."""
    command = commands.add_parser("show", help="show the layers as a tree, with their options")
    command.add_argument("--format", choices=("toml",), help="convert the whole file to TOML instead")
    add_file(command)
    command.set_defaults(run=show)


_MAIN = "main"


def show(parsed: argparse.Namespace) -> int:
    """Print what a configuration describes: the application that is asked for; all of them in a file without main."""
    document = open_document(parsed.file, parsed.values)
    if parsed.format:
        return _convert(document, parsed)
    names = document.applications()
    is_all = parsed.name == _MAIN and _MAIN not in names and bool(names or document.servers() or document.filters())
    stacks = _read_stacks(document, names if is_all else [parsed.name])
    tree = LayerTree(document, is_whole=True)
    paragraphs = [
        (f"application {name}:\n" if is_all else "") + tree.draw(name, stack) for name, stack in stacks.items()
    ]
    if is_all:
        paragraphs += _draw_filters(document, stacks.values(), tree)
    paragraphs += _describe_others(document)
    print("\n\n".join(paragraphs))
    if parsed.strict and tree.misplaced:
        raise ConfigError(*in_order(tree.misplaced))
    return 0


def _read_stacks(document: Document, names: Iterable[str]) -> dict[str, Stack]:
    stacks = {name: read(document, name) for name in names}
    mistakes = Mistakes(document.mistakes)
    mistakes += [each for stack in stacks.values() for each in stack.mistakes]
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    return stacks


def _draw_filters(document: Document, stacks: Iterable[Stack], tree: LayerTree) -> Iterator[str]:
    """The filters that none of some applications has."""
    listed = {spec.where for stack in stacks for spec in stack.pipeline}
    for name in document.filters():
        stack = document.filter(name, document.start())
        if stack.mistakes:
            raise ConfigError(*in_order(stack.mistakes))
        if not {spec.where for spec in stack.pipeline} <= listed:
            yield f"filter {name}:\n{tree.draw(name, stack)}"


def _describe_others(document: Document) -> Iterator[str]:
    for name in document.servers():
        server = document.server(name, document.start())
        yield "\n   ".join([f"server {name}: {describe_use(server.use)}", *_describe_options(server)])
    if names := drop_file_keys(document.start().global_conf):
        yield f"global values: {', '.join(names)}"  # without the values, which may be secrets


def _describe_options(server: Server) -> list[str]:
    try:
        find_factory(str(server.use), SERVER_PROTOCOLS, server.global_conf)
    except ConfigError:  # it would say which options are secret
        return [f"(cannot be loaded; options not shown: {', '.join(server.options)})"] if server.options else []
    return align(server.shown(SERVER_PROTOCOLS))


def _convert(document: Document, parsed: argparse.Namespace) -> int:
    from wsgistack.config.export import export_toml

    text, warnings = export_toml(document)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # TOML is UTF-8, whatever the terminal uses
    print(text, end="")
    warn(warnings)
    stacks = read_contents(document).applications.values()
    misplaced = [each for stack in stacks for each in stack.pipeline.misplaced()]
    if parsed.strict and misplaced:
        raise ConfigError(*in_order(misplaced))
    return 0
