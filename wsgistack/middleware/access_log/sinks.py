"""Where the lines of an access log go: a file, a standard stream, or a logger."""

import logging
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from wsgistack.errors import ConfigError, Mistake, Mistakes, check_counts, check_durations, suggest
from wsgistack.middleware.access_log.file import LogFile
from wsgistack.middleware.access_log.line import Entry
from wsgistack.middleware.access_log.queued import queue_lines

__all__ = ["Facts", "Sink", "find_level", "log_lines", "make_sink"]

Sink = Callable[[str, Entry], object]
"""Writes a line, which was made from an entry. It raises an exception if the line is lost."""

Facts = Callable[[Entry], Mapping[str, object]]
"""Finds what is known about a request, by name."""

_BY_STATUS = "status"
_OUTPUTS = ("stderr", "stdout", "logging")
_LevelOf = Callable[[Entry], int]


class _WriteLine(Protocol):
    def __call__(self, line: str, entry: object = None, /) -> object: ...


def make_sink(
    output: str, file: Path | None, *, logger: str, level: int | str, slow: float | None, queue: int, facts_of: Facts
) -> Sink:
    """Return what writes the lines. The parameters are the options of the layer, except for the last.

    :param facts_of: finds the attributes of log records. None may have the name of a usual one, such as ``message``.
    :raises ConfigError: with every mistake in them.
    """
    mistakes = Mistakes()
    with mistakes.collect():
        level_of = _make_level(level, slow)
    if output not in _OUTPUTS:
        hint = suggest(output, _OUTPUTS)
        mistakes.append(Mistake(f"unknown output {output!r}", key="output", value=output, hint=hint))
    with mistakes.collect():
        check_counts("lines", queue=queue)
    with mistakes.collect():
        check_durations(slow=slow or 0)
    if file is not None:
        file = Path(file)
        mistakes += _find_conflicts(file, output)
    is_logging = file is None and output == "logging"
    if level != _BY_STATUS and not is_logging:
        hint = "write output = logging; or sample = 0 for errors alone"
        mistakes.append(Mistake("changes nothing without logging", key="level", value=level, hint=hint))
    if is_logging and queue > 0:
        hint = "use logging.handlers.QueueHandler"
        mistakes.append(Mistake("not for the output logging", key="queue", value=queue, hint=hint))
    write: _WriteLine = _to_stream(output)
    if file is not None:
        with mistakes.collect():
            write = LogFile(file, logger).write
    mistakes.raise_if_any()
    if is_logging:
        return _to_logger(logger, level_of, facts_of)
    return queue_lines(write, queue, logger) if queue else write


def _find_conflicts(file: Path, output: str) -> Iterator[Mistake]:
    if output in _OUTPUTS[1:]:
        problem = f"can't be used with output = {output}"
        yield Mistake(problem, key="file", value=file, hint="remove one of them")
    if file.name in _OUTPUTS and file.parent.name != "dev":
        problem = f"would be a file with the name {file.name!r}"
        yield Mistake(problem, key="file", value=file, hint=f"write output = {file.name}")


def log_lines(logger: str, level: int) -> Sink:
    """Return what logs the lines at one level, in records without attributes."""
    return _to_logger(logger, lambda entry: level, lambda entry: {})


def _to_stream(name: str) -> _WriteLine:
    """Write lines to ``sys.stderr`` or ``sys.stdout``."""

    def write(line: str, entry: object = None, /) -> None:
        stream = getattr(sys, name)  # anew for each line: it may be replaced
        stream.write(f"{line}\n")
        stream.flush()

    return write


def _to_logger(name: str, level_of: _LevelOf, facts_of: Facts) -> Sink:
    """Log each line as the message of a record, which has the facts as attributes.

    Logging is often configured after the layer is built, which disables all loggers that exist, unless the
    configuration names them. Then a warning of the root logger says so, once.
    """
    logger = logging.getLogger(name)
    warned: list[bool] = []  # appending is atomic; two threads at once may both warn

    def log(line: str, entry: Entry) -> None:
        level = level_of(entry)
        if logger.isEnabledFor(level):  # log() would search for its caller, which is of no use here
            record = logger.makeRecord(name, level, "access_log", 0, line, (), None)
            record.__dict__.update(facts_of(entry))  # extra= would look for conflicts, at twice the cost
            logger.handle(record)
        elif logger.disabled and not warned:
            warned.append(True)
            logging.getLogger().warning(
                "the access log is off: a configuration of logging has disabled the logger %r; name the logger there, "
                "or set disable_existing_loggers to false",
                name,
            )

    return log


def find_level(name: int | str, key: str, others: Collection[str] = ()) -> int:
    """Return the number of a level that logging knows.

    :param name: such as ``info``, in any case, or the number itself.
    :param key: the option, for the error.
    :param others: what else the option may be, for the error.
    :raises ConfigError: logging knows no such level.
    """
    if isinstance(name, int):
        return name
    levels = logging.getLevelNamesMapping()
    if name.upper() in levels:
        return levels[name.upper()]
    names = [*(each.lower() for each in levels), *others]
    raise ConfigError(Mistake(f"unknown level {name!r}", key=key, value=name, hint=suggest(name.lower(), names)))


def _make_level(name: int | str, slow: float | None) -> _LevelOf:
    """Return a function that finds the level of a record.

    :param name: a level, or ``status`` for one that depends on the status.
    :param slow: the number of seconds from which on a request has at least level WARNING.
    :raises ConfigError: the level is unknown.
    """
    if name == _BY_STATUS:
        find = _find_level_by_status
    else:
        fixed = find_level(name, "level", [_BY_STATUS])

        def find(entry: Entry) -> int:
            return fixed

    if slow is None:
        return find

    def find_with_slow(entry: Entry) -> int:
        level = find(entry)
        return level if entry.duration < slow else max(level, logging.WARNING)

    return find_with_slow


def _find_level_by_status(entry: Entry) -> int:
    code = entry.code
    if code >= "5" or entry.outcome == "failed":  # "-" is less than any digit
        return logging.ERROR
    return logging.WARNING if code >= "4" else logging.INFO
