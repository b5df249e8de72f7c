"""``wsgistack list``: the layers that are installed, and the options of one."""

import argparse
import sys
from inspect import cleandoc
from shutil import get_terminal_size
from textwrap import fill

from wsgistack.config.words import in_words
from wsgistack.errors import ConfigError
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry
from wsgistack.types import Factory

__all__ = ["list_layers"]


def list_layers(parsed: argparse.Namespace) -> int:
    """List all layers, or the options of one."""
    if parsed.layer is None:
        width = max(map(len, registry.names()), default=0)
        for name in registry.names():
            print(f"{name:{width}}  {_registered(name)}")
        return 0
    sys.path.insert(0, "")
    factory = registry.find(parsed.layer)
    known = read_schema(factory).options
    _say(f"{parsed.layer}: {_summary(factory)}".removesuffix(": "), "")
    print()
    for option in known.values():
        _say(f"{option.name}: {option.type_name}", "  ")
        _say(option.doc, "      ")
        _say("required" if option.is_required else f"default: {in_words(option.default)}", "      ")
    if not known:
        _say("It names no options.", "  ")
    return 0


def _say(text: str, indent: str) -> None:
    if text:
        columns = get_terminal_size((100, 24)).columns
        print(fill(text.replace("``", "`"), columns, initial_indent=indent, subsequent_indent=indent))


def _registered(name: str) -> str:
    try:
        return _summary(registry.find(name))
    except ConfigError as error:
        return f"(can't be used: {error})"


def _summary(factory: Factory) -> str:
    return " ".join(cleandoc(factory.__doc__ or "").partition("\n\n")[0].split())
