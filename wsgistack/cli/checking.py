"""``wsgistack check``: every mistake of a configuration at once, and warnings about the order of layers and guards.

``--format json`` prints one object with ``file``, and with ``mistakes`` and ``warnings`` as in
:mod:`wsgistack.cli.reporting`. Both lists are empty if all is right.
"""

import argparse
import sys
from contextlib import nullcontext, redirect_stdout

from wsgistack.cli.arguments import add_strict, add_target, add_values
from wsgistack.cli.building import collect_order
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.reporting import as_items, print_json, print_mistakes, summarize
from wsgistack.cli.target import open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.config import find_mistakes
from wsgistack.config.parts import in_order
from wsgistack.errors import Mistake, Mistakes

__all__ = ["add_command", "check"]

_DESCRIPTION = """\
Reads TARGET as serve does, imports the application, builds all layers, and reports every mistake at once: where it is,
what was expected, and the most similar correct name. It serves nothing. Use it before you deploy a change."""
_EXAMPLES = {
    "Report all mistakes": "wsgistack check stack.toml",
    "In a script: fail on warnings, too, and print nothing else": "wsgistack check --quiet --strict stack.toml",
    "For a program: print mistakes and warnings as JSON": "wsgistack check --format json stack.toml",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack check``."""
    command = add_parser(
        commands, "check", summary="find all mistakes in a file", description=_DESCRIPTION, examples=_EXAMPLES
    )
    command.add_argument("-q", "--quiet", action="store_true", help="print mistakes and warnings only")
    about = "also report what the loader of PasteDeploy (pserve, gunicorn --paste) treats differently"
    command.rare_options.add_argument("--paste-deploy", action="store_true", help=about)
    about = (
        "report format: full, with lines of the file; concise, with one line each; or json, one object with file, "
        "mistakes and warnings, each with file, line, section, key, problem, expected and hint (default: %(default)s)"
    )
    command.add_argument("--format", choices=("full", "concise", "json"), default="full", help=about)
    add_strict(command)
    add_target(command)
    add_values(command)
    command.set_defaults(run=check)


def check(parsed: argparse.Namespace) -> int:
    """Report every mistake."""
    mistakes = Mistakes()
    order: list[Mistake] = []
    has_main = True
    is_json = parsed.format == "json"
    with mistakes.collect(), redirect_stdout(sys.stderr) if is_json else nullcontext():  # an application may print
        document = open_target(parsed)
        has_main = parsed.name != "main" or "main" in document.applications
        with collect_order() as order:
            mistakes += find_mistakes(document, parsed.name, strict=parsed.strict)
        if parsed.paste_deploy:
            from wsgistack.config.paste.compatibility import find_incompatibilities

            mistakes += find_incompatibilities(document)
    if parsed.strict:
        mistakes += order
        order.clear()
    found = in_order(mistakes)
    if is_json:
        print_json({"file": parsed.target, "mistakes": as_items(found), "warnings": as_items(order)})
        return 1 if found else 0
    print_mistakes(order, parsed.format, is_warning=True)
    print_mistakes(found, parsed.format)
    if not parsed.quiet:
        terminal = Terminal(sys.stdout)
        no_mistake = f"no mistakes, {len(order)} warning{'s'[: len(order) != 1]}" if order else "OK"
        right = f"{terminal.show(parsed.target)}: {terminal.paint(no_mistake, 'green')}"
        print(terminal.show(summarize(found)) if found else right)
        if not found and not has_main:
            print("serve needs --name, because no application is called main")
    return 1 if found else 0
