"""A handler as a section of an ini file describes it: a class, and its arguments in Python."""

import logging
from logging.handlers import MemoryHandler
from typing import Any

from wsgistack.config.log.code import Code
from wsgistack.config.log.factory import dotted, is_module, misfits
from wsgistack.config.log.sections import Entry, LogSections
from wsgistack.errors import ConfigError, Mistake, Mistakes

__all__ = ["IniHandler"]


class IniHandler:
    """A handler that can be made.

    :raises ConfigError: its class can't be found, or its arguments do not fit, as far as can be told without a call.
    """

    def __init__(self, sections: LogSections, entry: Entry) -> None:
        mistakes = Mistakes()
        with mistakes.collect("class", entry.at("class")):
            self._class = _handler_class(entry.values.get("class"))
        with mistakes.collect("args", entry.at("args")):
            self._args = sections.code(entry.values.get("args", "()"))
        with mistakes.collect("kwargs", entry.at("kwargs")):
            self._kwargs = sections.code(entry.values.get("kwargs", "{}"))
        mistakes.raise_if_any()
        if self._args.is_harmless and self._kwargs.is_harmless:
            _check(entry, self._class, self._args, self._kwargs)
        is_memory = issubclass(self._class, MemoryHandler)
        self.target = entry.values.get("target", "") if is_memory else ""
        """The name of the handler that gets its records."""

    def make(self) -> logging.Handler:
        """Make it.

        :raises Exception: its class does not take the arguments after all.
        """
        args: Any = self._args.value()
        kwargs: Any = self._kwargs.value()
        return self._class(*args, **kwargs)


def _handler_class(name: str | None) -> type[logging.Handler]:
    if name is None:
        raise ConfigError(Mistake("is missing", expected="a class of handlers, as StreamHandler"))
    found = _found(name)
    if isinstance(found, type) and issubclass(found, logging.Handler):
        return found
    raise ConfigError(Mistake(f"{name!r} is no handler", expected="a class of handlers, as StreamHandler"))


def _found(name: str) -> object:
    first, dot, _ = name.partition(".")
    try:
        if name.isidentifier() or hasattr(logging, first):
            return dotted(type(name)(f"logging.{name}"))
    except ConfigError:
        if not dot or not is_module(first):
            raise
    return dotted(name)


def _check(entry: Entry, factory: type[logging.Handler], args: Code, kwargs: Code) -> None:
    mistakes = Mistakes()
    positional: Any = ()
    named: Any = {}
    with mistakes.collect("args", entry.at("args")):
        positional = _value(args, (tuple, list), "a tuple, as (sys.stderr,) with its comma")
    with mistakes.collect("kwargs", entry.at("kwargs")):
        named = _value(kwargs, (dict,), "a dict, as {'delay': True}")
    mistakes.raise_if_any()
    for each in misfits(factory, positional, named):
        key = "kwargs" if each.key in named else "args"
        problem = f"{each.key}: {each.problem}" if each.key else each.problem
        mistakes.append(each._replace(key=key, problem=problem, where=entry.at(key)))
    mistakes.raise_if_any()


def _value(code: Code, types: tuple[type, ...], expected: str) -> object:
    value = code.value()
    if isinstance(value, types):
        return value
    raise ConfigError(Mistake(f"is of type {type(value).__name__}", expected=expected))
