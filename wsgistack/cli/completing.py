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
        from argcomplete.completers import SuppressCompleter
    except ImportError:  # without the extra, the command must not run because somebody pressed Tab
        raise SystemExit(1) from None
    for command in parser.commands.choices.values() if parser.commands else ():
        for action in command._actions:  # noqa: SLF001 (argparse has no other list of them)
            if action.dest in _COMPLETERS and not action.choices:
                action.completer = _COMPLETERS[action.dest]  # type: ignore[attr-defined]  # argcomplete reads it
    autocomplete(parser, always_complete_options=False, default_completer=SuppressCompleter())


def _complete_file(prefix: str, **_: object) -> Iterable[str]:
    from argcomplete.completers import FilesCompleter

    return FilesCompleter(("toml", "ini"))(prefix)


def _complete_capsule(prefix: str, **_: object) -> Iterable[str]:
    from argcomplete.completers import FilesCompleter

    return FilesCompleter(("json",))(prefix)


def _complete_any_file(prefix: str, **_: object) -> Iterable[str]:
    from argcomplete.completers import FilesCompleter

    return FilesCompleter()(prefix)


def _complete_layer(**_: object) -> Iterable[str]:
    return registry.names()


def _complete_name(parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    return _open(parsed_args).applications()


def _complete_server(parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
    return _open(parsed_args).servers()


def _open(parsed_args: argparse.Namespace) -> Document:
    """The file before the option that is completed; without one, there is nothing to complete."""
    try:
        return open_document(parsed_args.target or {}, {})
    except ConfigError:
        return open_document({}, {})


_COMPLETERS: Mapping[str, Callable[..., Iterable[str]]] = {
    **dict.fromkeys(("target", "old", "new"), _complete_file),
    "file": _complete_any_file,
    **dict.fromkeys(("layer", "layers"), _complete_layer),
    "capsule": _complete_capsule,
    "name": _complete_name,
    "server_name": _complete_server,
}
"""How to complete an argument, by its name in the parsed arguments."""
