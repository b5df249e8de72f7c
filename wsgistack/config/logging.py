"""Logging as a configuration describes it: checked with the standard configurator, and set up.

The table ``logging`` of TOML is what :func:`logging.config.dictConfig` takes; an ini file is translated into such a
table. A check makes no handler, because a handler may open a file or a connection.
"""

import ast
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from logging.config import DictConfigurator
from logging.handlers import MemoryHandler, QueueHandler
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath, Table
from wsgistack.errors import ConfigError, Mistake, Mistakes, describe_error, describe_type, suggest
from wsgistack.options.references import has_references, resolve, unwrap_resolved
from wsgistack.options.secrets import hide_secrets, iterate_texts, redact_mistake
from wsgistack.options.signatures import read_signature

__all__ = ["LoggingSetup", "make_handler", "read_table_logging", "resolve_hidden"]

_FORMATTER = ("class", "datefmt", "defaults", "format", "style", "validate")
_LOGGER = ("filters", "handlers", "level", "propagate")
_KEYS = {"formatters": _FORMATTER, "filters": ("name",), "handlers": (), "loggers": _LOGGER, "root": _LOGGER}
_FAILED = re.compile(r"Unable to configure (?:root logger|(formatter|filter|handler|logger) (.*))", re.DOTALL)


@dataclass
class LoggingSetup:
    """Logging as a configuration describes it, to be set up once, when a process starts to serve.

    :param table: what :func:`logging.config.dictConfig` takes.
    :param locate: returns the place of the value under a path of keys.
    :param hidden: texts that no message may show, because they come from references.
    """

    table: Mapping[str, Any]
    locate: Callable[[KeyPath], Place]
    mistakes: Collection[Mistake] = ()
    hidden: Collection[str] = ()

    def check(self) -> Mistakes:
        """Find all mistakes, without opening a file and without changing the logging of this process."""
        known = {each.where for each in self.mistakes}
        new = (each for each in _Trial(self).mistakes if each.where not in known)
        return Mistakes(redact_mistake(self.hidden, each) for each in (*self.mistakes, *new))

    def apply(self) -> None:
        """Set up logging for this process. Mistakes that a check finds are raised before anything is changed."""
        self.check().raise_if_any()
        configurator = DictConfigurator({"version": 1, "disable_existing_loggers": False, **self.table})
        try:
            configurator.configure()
            made = configurator.config.get("handlers", {})
            for name, entry in self.table.get("handlers", {}).items():
                if entry.get("()") is make_handler and isinstance(made[name], MemoryHandler) and entry.get("target"):
                    made[name].setTarget(made[entry["target"]])
        except Exception as error:
            failed = _FAILED.fullmatch(str(error))
            part = (f"{failed[1]}s", ast.literal_eval(failed[2])) if failed and failed[1] else ("root",)
            problem = f"cannot be set up: {describe_error(error.__cause__ or error)}"
            mistake = self.locate(part if failed else ()).mistake(problem)
            raise ConfigError(redact_mistake(self.hidden, mistake)) from (None if self.hidden else error)


class _Trial:
    """Gives each setting to the standard configurator by itself, so that every mistake has a line."""

    def __init__(self, setup: LoggingSetup) -> None:
        self.mistakes = Mistakes()
        self._setup = setup
        self._is_table((), setup.table, ("disable_existing_loggers", "version", *_KEYS))
        with self._place("version"):
            if setup.table.get("version", 1) != 1:
                raise ConfigError(Mistake("unknown version", expected="1"))
        parts = {kind: setup.table.get(kind, {}) for kind in _KEYS}
        parts = {kind: part if self._is_table((kind,), part) else {} for kind, part in parts.items()}
        self._known = {**parts, "formatter": parts["formatters"], "level": logging.getLevelNamesMapping()}
        self._trial = DictConfigurator({"version": 1, **setup.table, **parts})
        self._check(("root",), parts.pop("root"))
        for kind, part in parts.items():
            for name, entry in part.items():
                self._check((kind, name), entry)

    def _is_table(self, at: KeyPath, entry: object, keys: Collection[str] = ()) -> bool:
        """Report an entry that is not a table, and its keys that are not among these, if any."""
        with self._place(*at):
            if not isinstance(entry, Mapping):
                raise ConfigError(Mistake(describe_type(entry), expected="a table"))
            unknown = [key for key in entry if keys and key not in keys and "()" not in entry]  # a factory takes any
            for key in unknown:
                with self._place(*at, key):
                    raise ConfigError(Mistake("unknown key", hint=suggest(str(key), keys)))
        return isinstance(entry, Mapping)

    def _check(self, at: KeyPath, entry: Mapping[str, Any]) -> None:
        kind, trial = str(at[0]), self._trial
        known: Mapping[str, Any] = self._known
        if not self._is_table(at, entry, _KEYS[kind]):
            return
        if kind in ("formatters", "filters"):
            make: Any = trial.configure_filter if kind == "filters" else trial.configure_formatter
            with self._place(*at, *[key for key in ("()", "class", "style", "format") if key in entry][:1]):
                make(trial.convert({**entry}))
            return
        make = partial(trial.common_logger_config, logging.Logger(""))
        if kind == "handlers":
            make = trial.configure_handler
            found: type = logging.Handler
            if entry.get("()", make_handler) is make_handler:
                with self._place(*at, "class"):
                    found = self._check_class(at, entry)
            if entry.get("()") is make_handler or issubclass(found, MemoryHandler):
                known = {**known, "target": known["handlers"]}
            entry = {key: entry[key] for key in entry if key not in ("()", "class", "handlers")}
        for key, value in entry.items():
            with self._place(*at, key):
                names = value if isinstance(value, (list, tuple)) else [value]
                there = known.get(key, names)
                if key in ("filters", "handlers") and names is not value:
                    raise ConfigError(Mistake(describe_type(value), expected="a list of names"))
                if key == "propagate" and kind != "handlers" and not isinstance(value, bool):
                    raise ConfigError(Mistake("invalid value", expected="true or false (1 or 0 in an ini file)"))
                for name in [each for each in names if isinstance(each, str) and each and each not in there]:
                    what = "handler" if key == "target" else key.removesuffix("s")
                    raise ConfigError(Mistake(f"unknown {what} {name!r}", hint=suggest(name, there)))
                make(trial.convert({"()": lambda **options: logging.NullHandler(), key: value}))

    def _check_class(self, at: KeyPath, entry: Mapping[str, Any]) -> type:
        """Import the class of a handler, and compare its arguments, without making it."""
        ours = ("class", "filters", "formatter", "level", ".")
        args, options = (), {key: entry[key] for key in entry if key not in ours}
        if "()" in entry:
            args, options = entry.get("args", ()), entry.get("kwargs", {})
        if not entry.get("class"):
            raise ConfigError(Mistake("missing class", expected="a class such as logging.StreamHandler"))
        found = resolve_name(entry["class"])
        if not (isinstance(found, type) and issubclass(found, logging.Handler)):
            raise TypeError(f"{entry['class']} is not a handler class")
        if callable(args) or callable(options) or issubclass(found, QueueHandler):  # which dictConfig fills
            return found
        with self._place(*at, next((key for key in ("args", "kwargs", "filename") if key in entry), "class")):
            path: Any = read_signature(found).bind(*args, **options).arguments.get("filename")
            is_path = isinstance(path, (str, Path)) and "://" not in str(path)  # which dictConfig imports
            is_standard = found.__module__ in ("logging", "logging.handlers")  # another may make the folder
            if is_path and is_standard and not Path(path).parent.is_dir():
                raise ConfigError(Mistake(f"folder {str(Path(path).parent)!r} does not exist", hint="create it"))
        return found

    @contextmanager
    def _place(self, *at: str | int) -> Iterator[None]:
        place = self._setup.locate(at)
        with self.mistakes.collect(place.key, place.where), hide_secrets(self._setup.hidden, "cannot be set up"):
            yield


def make_handler(*, args: Any = (), kwargs: Any = None, **settings: Any) -> logging.Handler:
    """Make a handler of an ini file. Its arguments with a call are evaluated only here."""
    args, kwargs = (each() if callable(each) else each for each in (args, kwargs or {}))
    made: logging.Handler = resolve_name(settings["class"])(*args, **kwargs)
    return made


def resolve_hidden(value: Any, folder: Path, hidden: set[str]) -> Any:
    """Fill in references. What they give is added to the hidden texts."""
    filled = unwrap_resolved(resolve(value, base=folder))
    if has_references(value):
        hidden |= {*iterate_texts(filled, names=False)}
    return filled


def read_table_logging(table: Table, folder: Path) -> LoggingSetup:
    """Read ``logging`` in a table, where ``version`` may be left out, and existing loggers stay enabled by default.

    The ``filename`` of a handler is relative to the folder. Texts may hold references.
    """
    mistakes = Mistakes()
    hidden: set[str] = set()

    def locate(at: KeyPath) -> Place:
        return table.place(("logging", *at))

    def fill(value: Any, at: KeyPath) -> Any:
        if isinstance(value, Mapping):
            return {key: fill(each, (*at, key)) for key, each in value.items()}
        with mistakes.collect(locate(at).key, locate(at).where):
            value = resolve_hidden(value, folder, hidden)
            is_file = at[2:] == ("filename",) and isinstance(value, str) and "://" not in value
            return str(folder / value) if is_file else value
        return value

    filled: Mapping[str, Any] = {}
    with mistakes.collect():
        filled = fill(table.check_table(table.content["logging"], ("logging",)), ())
    return LoggingSetup(filled, locate, mistakes, hidden)
