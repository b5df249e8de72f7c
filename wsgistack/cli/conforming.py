"""``wsgistack conform``: tests a middleware with the conformance kit."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from wsgistack.config.stack import stand_in
from wsgistack.options.schema import fit
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Changes

__all__ = ["conform"]


def conform(parsed: argparse.Namespace) -> int:
    """Judge one middleware, and print the report."""
    from wsgistack.testing import Judge
    from wsgistack.testing.report import REPORTS

    sys.path.insert(0, "")
    changes = Changes.from_names(parsed.changes) if parsed.changes else None
    with redirect_stdout(sys.stderr), _disable_logging():  # the import, too: an option may default to sys.stdout
        factory = registry.find(parsed.layer)
        spec = Spec(parsed.layer, dict(parsed.option)).fitted(base=Path(), text=True)
        spec.build(stand_in)
        options, _ = fit(factory, spec.options, base=Path())
        judge = Judge(factory, options, headers=parsed.header, changes=changes)
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
