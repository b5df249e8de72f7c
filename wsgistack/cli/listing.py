"""``wsgistack list``: the layers that are installed, and the options of one."""

import argparse
import sys
from inspect import cleandoc
from shutil import get_terminal_size
from textwrap import TextWrapper

from wsgistack.cli.parser import Commands, add_parser
from wsgistack.config.words import describe_value
from wsgistack.errors import ConfigError
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry
from wsgistack.types import Factory

__all__ = ["add_command", "list_layers"]

_DESCRIPTION = """\
Lists the layers that you can write in a file, with what they do. With NAME, it shows the options of one layer: their
types, meanings and defaults."""
_EXAMPLES = {
    "List all layers": "wsgistack list",
    "Show the options of one": "wsgistack list basic_auth",
    "Show the options of any other middleware": "wsgistack list werkzeug.middleware.proxy_fix:ProxyFix",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack list``."""
    command = add_parser(
        commands,
        "list",
        summary="list the layers that you can use, and their options",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    command.add_argument("layer", nargs="?", metavar="NAME", help="a layer, or package.module:middleware")
    command.set_defaults(run=list_layers)


def list_layers(parsed: argparse.Namespace) -> int:
    """List all layers, or the options of one."""
    if parsed.layer is None:
        width = max(map(len, registry.names()), default=0) + 2
        for name in registry.names():
            try:
                summary = _summarize(registry.find(name))
            except ConfigError as error:
                summary = f"(cannot be loaded: {error})"
            _print_column(name, width, summary)
        return 0
    sys.path.insert(0, "")
    factory = registry.find(parsed.layer)
    options = read_schema(factory).options.values()
    _print_column("", 0, f"{parsed.layer}: {_summarize(factory)}".removesuffix(": "))
    print()
    width = max((len(option.name) for option in options), default=0) + 4
    for option in options:
        _print_column(f"  {option.name}", width, option.type_name)
        for text in (option.doc, "required" if option.is_required else f"default: {describe_value(option.default)}"):
            _print_column("", width, text)
    if not options:
        print("  It declares no options.")
    return 0


def _print_column(name: str, width: int, text: str) -> None:
    """Print a text in a column of its own, beside a name."""
    lines = TextWrapper(get_terminal_size().columns - width, break_long_words=False, break_on_hyphens=False)
    for line in lines.wrap(text.replace("``", "`")) or [""] * bool(name):
        print(f"{name:{width}}{line}".rstrip())
        name = ""


def _summarize(factory: Factory) -> str:
    return " ".join(cleandoc(factory.__doc__ or "").partition("\n\n")[0].split())
