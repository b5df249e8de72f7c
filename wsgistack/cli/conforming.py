"""``wsgistack conform``: a middleware, tested with the conformance kit."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import partial
from io import BufferedWriter, RawIOBase, TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from wsgistack.cli.arguments import split_header, split_pair
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.terminal import Terminal
from wsgistack.config.parts import stand_in
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App, Changes, Environ, Factory, StartResponse

__all__ = ["add_command", "conform"]

_DESCRIPTION = """\
Tests a middleware, yours or one from another project: it must keep the rules of WSGI (PEP 3333) around every legal
application, however unusual, and change only what it declares. The report shows each broken rule, what happens instead,
and in which cases. What the middleware prints and logs is hidden.

--format json prints one object with every case, also those that passed:

  {"middleware": "...", "cases": [{"case": "...", "description": "...",
    "breaches": [{"rule": "...", "clause": "...", "detail": "..."}]}]}"""
_EXAMPLES = {
    "Test your own middleware, the class Powered in powered.py": (
        "wsgistack conform powered:Powered --changes X-Powered-By"
    ),
    "Test a layer with options": "wsgistack conform gzip --option level=9",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack conform``."""
    command = add_parser(
        commands, "conform", summary="test a middleware that you write", description=_DESCRIPTION, examples=_EXAMPLES
    )
    command.add_argument("layer", metavar="NAME", help="the name of an installed layer, or package.module:middleware")
    add = partial(command.add_argument, action="append", default=[])
    add("--option", type=split_pair, metavar="NAME=VALUE", help="an option of the middleware; repeatable")
    add("--header", type=split_header, metavar="NAME:VALUE", help="a header of every test request; repeatable")
    changes = "what the middleware changes: body, answers, errors, wraps, or the name of a response header; repeatable"
    add("--changes", metavar="WHAT", help=changes)
    command.add_argument(
        "--format", choices=("text", "json", "junit"), default="text", help="report format (default: text)"
    )
    verbose = "name every case, and show on standard error what the middleware prints and logs"
    command.add_argument("-v", "--verbose", action="store_true", help=verbose)
    command.set_defaults(run=conform)


def conform(parsed: argparse.Namespace) -> int:
    """Test one middleware, and print the report."""
    from wsgistack.testing import Judge
    from wsgistack.testing.report import REPORTS, as_text

    sys.path.insert(0, "")
    changes = Changes.from_names(parsed.changes) if parsed.changes else None
    with _divert_output(is_shown=parsed.verbose), _note_interrupts() as interrupts:  # an import may keep sys.stdout
        factory = registry.find(parsed.layer)
        spec = Spec(parsed.layer, base=Path()).parse(dict(parsed.option))
        spec.build(stand_in)
        judged = _show_errors(factory) if parsed.verbose else factory
        judge = Judge(judged, spec.resolve(), headers=parsed.header, changes=changes)
        verdicts = []
        for verdict in judge.judge_all():
            if interrupts:
                raise KeyboardInterrupt
            verdicts.append(verdict)
    is_whole = parsed.verbose and parsed.format == "text"
    report = partial(as_text, is_whole=True) if is_whole else REPORTS[parsed.format]
    Terminal(sys.stdout).write(*report(parsed.layer, verdicts).split("\n"))
    return 1 if any(verdict.breaches for verdict in verdicts) else 0


@contextmanager
def _divert_output(*, is_shown: bool) -> Iterator[None]:
    """Keep what is printed and logged meanwhile out of the report: send it to standard error, or drop it.

    That includes the output of C code, of threads, and of log handlers that keep the stream for later.
    """
    stream: TextIO = sys.stderr if is_shown else TextIOWrapper(BufferedWriter(_Nowhere()), errors="replace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    saved: dict[int, int] = {}
    _flush()
    for descriptor in (1, 2):
        with suppress(OSError):  # it is closed
            saved[descriptor] = os.dup(descriptor)
            os.dup2(2 if is_shown else nowhere, descriptor)
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            yield
    finally:
        _flush()
        for descriptor, copy in saved.items():
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


def _flush() -> None:
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):  # None if it is closed
        stream.flush()


class _Nowhere(RawIOBase):
    """Drops what is written. Unlike a file, it needs no close(), so that a log handler may keep it."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return len(data)


@contextmanager
def _note_interrupts() -> Iterator[list[int]]:
    """Note each Ctrl-C, because the judge takes the KeyboardInterrupt for one that the middleware raises."""
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _show_errors(factory: Factory) -> Factory:
    """Also print what is written to wsgi.errors."""

    def build(app: App, **options: object) -> App:
        layer = factory(app, **options)

        def show_errors(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            errors = environ["wsgi.errors"]
            errors.write = partial(_copy, errors.write)
            return layer(environ, start_response)

        return show_errors

    build.changes = getattr(factory, "changes", None)  # type: ignore[attr-defined]  # the judge reads it
    return build


def _copy(write: Callable[[str], int], text: str) -> int:
    print(text, end="", file=sys.stderr)
    return write(text)
