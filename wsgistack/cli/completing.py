"""Completes commands, options, files and names in a shell, with argcomplete."""

import argparse
from collections.abc import Callable, Iterable, Mapping

from wsgistack.cli.parser import Parser
from wsgistack.config import open_document
from wsgistack.config.document import Document
from wsgistack.errors import ConfigError
from wsgistack.pipeline import registry

__all__ = ["complete"]


def complete(parser: Parser) -> None:
    """Print the completions that the shell has asked for, and exit."""
    try:
        from argcomplete import autocomplete
        from argcomplete.completers import FilesCompleter, SuppressCompleter
    except ImportError:  # without the extra, the command must not run because somebody pressed Tab
        raise SystemExit(1) from None
    completers: Mapping[str, Callable[..., Iterable[str]]] = {  # by the name in the parsed arguments
        **dict.fromkeys(("target", "old", "new"), FilesCompleter(("toml", "ini"))),
        "file": FilesCompleter(),
        "capsule": FilesCompleter(("json",)),
        **dict.fromkeys(("layer", "layers"), lambda **_: registry.names()),
        "name": lambda parsed_args, **_: _open(parsed_args).applications,
        "server_name": lambda parsed_args, **_: _open(parsed_args).servers,
    }
    for command in parser.commands.choices.values() if parser.commands else ():
        for action in command._actions:  # noqa: SLF001 (argparse has no other list of them)
            if action.dest in completers and not action.choices:
                action.completer = completers[action.dest]  # type: ignore[attr-defined]  # argcomplete reads it
    autocomplete(parser, always_complete_options=False, default_completer=SuppressCompleter())


def _open(parsed_args: argparse.Namespace) -> Document:
    """The file before the option that is completed; without one, nothing is completed."""
    try:
        return open_document(parsed_args.target or {}, {})
    except ConfigError:
        return open_document({}, {})
