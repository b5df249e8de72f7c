"""``wsgistack show``: a configuration as a tree, or as TOML."""

import argparse
import sys
from collections.abc import Iterator
from io import TextIOWrapper

from wsgistack.cli.arguments import add_target, add_values
from wsgistack.cli.checking import warn
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.target import open_target
from wsgistack.cli.tree import align, draw_tree
from wsgistack.config import read
from wsgistack.config.contents import drop_file_keys
from wsgistack.config.document import Document
from wsgistack.config.parts import in_order
from wsgistack.config.words import describe_use
from wsgistack.errors import ConfigError

__all__ = ["add_command", "show"]

_MAIN = "main"

_DESCRIPTION = """\
Shows what FILE describes: the layers in the order in which a request passes them, with their options and conditions,
then the application, and the servers. Secrets are hidden."""
_EXAMPLES = {
    "Show the layers around the application": "wsgistack show stack.toml",
    "Convert an ini file to TOML": "wsgistack show --format toml stack.ini",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack show``."""
    command = add_parser(
        commands,
        "show",
        summary="show the layers of an application, with their options",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    command.add_argument("--format", choices=("toml",), help="print the whole file as TOML instead")
    add_target(command)
    add_values(command)
    command.set_defaults(run=show)


def show(parsed: argparse.Namespace) -> int:
    """Print what a configuration describes: the application of a name, or all of them in a file without main."""
    document = open_target(parsed)
    if parsed.format:
        from wsgistack.config.export import export_toml

        text, warnings = export_toml(document)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # TOML is UTF-8, whatever the terminal uses
        print(text, end="")
        warn(warnings)
    else:
        names = document.applications()
        is_all = parsed.name == _MAIN and _MAIN not in names
        trees = [f"application {name}:\n{_draw(document, name)}" for name in names] if is_all else []
        filters = _describe_filters(document) if is_all else ()
        print("\n\n".join([*(trees or [_draw(document, parsed.name)]), *filters, *_describe(document)]))
    return 0


def _draw(document: Document, name: str) -> str:
    stack = read(document, name)
    if stack.mistakes:
        raise ConfigError(*in_order(stack.mistakes))
    return draw_tree(document, name, stack)


def _describe_filters(document: Document) -> Iterator[str]:
    """The filters that no application lists."""
    start = document.start()
    listed = {spec.where for name in document.applications() for spec in document.application(name, start).pipeline}
    for name in document.filters():
        for spec in document.filter(name, start).pipeline:
            if spec.where not in listed:
                yield "\n   ".join([f"filter {name}: {describe_use(spec.use)}", *align(spec.shown())])


def _describe(document: Document) -> Iterator[str]:
    """The servers, and the names of the global values, whose values may be secrets."""
    for name in document.servers():
        server = document.server(name, document.start())
        yield "\n   ".join([f"server {name}: {describe_use(server.use)}", *align(server.shown())])
    if names := drop_file_keys(document.start().global_conf):
        yield f"global values: {', '.join(names)}"
