"""Logging as a configuration describes it: checked, and set up.

The table ``logging`` of TOML is what :func:`logging.config.dictConfig` takes. The sections of an ini file become such a
table. A check lets the standard configurator make formatters and filters, and set up loggers that nobody uses. It makes
no handler, because a handler may open a file or a connection.
"""

import ast
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from logging.config import DictConfigurator
from logging.handlers import QueueHandler
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath, line_at
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_error, describe_type, suggest
from wsgistack.imports import import_object
from wsgistack.options.references import has_references, resolve
from wsgistack.options.secrets import hide_secrets, iterate_texts, redact_mistake

__all__ = ["LoggingSetup", "check_call", "import_handler_class", "read_table_logging", "resolve_hidden"]

_OF_LOGGER = ("filters", "handlers", "level", "propagate")
_KEYS: Mapping[str, Collection[str]] = {
    "formatters": ("class", "datefmt", "defaults", "format", "style", "validate"),
    "filters": ("name",),
    "handlers": (),  # any, because they are the options of its class
    "loggers": _OF_LOGGER,
    "root": _OF_LOGGER,
}
_TOP_KEYS = ("disable_existing_loggers", "version", *_KEYS)
_HANDLER_KEYS = ("class", "filters", "formatter", "level", ".")
_HANDLER_CLASS = "a class such as logging.StreamHandler"
_FAILED = re.compile(r"Unable to configure (?:root logger|(formatter|filter|handler|logger) (.*))", re.DOTALL)


@dataclass
class LoggingSetup:
    """Logging as a configuration describes it, to be set up once, when a process starts to serve.

    :param table: what :func:`logging.config.dictConfig` takes.
    :param locate: returns the place of the value under a path of keys.
    :param mistakes: those that were found while reading.
    :param hidden: texts that no message may show, because they come from references.
    :param targets: the handler that each ``MemoryHandler`` of an ini file writes to, by its name.
    """

    table: Mapping[str, Any]
    locate: Callable[[KeyPath], Place]
    mistakes: Collection[Mistake] = ()
    hidden: Collection[str] = ()
    targets: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> list[Mistake]:
        """Find all mistakes, without opening a file and without changing the logging of this process."""
        known = {each.where for each in self.mistakes}
        new = (each for each in _Check(self).mistakes if each.where not in known)
        return [redact_mistake(self.hidden, each) for each in (*self.mistakes, *new)]

    def apply(self) -> None:
        """Set up logging for this process.

        :raises ConfigError: it has mistakes. Those that a check finds are raised before anything is changed.
        """
        if mistakes := self.check():
            raise ConfigError(*mistakes)
        configurator = DictConfigurator({"version": 1, "disable_existing_loggers": False, **self.table})
        try:
            configurator.configure()
            for name, target in self.targets.items():
                configurator.config["handlers"][name].setTarget(configurator.config["handlers"][target])
        except Exception as error:
            at: KeyPath = ()
            if failed := _FAILED.fullmatch(str(error)):
                at = (f"{failed[1]}s", ast.literal_eval(failed[2])) if failed[1] else ("root",)
            mistake = self.locate(at).mistake(f"cannot be set up: {describe_error(error.__cause__ or error)}")
            raise ConfigError(redact_mistake(self.hidden, mistake)) from (None if self.hidden else error)


class _Check:
    """Finds the mistakes in a table for :func:`logging.config.dictConfig`.

    The standard configurator gets the settings of handlers and loggers one by one, so that each error has a line.
    """

    def __init__(self, setup: LoggingSetup) -> None:
        self.mistakes = Mistakes()
        self._setup = setup
        self._is_table((), setup.table, _TOP_KEYS)
        if (version := setup.table.get("version", 1)) != 1:
            self._add(("version",), f"unknown version {version!r}", expected="1")
        top = {kind: setup.table.get(kind, {}) for kind in _KEYS}
        tables = {kind: each if self._is_table((kind,), each) else {} for kind, each in top.items()}
        self._trial = DictConfigurator({"version": 1, **setup.table, **tables})
        self._known = {**tables, "formatter": tables["formatters"], "level": logging.getLevelNamesMapping()}
        entries = [((kind, name), each) for kind in _KEYS if kind != "root" for name, each in tables[kind].items()]
        for at, entry in [*entries, (("root",), tables["root"])]:
            if self._is_table(at, entry, _KEYS[at[0]]):
                match at[0]:
                    case "formatters":
                        self._check_part(at, entry, self._trial.configure_formatter)
                    case "filters":
                        self._check_part(at, entry, self._trial.configure_filter)
                    case "handlers":
                        self._check_handler(at, entry)
                    case _:
                        self._check_logger(at, entry)

    def _check_part(self, at: KeyPath, entry: Mapping[str, Any], make: Callable[[Any], object]) -> None:
        key = next((each for each in ("()", "class", "style", "format") if each in entry), "")
        with self._place((*at, key)):
            make(self._trial.convert({**entry}))

    def _check_handler(self, at: KeyPath, entry: Mapping[str, Any]) -> None:
        settings = {name: entry[name] for name in entry if name not in ("()", "class", "handlers")}
        self._check_settings(at, settings, self._trial.configure_handler)
        if "()" in entry:
            return
        with self._place((*at, "class")):
            if "class" not in entry:
                raise ConfigError(Mistake("missing class", expected=_HANDLER_CLASS))
            factory = import_handler_class(entry["class"])
            options = {key: entry[key] for key in entry if key not in _HANDLER_KEYS}
            if not issubclass(factory, QueueHandler):  # dictConfig makes its queue and its listener
                with self._place((*at, "filename") if "filename" in options else at):
                    check_call(factory, (), options)

    def _check_logger(self, at: KeyPath, entry: Mapping[str, Any]) -> None:
        if not isinstance(entry.get("propagate", True), bool):
            self._add((*at, "propagate"), "invalid value", expected="true or false (1 or 0 in an ini file)")
        self._check_settings(at, entry, lambda one: self._trial.common_logger_config(logging.Logger(""), one))

    def _check_settings(self, at: KeyPath, entry: Mapping[str, Any], set_up: Callable[[Any], object]) -> None:
        for key, value in entry.items():
            names: dict[KeyPath, object] = {(*at, key): value}
            if key in ("filters", "handlers"):
                if not isinstance(value, (list, tuple)):
                    self._add((*at, key), describe_type(value), expected="a list of names")
                    continue
                names = {(*at, key, number): each for number, each in enumerate(value)}
            known = self._known.get(key, names.values())
            unknown = {place: name for place, name in names.items() if isinstance(name, str) and name not in known}
            for place, name in unknown.items():
                if name:
                    self._add(place, f"unknown {key.removesuffix('s')} {name!r}", hint=suggest(name, known))
            if not any(unknown.values()):
                with self._place((*at, key)):
                    set_up(self._trial.convert({"()": lambda **options: logging.NullHandler(), key: value}))

    def _is_table(self, at: KeyPath, entry: object, keys: Collection[str] = ()) -> bool:
        """Report an entry that is not a table, and its unknown keys.

        :param keys: those that it may have; empty for any.
        """
        if not isinstance(entry, Mapping):
            self._add(at, describe_type(entry), expected="a table")
            return False
        for key in entry if keys and "()" not in entry else ():  # a factory has its own options
            if key not in keys:
                self._add((*at, key), "unknown key", hint=suggest(str(key), keys))
        return True

    @contextmanager
    def _place(self, at: KeyPath) -> Iterator[None]:
        place = self._setup.locate(at)
        with self.mistakes.collect(place.key, place.where), hide_secrets(self._setup.hidden, "cannot be set up"):
            yield

    def _add(self, at: KeyPath, problem: str, *, expected: str = "", hint: str = "") -> None:
        self.mistakes.append(self._setup.locate(at).mistake(problem, expected=expected, hint=hint))


def check_call(factory: type[logging.Handler], args: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Check the arguments of a handler without making it. A class of the application may make the folder of its file.

    :raises ConfigError: the handler does not take them, or its log file is in a folder that does not exist.
    """
    try:
        filename: Any = signature(factory).bind(*args, **options).arguments.get("filename")
    except TypeError as error:
        raise ConfigError(Mistake(f"cannot call {factory.__name__}: {error}")) from error
    is_path = isinstance(filename, (str, Path)) and "://" not in str(filename)  # which dictConfig imports
    if is_path and factory.__module__ in ("logging", "logging.handlers") and not Path(filename).parent.is_dir():
        raise ConfigError(Mistake(f"folder {str(Path(filename).parent)!r} does not exist", hint="create it"))


def import_handler_class(name: str) -> type[logging.Handler]:
    """Import a handler class by its dotted name.

    :raises ConfigError: it cannot be imported, or is not one.
    """
    try:
        found = resolve_name(name)
    except (Exception, SystemExit):  # importing a module runs its code
        found = import_object(":".join(name.rsplit(".", 1))) if "." in name else None  # its error is clearer
    if isinstance(found, type) and issubclass(found, logging.Handler):
        return found
    raise ConfigError(Mistake(f"{name} is not a handler class", expected=_HANDLER_CLASS))


def resolve_hidden(text: str, folder: Path, hidden: set[str]) -> str:
    """Fill in references. What they give is added to the hidden texts."""
    filled = str(resolve(text, base=folder))
    if has_references(text):
        hidden |= {*iterate_texts(filled, names=False)}
    return filled


def read_table_logging(table: object, path: Path, lines: Mapping[KeyPath, int]) -> LoggingSetup:
    """Read the table ``logging`` of a configuration: what :func:`logging.config.dictConfig` takes, with a few changes.

    ``version`` may be left out. Existing loggers stay enabled, unless ``disable_existing_loggers`` is true. The
    ``filename`` of a handler is relative to the folder of the file. Texts may hold references.

    :param lines: the line of each key, by its path from the top of the file.
    """
    mistakes = Mistakes()
    hidden: set[str] = set()
    folder = path.absolute().parent if path.name else Path.cwd()

    def locate(at: KeyPath) -> Place:
        keys = ("logging", *at)
        line = line_at(keys, lines)
        while isinstance(keys[-1], int) or not keys[-1]:
            keys = keys[:-1]
        file = str(path) if path.name else ""  # a table from Python has none
        return Place(Where(file, line, ".".join(map(str, keys[:-1]))), str(keys[-1]))

    def fill(value: Any, at: KeyPath) -> Any:
        if isinstance(value, Mapping):
            return {key: fill(each, (*at, key)) for key, each in value.items()}
        if type(value) in (list, tuple):
            return type(value)([fill(each, (*at, number)) for number, each in enumerate(value)])
        if isinstance(value, str):
            with mistakes.collect(locate(at).key, locate(at).where):
                value = resolve_hidden(value, folder, hidden)
                is_file = at[2:] == ("filename",) and "://" not in value
                return str(folder / value) if is_file else value
        return value

    if not isinstance(table, Mapping):
        return LoggingSetup({}, locate, [locate(()).mistake(describe_type(table), expected="a table")])
    return LoggingSetup(fill(table, ()), locate, mistakes, hidden)
