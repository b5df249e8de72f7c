"""``wsgistack check``: every mistake of a configuration at once, and warnings about the order of layers and guards."""

import argparse
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from wsgistack.cli.arguments import add_strict, add_target, add_values
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.target import open_target
from wsgistack.config import find_mistakes
from wsgistack.config.parts import in_order
from wsgistack.pipeline import OrderWarning

__all__ = ["add_command", "check", "collect_order", "warn"]

_DESCRIPTION = """\
Reads FILE as serve does, imports the application, builds all layers, and reports every mistake at once: where it is,
what was expected, and the most similar correct name. It serves nothing. Use it before you deploy a change."""
_EXAMPLES = {
    "Report all mistakes": "wsgistack check stack.toml",
    "In a script: fail on warnings, too, and print nothing else": "wsgistack check --quiet --strict stack.toml",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack check``."""
    command = add_parser(
        commands, "check", summary="find all mistakes in a file", description=_DESCRIPTION, examples=_EXAMPLES
    )
    command.add_argument("-q", "--quiet", action="store_true", help="print mistakes and warnings only")
    about = "also report what the loader of PasteDeploy (pserve, gunicorn --paste) treats differently"
    command.rare_options.add_argument("--paste-deploy", action="store_true", help=about)
    add_strict(command)
    add_target(command)
    add_values(command)
    command.set_defaults(run=check)


def check(parsed: argparse.Namespace) -> int:
    """Report every mistake."""
    document = open_target(parsed)
    with collect_order() as order:
        found = find_mistakes(document, parsed.name, strict=parsed.strict)
    if parsed.paste_deploy:
        from wsgistack.config.paste.compatibility import find_incompatibilities

        found = in_order([*found, *find_incompatibilities(document)])
    mistakes = [str(each) for each in found]
    if parsed.strict:
        mistakes += [each for each in order if each not in mistakes]
        order.clear()
    warn(order)
    for mistake in mistakes:
        print(mistake, file=sys.stderr, flush=True)
    if not parsed.quiet:
        plural = "s" if len(mistakes or order) > 1 else ""
        no_mistake = f"no mistakes, {len(order)} warning{plural}" if order else "OK"
        print(f"{len(mistakes)} mistake{plural}" if mistakes else f"{parsed.target}: {no_mistake}")
        if not mistakes and parsed.name == "main" and "main" not in document.applications():
            print("serve needs --name, because no application is called main")
    return 1 if mistakes else 0


@contextmanager
def collect_order() -> Iterator[list[str]]:
    """Collect the warnings about the order of layers and about guards, each once. Others are shown as usual."""
    collected: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", OrderWarning)
        yield collected
    collected += dict.fromkeys(str(each.message) for each in caught if each.category is OrderWarning)
    for each in caught:
        if each.category is not OrderWarning:
            warnings.showwarning(each.message, each.category, each.filename, each.lineno)


def warn(problems: Iterable[str]) -> None:
    """Print warnings to standard error."""
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
