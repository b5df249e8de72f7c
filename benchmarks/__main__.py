"""``python -m benchmarks``: what is measured beside the peers."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.compress import measure_compress
from benchmarks.conformance import write_conformance
from benchmarks.layers import measure_layers
from benchmarks.machine import describe_machine
from benchmarks.pairs import QUICK, THOROUGH, Effort
from benchmarks.report import write_claims, write_group
from benchmarks.rows import Group
from benchmarks.server import measure_server
from benchmarks.stack import measure_stack
from benchmarks.start import measure_start

__all__ = ["GROUPS", "main"]

GROUPS: dict[str, tuple[str, Callable[[Effort], Group]]] = {
    "layers": ("what each layer adds, beside its floor and its peers", measure_layers),
    "stack": ("the five layers together, and how cost grows", measure_stack),
    "compress": ("compression, for bodies of many kinds and sizes", measure_compress),
    "server": ("processor time, waiting and memory under gunicorn", measure_server),
    "start": ("imports, building, and the memory of both", measure_start),
}
_CONFORMANCE = ("conformance", "which rules of WSGI each peer breaks")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one measurement, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements beside the peers.")
    parser.set_defaults(what="all")
    _options(parser, "docs", False)
    commands = parser.add_subparsers(
        title="measurements", metavar="WHAT", help="one of them; by default all, in one run"
    )
    for name, told in (_CONFORMANCE, *((name, told) for name, (told, _) in GROUPS.items())):
        command = commands.add_parser(name, help=told)
        command.set_defaults(what=name)
        _options(command, argparse.SUPPRESS, argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    folder = Path(parsed.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --output: {error}")
    for path in _run(parsed.what, folder, QUICK if parsed.quick else THOROUGH):
        print(path)


def _options(parser: argparse.ArgumentParser, folder: str, quick: bool | str) -> None:
    about = "where the documentation is written; figures go into its folder figures (docs)"
    parser.add_argument("--output", default=folder, metavar="FOLDER", help=about)
    parser.add_argument("--quick", action="store_true", default=quick, help="hardly measure: to see that all works")


def _run(what: str, folder: Path, effort: Effort) -> Iterator[Path]:
    if what in ("all", "conformance"):
        yield from write_conformance(folder)
    groups = []
    host = describe_machine() | (
        {"effort": "--quick, hardly measured: no figure is worth anything"} if effort.is_quick else {}
    )
    for name, (_, measure) in GROUPS.items():
        if what in ("all", name):
            begin = perf_counter()
            groups.append(measure(effort))
            print(f"{name}: {perf_counter() - begin:.0f} s", file=sys.stderr)
            yield from write_group(folder / "figures", groups[-1], host)
    if what == "all":
        yield write_claims(folder / "figures", groups, host)


if __name__ == "__main__":
    main()
