"""The attributes of an exception as Python keeps them, although its class may override how they are read."""

from types import TracebackType

__all__ = ["cause_of", "traceback_of"]

_read_traceback = vars(BaseException)["__traceback__"].__get__
_read_cause = vars(BaseException)["__cause__"].__get__


def traceback_of(error: BaseException) -> TracebackType | None:
    """Where an error was raised."""
    found: TracebackType | None = _read_traceback(error)
    return found


def cause_of(error: BaseException) -> BaseException | None:
    """The error that an error was raised from."""
    found: BaseException | None = _read_cause(error)
    return found
