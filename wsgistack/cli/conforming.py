"""``wsgistack conform``: tests a middleware with the conformance kit."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from wsgistack.cli.arguments import Commands, change, pair
from wsgistack.config.parts import stand_in
from wsgistack.errors import Where
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Changes

__all__ = ["add_command", "conform"]


def add_command(commands: Commands) -> None:
    """Add ``wsgistack conform``."""
    command = commands.add_parser("conform", help="judge any middleware by PEP 3333")
    command.add_argument("layer", metavar="NAME", help="the name of a layer, or module:factory")
    command.add_argument(
        "--option", action="append", default=[], type=pair("="), metavar="K=V", help="an option of the factory"
    )
    command.add_argument(
        "--header", action="append", default=[], type=pair(":"), metavar="'N: V'", help="a header of each request"
    )
    command.add_argument(
        "--changes",
        action="append",
        type=change,
        metavar="WHAT",
        help="what it changes: body, answers, errors, wraps, or the name of a response header",
    )
    command.add_argument("--format", choices=("text", "json", "junit"), default="text", help="(%(default)s)")
    command.set_defaults(run=conform)


def conform(parsed: argparse.Namespace) -> int:
    """Judge one middleware, and print the report."""
    from wsgistack.testing import Judge
    from wsgistack.testing.report import REPORTS

    sys.path.insert(0, "")
    changes = Changes.from_names(parsed.changes) if parsed.changes else None
    with redirect_stdout(sys.stderr), _disable_logging():  # the import, too: an option may default to sys.stdout
        use = registry.Use(parsed.layer)
        factory = use.look_up()
        spec = Spec.from_settings(use, dict(parsed.option), where=Where(), base=Path(), inherited=())
        spec.build(stand_in)
        judge = Judge(factory, spec.resolve(), headers=parsed.header, changes=changes)
        verdicts = list(judge.judge_all())
    print(REPORTS[parsed.format](parsed.layer, verdicts))
    return 1 if any(verdict.breaches for verdict in verdicts) else 0


@contextmanager
def _disable_logging() -> Iterator[None]:
    """Hide what a middleware logs about the errors of hostile applications."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)
