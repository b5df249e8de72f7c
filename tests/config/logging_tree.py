"""The logging of a process, as a test may change and compare it."""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pytest

from wsgistack.config.logging import LoggingSetup
from wsgistack.config.paste.ini import Section, parse
from wsgistack.config.paste.logging import read_ini_logging


@contextmanager
def own_logging() -> Iterator[logging.Logger]:
    """Loggers and handlers as those of a new process, which are closed and forgotten at the end."""
    with pytest.MonkeyPatch.context() as patch:
        root = logging.RootLogger(logging.WARNING)
        handlers: list[Any] = []
        patch.setattr(logging, "root", root)
        patch.setattr(logging.Logger, "root", root)
        patch.setattr(logging.Logger, "manager", logging.Manager(root))
        patch.setattr(logging, "_handlers", WeakValueDictionary())
        patch.setattr(logging, "_handlerList", handlers)
        try:
            yield root
        finally:
            logging.shutdown(handlers)


def tree() -> dict[str, object]:
    """All that is set in the loggers, and the handlers and formatters that they use."""
    loggers = {name: each for name, each in logging.Logger.manager.loggerDict.items() if hasattr(each, "handlers")}
    return {name: _described(each) for name, each in {"": logging.root, **loggers}.items()}


def _described(value: Any) -> object:
    if isinstance(value, (list, tuple)):
        return [_described(each) for each in value]
    if isinstance(value, io.TextIOBase):
        return getattr(value, "name", "")
    if isinstance(value, (logging.Logger, logging.Handler, logging.Formatter, logging.PercentStyle)):
        left_out = ("lock", "manager", "parent", "_cache", "_closed", "rolloverAt", "socket")
        return {name: _described(each) for name, each in vars(value).items() if name not in left_out} | {
            "type": type(value)
        }
    return int(value) if isinstance(value, bool) else value  # fileConfig sets 1 for true


def read_ini(text: str, path: Path = Path("x.ini"), **defaults: str) -> LoggingSetup:
    """The logging of an ini file."""
    sections, mistakes = parse(text, str(path))
    assert mistakes == []
    default = sections.pop("DEFAULT", Section("DEFAULT", 0, {})).settings
    setup = read_ini_logging(path, sections, {**defaults, **{name: each.value for name, each in default.items()}})
    assert setup is not None
    return setup


def written(
    handler: str = "class = NullHandler", *, formatter: str = "", root: str = "handlers = one", more: str = ""
) -> str:
    """A file with a handler, from line 10 on, and a formatter."""
    return f"""[loggers]
keys = root
[handlers]
keys = one
[formatters]
keys = plain
[logger_root]
{root}
[handler_one]
{handler}
[formatter_plain]
{formatter}
{more}"""


def cut(found: Sequence[object], expected: Sequence[str]) -> list[str]:
    """What was found as text, no longer than what is expected there."""
    ends = [len(each) for each in expected] + [None] * len(found)
    return [str(each)[:end] for each, end in zip(found, ends, strict=False)]


class Kept(logging.Handler):
    """A handler of one's own."""

    def __init__(self, first: object, *others: object, **named: object) -> None:
        super().__init__()
        self.given = (first, others, sorted(named.items()))


class Refusing(logging.Handler):
    def __init__(self, secret: str) -> None:
        raise ValueError(f"I refuse {secret}")


class Loud(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).upper()
