"""``wsgistack conform``: a middleware, tested with the conformance kit."""

import argparse
import logging
import sys
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

from wsgistack.cli.arguments import Commands, split_pair
from wsgistack.config.parts import stand_in
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Changes

__all__ = ["add_command", "conform"]


def add_command(commands: Commands) -> None:
    """Add ``wsgistack conform``."""
    command = commands.add_parser("conform", help="test a middleware for conformance with PEP 3333")
    command.add_argument("layer", metavar="NAME", help="the name of an installed layer, or package.module:factory")
    add, split_header = partial(command.add_argument, action="append", default=[]), partial(split_pair, separator=":")
    add("--option", type=split_pair, metavar="NAME=VALUE", help="an option of the middleware; repeatable")
    add("--header", type=split_header, metavar="NAME:VALUE", help="a header of every test request; repeatable")
    changes = "what the middleware changes: body, answers, errors, wraps, or the name of a response header; repeatable"
    add("--changes", metavar="WHAT", help=changes)
    command.add_argument(
        "--format", choices=("text", "json", "junit"), default="text", help="report format (default: text)"
    )
    command.set_defaults(run=conform)


def conform(parsed: argparse.Namespace) -> int:
    """Test one middleware, and print the report."""
    from wsgistack.testing import Judge
    from wsgistack.testing.report import REPORTS

    sys.path.insert(0, "")
    changes = Changes.from_names(parsed.changes) if parsed.changes else None
    level = logging.root.manager.disable
    logging.disable()  # a middleware may log the errors of hostile applications
    try:
        with redirect_stdout(sys.stderr):  # before the import: an option may default to sys.stdout
            factory = registry.find(parsed.layer)
            spec = Spec(parsed.layer, base=Path()).parse(dict(parsed.option))
            spec.build(stand_in)
            judge = Judge(factory, spec.resolve(), headers=parsed.header, changes=changes)
            verdicts = list(judge.judge_all())
    finally:
        logging.disable(level)
    print(REPORTS[parsed.format](parsed.layer, verdicts))
    return 1 if any(verdict.breaches for verdict in verdicts) else 0
