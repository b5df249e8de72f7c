"""``wsgistack show``: a configuration as a tree, as TOML, or as JSON.

``--format json`` prints one object:

- ``file``: its path;
- ``applications``: by name, each with ``use``, ``options`` and ``layers``. A layer, outermost first, has ``name``,
  ``use``, ``options``, ``when`` (null: for all requests), ``file`` and ``line``, and ``warnings`` about its place and
  its condition;
- ``filters``: by name, those that no application lists, each like a layer;
- ``servers``: by name, each with ``use`` and ``options``;
- ``global_values``: the names of PasteDeploy's global configuration, whose values may be secrets;
- ``mistakes``: as in :mod:`wsgistack.cli.reporting`. If there are any, the other parts are empty.

Options are those that the file sets. A secret is the text ``<secret>``, and a reference is shown as it is written. What
JSON has no type for is text. A size is a number of bytes, and a duration is a number of seconds.
"""

import argparse
import re
import sys
from contextlib import redirect_stdout
from io import TextIOWrapper
from typing import cast

from wsgistack.cli.arguments import add_target, add_values
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.reporting import as_items, as_json, print_json, warn
from wsgistack.cli.target import open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.cli.tree import align, draw_tree
from wsgistack.config import read
from wsgistack.config.contents import drop_file_keys, read_contents
from wsgistack.config.document import Document
from wsgistack.config.parts import Application, ServerSection, Stack
from wsgistack.config.words import describe_use
from wsgistack.errors import Mistakes
from wsgistack.pipeline.spec import Spec

__all__ = ["add_command", "show"]

_WARNING = re.compile(r"(?<=│  )! ")

_DESCRIPTION = """\
Shows what TARGET describes: the layers in the order in which a request passes them, with their options and conditions,
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
    about = (
        "text: a tree; toml: the whole file as TOML; json: the whole file as one object with file, applications, "
        "filters, servers, global_values and mistakes (default: %(default)s)"
    )
    command.add_argument("--format", choices=("text", "toml", "json"), default="text", help=about)
    add_target(command)
    add_values(command)
    command.set_defaults(run=show)


def show(parsed: argparse.Namespace) -> int:
    """Print what a configuration describes: the application of a name, or all of them in a file without main."""
    if parsed.format == "json":
        return _show_json(parsed)
    if parsed.format == "toml":
        from wsgistack.config.export import export_toml

        with redirect_stdout(sys.stderr):  # an application may print when it is imported
            text, warnings = export_toml(open_target(parsed))
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # TOML is UTF-8, whatever the terminal uses
        print(text, end="")
        warn(warnings)
        return 0
    document = open_target(parsed)
    names = document.applications
    if parsed.name == "main" and names and "main" not in names:
        parts = [[f"application {name}:", *draw_tree(document, name, _read(document, name))] for name in names]
        unlisted = read_contents(document).unlisted
        parts += (_list_options(f"filter {name}", spec) for name, spec in unlisted.items())
    else:
        parts = [[*draw_tree(document, parsed.name, _read(document, parsed.name))]]
    start = document.start()
    parts += (_list_options(f"server {name}", document.server(name, start)) for name in document.servers)
    if values := drop_file_keys(start.global_conf):  # which may be secrets
        parts.append([f"global values: {', '.join(values)}"])
    terminal = Terminal(sys.stdout)
    for line in [line for part in parts for line in ("", *part)][1:]:
        warning = _WARNING.search(line)
        end = warning.start() if warning else len(line)
        print(terminal.show(line[:end]) + terminal.paint(terminal.show(line[end:]), "yellow"))
    return 0


def _show_json(parsed: argparse.Namespace) -> int:
    """Print all that a configuration describes; with another name than main, that application alone."""
    mistakes = Mistakes()
    parts: dict[str, object] = {"applications": {}, "filters": {}, "servers": {}, "global_values": []}
    with mistakes.collect(), redirect_stdout(sys.stderr):
        document = open_target(parsed)
        found = read_contents(document)
        stacks = found.applications
        if parsed.name != "main" or not stacks:
            stacks = {parsed.name: _read(document, parsed.name)}
        parts = {
            "applications": {name: _describe_stack(stack) for name, stack in stacks.items()},
            "filters": {name: _describe_layer(spec) for name, spec in found.unlisted.items()},
            "servers": {name: _describe_part(each) for name, each in found.servers.items()},
            "global_values": [*found.global_conf],
        }
    print_json({"file": parsed.target, **parts, "mistakes": as_items(mistakes)})
    return 1 if mistakes else 0


def _describe_stack(stack: Stack) -> dict[str, object]:
    layers = [
        {**_describe_layer(spec), "warnings": as_items(stack.pipeline.misplaced_at(position))}
        for position, spec in enumerate(stack.pipeline)
    ]
    return {**_describe_part(cast(Application, stack.application)), "layers": layers}


def _describe_part(part: Application | ServerSection) -> dict[str, object]:
    return {"use": describe_use(part.use), "options": as_json(part.shown(has_units=False))}


def _describe_layer(spec: Spec) -> dict[str, object]:
    use, options, when = describe_use(spec.use), as_json(spec.shown(has_units=False)), as_json(spec.when)
    file, line = spec.where.file or None, spec.where.line or None
    return {"name": spec.name, "use": use, "options": options, "when": when, "file": file, "line": line}


def _read(document: Document, name: str) -> Stack:
    stack = read(document, name)
    Mistakes(stack.mistakes).raise_if_any()
    return stack


def _list_options(label: str, part: ServerSection | Spec) -> list[str]:
    return [f"{label}: {describe_use(part.use)}", *(f"   {option}" for option in align(part.shown()))]
