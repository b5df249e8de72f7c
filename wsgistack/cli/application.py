"""The application of ``wsgistack serve`` in the processes of a server that is a program of its own.

The server imports :data:`application` from here. ``serve`` checks the configuration, and then describes the application
in an environment variable.
"""

import argparse
import json
import logging
import os
import sys
from functools import cache
from threading import Lock
from typing import Any

from wsgistack.cli.checking import collect_order
from wsgistack.cli.target import is_application, open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.config import read
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.types import App

__all__ = ["build", "describe", "log_to_stderr"]

_VARIABLE = "WSGISTACK_APPLICATION"
_LOCK = Lock()  # without the GIL, the workers of granian are threads of one process


def describe(parsed: argparse.Namespace, failure: int) -> dict[str, str]:
    """The environment in which :func:`build` finds the application that the arguments of ``serve`` name.

    :param failure: the exit status of a process that cannot build it.
    """
    target = parsed.target
    given = {
        "target": target if is_application(target) else os.path.abspath(target),  # noqa: PTH100 (keeps symbolic links)
        "layers": parsed.layers,
        "values": parsed.values,
        "name": parsed.name,
        "verbose": parsed.verbose,
        "failure": failure,
    }
    return {_VARIABLE: json.dumps(given)}


def log_to_stderr(*, verbose: bool) -> None:
    """Log to standard error, as ``serve`` does if a configuration sets up no logging."""
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def build() -> App:
    """Set up logging and build the application, once in each process. Mistakes go to standard error and end it."""
    with _LOCK:
        return _build()


@cache
def _build() -> App:
    try:
        given = json.loads(os.environ[_VARIABLE])
    except KeyError as error:
        raise ConfigError(Mistake("missing environment variable", key=_VARIABLE, hint="use wsgistack serve")) from error
    mistakes = Mistakes()
    with mistakes.collect():
        document = open_target(argparse.Namespace(**given))
        stack = read(document, given["name"])
        if log := document.logging():
            stack = stack.with_mistakes(log.check())
            if not stack.mistakes:
                log.apply()
        else:
            log_to_stderr(verbose=given["verbose"])
        with collect_order():  # serve has printed these warnings
            return stack.build()
    if isinstance(mistakes.cause, SystemExit) and not mistakes.cause.code:
        raise mistakes.cause  # the server stops this process during the import: serve has imported it without an error
    Terminal(sys.stderr).write(*map(str, mistakes))
    sys.exit(given["failure"])


def __getattr__(name: str) -> Any:
    if name == "application":  # built when a server asks for it, and not when a program imports this module
        return build()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
