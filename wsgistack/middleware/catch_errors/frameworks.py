"""Errors that a framework answers by itself: Flask and Django say so with the signal ``got_request_exception``."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from wsgistack.types import Environ

__all__ = ["LISTENER", "Listener", "listen_to_frameworks"]

Listener = Callable[[Environ, Exception], object]

LISTENER = "wsgistack.catch_errors.listener"
"""What in the environ of a request wants to know of its errors: each request finds its own layer."""


def listen_to_frameworks() -> None:
    """Listen to the signals of all frameworks that have been imported by now. A framework is never imported here."""
    for module, receive in [*_EXPECTED.items()]:
        signal = getattr(sys.modules.get(module), "got_request_exception", None)  # None while the import runs
        if signal is not None:
            signal.connect(receive)  # twice is the same as once
            _EXPECTED.pop(module, None)


def _hear_flask(sender: object, *, exception: Exception, **others: object) -> None:
    _pass_on(sys.modules["flask"].request.environ, exception)


def _hear_django(sender: object, *, request: Any, **others: object) -> None:
    error = sys.exc_info()[1]
    if issubclass(type(error), Exception):
        _pass_on(getattr(request, "environ", {}), error)  # type: ignore[arg-type]


def _pass_on(environ: Environ, error: Exception) -> None:
    listener: Listener | None = environ.get(LISTENER)
    if listener is not None:
        with suppress(Exception):  # the framework would not finish its answer
            listener(environ, error)


_EXPECTED: dict[str, Callable[..., None]] = {"flask": _hear_flask, "django.core.signals": _hear_django}
