"""``wsgistack list``: the layers that are installed, and the options of one.

``--format json`` prints one object:

- ``layers``: each with ``name``, ``summary``, ``options``, and ``mistakes``, which say why it cannot be loaded;
- ``mistakes``: those of the layer that the argument names. If there are any, ``layers`` is empty.

An option has ``name``, ``type``, ``default``, ``is_required``, ``is_secret``, ``doc``, and ``options``: those that a
mapping has, or each mapping in a list. A default that JSON has no type for is text; it is null if the option is
required. Mistakes are those of :mod:`wsgistack.cli.reporting`.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from inspect import cleandoc

from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.reporting import as_items, as_json, print_json
from wsgistack.cli.terminal import Terminal
from wsgistack.config.words import describe_value
from wsgistack.errors import ConfigError, Mistakes
from wsgistack.options.schema import Option, read_schema
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
    about = (
        "text, or json: one object with layers and mistakes; each layer has name, summary, options and mistakes "
        "(default: %(default)s)"
    )
    command.add_argument("--format", choices=("text", "json"), default="text", help=about)
    command.add_argument("layer", nargs="?", metavar="NAME", help="a layer, or package.module:middleware")
    command.set_defaults(run=list_layers)


def list_layers(parsed: argparse.Namespace) -> int:
    """List all layers, or the options of one."""
    if parsed.layer is not None:
        sys.path.insert(0, "")
    if parsed.format == "json":
        return _list_json(parsed.layer)
    terminal = Terminal(sys.stdout)
    if parsed.layer is None:
        width = max(map(len, registry.names()), default=0) + 2
        for name in registry.names():
            try:
                summary = _summarize(registry.find(name))
            except ConfigError as error:
                summary = f"(cannot be loaded: {error})"
            _print_column(terminal, name, width, summary)
        return 0
    factory = registry.find(parsed.layer)
    options = [*_name_all(read_schema(factory).options.values())]
    title = f"{parsed.layer}: {_summarize(factory)}".removesuffix(": ")
    terminal.write(*terminal.wrap(title, width=terminal.width), "")
    width = max((len(name) for name, _ in options), default=0) + 4
    for name, option in options:
        _print_column(terminal, f"  {name}", width, option.type_name)
        for text in (option.doc, "required" if option.is_required else f"default: {describe_value(option.default)}"):
            _print_column(terminal, "", width, text)
    if not options:
        print("  It declares no options.")
    return 0


def _list_json(layer: str | None) -> int:
    with redirect_stdout(sys.stderr):  # a module may print when it is imported
        layers = [_describe(name) for name in (registry.names() if layer is None else [layer])]
    mistakes = [] if layer is None else layers[0]["mistakes"]
    print_json({"layers": [] if mistakes else layers, "mistakes": mistakes})
    return 1 if mistakes else 0


def _describe(name: str) -> dict[str, object]:
    mistakes = Mistakes()
    summary = ""
    options: list[Option] = []
    with mistakes.collect():
        factory = registry.find(name)
        summary, options = _summarize(factory), [*read_schema(factory).options.values()]
    described = [*map(_describe_option, options)]
    return {"name": name, "summary": summary, "options": described, "mistakes": as_items(mistakes)}


def _describe_option(option: Option) -> dict[str, object]:
    return {
        "name": option.name,
        "type": option.type_name,
        "default": None if option.is_required else as_json(option.default),
        "is_required": option.is_required,
        "is_secret": option.is_secret,
        "doc": option.doc,
        "options": [*map(_describe_option, option.inner)],
    }


def _name_all(options: Iterable[Option], prefix: str = "") -> Iterator[tuple[str, Option]]:
    """Options, each followed by the options of its mapping, under the names that mistakes use."""
    for option in options:
        yield f"{prefix}{option.name}", option
        yield from _name_all(option.inner, f"{prefix}{option.name}.")


def _print_column(terminal: Terminal, name: str, width: int, text: str) -> None:
    """Print a text in a column of its own, beside a name."""
    lines = terminal.wrap(text.replace("``", "`"), width=terminal.width - width)
    for line in lines or [""] * bool(name):
        print(f"{terminal.paint(name, 'bold')}{'':{width - len(name)}}{terminal.show(line)}".rstrip())
        name = ""


def _summarize(factory: Factory) -> str:
    return " ".join(cleandoc(factory.__doc__ or "").partition("\n\n")[0].split())
