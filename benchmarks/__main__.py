"""``python -m benchmarks``: compare wsgistack with its peers."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.compress import COMPRESS
from benchmarks.conformance import write_conformance
from benchmarks.layers import LAYERS
from benchmarks.machine import describe_machine
from benchmarks.pairs import QUICK, THOROUGH, Effort
from benchmarks.report import write_group, write_page, write_targets
from benchmarks.server import SERVER
from benchmarks.stack import STACK
from benchmarks.start import START

__all__ = ["GROUPS", "main"]

GROUPS = (LAYERS, STACK, COMPRESS, SERVER, START)
_OTHERS = {
    "conformance": "the rules of PEP 3333 and HTTP that each peer breaks",
    "pages": "write the pages again from their data, without a measurement",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one measurement, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare wsgistack with its peers.")
    parser.set_defaults(what="all")
    _add_options(parser, "docs", False)
    commands = parser.add_subparsers(title="commands", metavar="WHAT", help="by default, measure everything in one run")
    for name, summary in [*_OTHERS.items(), *((group.name, group.summary) for group in GROUPS)]:
        command = commands.add_parser(name, help=summary)
        command.set_defaults(what=name)
        _add_options(command, argparse.SUPPRESS, argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    folder = Path(parsed.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --output: {error}")
    missing = [group.name for group in GROUPS if not (folder / "figures" / f"{group.name}.json").exists()]
    if parsed.what == "pages" and missing:
        parser.error(f"{folder / 'figures'} has no data of {', '.join(missing)}; measure them first")
    for path in _run(parsed.what, folder, QUICK if parsed.quick else THOROUGH):
        print(path)


def _add_options(parser: argparse.ArgumentParser, folder: str, quick: bool | str) -> None:
    about = "folder of the documentation; the figures go to its subfolder figures (default: docs)"
    parser.add_argument("--output", default=folder, metavar="FOLDER", help=about)
    about = "measure almost nothing, to check that everything works"
    parser.add_argument("--quick", action="store_true", default=quick, help=about)


def _run(what: str, folder: Path, effort: Effort) -> Iterator[Path]:
    figures = folder / "figures"
    if what in ("all", "conformance"):
        yield from write_conformance(folder)
    host = describe_machine() | ({"effort": "--quick; these figures are not valid"} if effort.is_quick else {})
    for group in GROUPS:
        if what in ("all", group.name):
            begin = perf_counter()
            findings = group.measure(effort)
            print(f"{group.name}: {perf_counter() - begin:.0f} s", file=sys.stderr)
            yield from write_group(figures, group, findings, host)
        elif what == "pages":
            yield write_page(figures, group)
    if what in ("all", "pages"):
        yield write_targets(figures, GROUPS)


if __name__ == "__main__":
    main()
