"""The application of ``wsgistack serve`` in the processes of a server that is a program of its own.

The server imports :data:`application` from here. ``serve`` checks the configuration, and then describes the application
in an environment variable.
"""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, current_thread, main_thread
from types import FrameType
from typing import Any

from wsgistack.cli.building import collect_order
from wsgistack.cli.target import is_application, open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.config import read
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.types import App

__all__ = ["build", "describe", "log_to_stderr"]

_VARIABLE = "WSGISTACK_APPLICATION"
_ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGQUIT] if sys.platform != "win32" else []))
_LOCK = Lock()  # without the GIL, the workers of granian are threads of one process


def describe(parsed: argparse.Namespace, failure: int) -> dict[str, str]:
    """The environment in which :func:`build` finds the application that the arguments of ``serve`` name.

    :param failure: the exit status of a process that cannot build it.
    """
    target = parsed.target
    target = target if is_application(target) else os.path.abspath(target)  # noqa: PTH100 (keeps symbolic links)
    given = {key: getattr(parsed, key) for key in ("layers", "values", "name", "verbose")}
    return {_VARIABLE: json.dumps({**given, "target": target, "failure": failure})}


def log_to_stderr(*, verbose: bool) -> None:
    """Log to standard error, as ``serve`` does if a configuration sets up no logging."""
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def build() -> App:
    """Set up logging and build the application, once in each process. Mistakes go to standard error and end it."""
    with _LOCK, _defer_signals():
        return _build()


@contextmanager
def _defer_signals() -> Iterator[None]:
    """Stop as the server asks only after the build: an import would report its exit as a mistake of the module.

    A second signal is not deferred, so that an import that hangs can be stopped. If the server answers it by an exit,
    the process ends there and then: an exception may be lost in an import, and Python would only print it.
    """
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            try:
                before[number](number, frame)
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else end.code is not None)
        noted.append(number)

    is_main = current_thread() is main_thread()
    found = {number: signal.getsignal(number) for number in _ENDING} if is_main else {}
    before: dict[int, Callable[..., object]] = {number: each for number, each in found.items() if callable(each)}
    for number in before:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for asked in noted[:1]:
            signal.raise_signal(asked)


@cache
def _build() -> App:
    try:
        given = json.loads(os.environ[_VARIABLE])
    except KeyError as error:
        raise ConfigError(Mistake("missing environment variable", key=_VARIABLE, hint="use wsgistack serve")) from error
    mistakes = Mistakes()
    with mistakes.collect():
        document = open_target(argparse.Namespace(**given))
        stack = read(document, given["name"], logging=True)
        if not document.logging():
            log_to_stderr(verbose=given["verbose"])
        with collect_order():  # serve has printed these warnings
            return stack.build()
    Terminal(sys.stderr).write(*map(str, mistakes))
    sys.exit(given["failure"])


def __getattr__(name: str) -> Any:
    if name == "application":  # built when a server asks for it, and not when a program imports this module
        return build()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
