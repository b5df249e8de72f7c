"""Logging as a configuration describes it: checked, and set up.

The table ``logging`` of TOML is what :func:`logging.config.dictConfig` takes. The sections of an ini file become such a
table. A check makes its formatters and filters with the standard configurator, on a copy. It makes no handler, because
a handler may open a file or a connection.
"""

import ast
import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from logging.config import DictConfigurator, dictConfig
from logging.handlers import MemoryHandler, QueueHandler
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeAlias

from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath, line_at
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_error, describe_type, suggest
from wsgistack.imports import import_object
from wsgistack.options.references import has_references, resolve, unwrap_resolved
from wsgistack.options.secrets import hide_secrets, iterate_texts, redact_mistake

__all__ = ["LoggingSetup", "import_dotted", "read_table_logging", "resolve_hidden"]

_Table: TypeAlias = Mapping[str, Any]

_KEYS: Mapping[str, Collection[str]] = {
    "": ("disable_existing_loggers", "filters", "formatters", "handlers", "loggers", "root", "version"),
    "formatters": ("class", "datefmt", "defaults", "format", "style", "validate"),
    "filters": ("name",),
    "handlers": ("class", "()", ".", "filters", "formatter", "level"),  # all others are options of the class
    "loggers": ("filters", "handlers", "level", "propagate"),
}
_MAX_DEPTH = 50
_HANDLER = "a handler class such as logging.StreamHandler"
_FAILED = re.compile(r"Unable to configure (?:root logger|(formatter|filter|handler|logger) (.*))", re.DOTALL)


@dataclass
class LoggingSetup:
    """Logging as a configuration describes it, to be set up once, when a process starts to serve.

    :param table: what :func:`logging.config.dictConfig` takes.
    :param locate: gives the place of the value under a path of keys.
    :param mistakes: those that were found while reading.
    :param hidden: texts that no message may show: what references gave.
    :param unlisted: names of formatters and handlers with a section that no list names, in an ini file.
    """

    table: _Table
    locate: Callable[[KeyPath], Place]
    mistakes: Collection[Mistake] = ()
    hidden: Collection[str] = ()
    unlisted: Mapping[str, Collection[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = {"version": 1, "disable_existing_loggers": False, **self.table}

    def check(self) -> list[Mistake]:
        """Find all mistakes, without opening a file and without changing the logging of this process."""
        known = {(each.where, each.key) for each in self.mistakes}
        found = _Check(self).mistakes
        new = (each for each in found if (each.where, each.key) not in known)
        return [self._redact(each) for each in (*self.mistakes, *new)]

    def apply(self) -> None:
        """Set up logging for this process.

        :raises ConfigError: it has mistakes. Those that a check finds are raised before anything is changed.
        """
        if mistakes := self.check():
            raise ConfigError(*mistakes)
        try:
            dictConfig({key: unwrap_resolved(value) for key, value in self.table.items()})
        except Exception as error:
            at: KeyPath = ()
            if failed := _FAILED.fullmatch(str(error)):
                at = (f"{failed[1]}s", ast.literal_eval(failed[2])) if failed[1] else ("root",)
            cause: BaseException = error
            while cause.__cause__:
                cause = cause.__cause__
            reason = str(cause) if isinstance(cause, ConfigError) else describe_error(cause)
            mistake = self.locate(at).mistake(f"cannot be set up: {reason}")
            raise ConfigError(self._redact(mistake)) from (None if self.hidden else error)

    def _redact(self, mistake: Mistake) -> Mistake:
        redacted = redact_mistake(self.hidden, mistake)
        is_same = redacted.problem == mistake.problem
        return redacted if is_same else redacted._replace(hint="")  # a similar name would tell about the secret


class _Check:
    """The mistakes in what :func:`logging.config.dictConfig` takes."""

    def __init__(self, setup: LoggingSetup) -> None:
        table = setup.table
        self.mistakes = Mistakes()
        self._setup = setup
        self._trial = DictConfigurator({**table})
        kinds = {kind: self._get_table((kind,), table.get(kind, {})) for kind in _KEYS if kind}
        self._tables: dict[str, dict[str, _Table]] = {
            kind: {name: self._get_table((kind, name), entry) for name, entry in found.items()}
            for kind, found in kinds.items()
        }
        self._check_keys((), table, "")
        if table["version"] != 1:
            self._add(("version",), "invalid value", expected="1")
        self._check_type(("disable_existing_loggers",), table, bool, "true or false")
        checks = {"handlers": self._check_handler, "loggers": self._check_logger}
        for kind, entries in self._tables.items():
            for name, entry in entries.items():
                if isinstance(kinds[kind][name], Mapping):
                    checks.get(kind, self._make)((kind, name), entry)
        self._check_logger(("root",), self._get_table(("root",), table.get("root", {})))

    def _make(self, at: KeyPath, entry: _Table) -> None:
        """Make a formatter or filter."""
        kind, name = map(str, at)
        key = "()" if "()" in entry else "class"
        if key == "class":
            self._check_keys(at, entry, kind)
        if entry.get(key) and not self._get_factory((*at, key), entry[key]):
            return
        make = self._trial.configure_formatter if kind == "formatters" else self._trial.configure_filter
        place = self._setup.locate(next(((*at, each) for each in ("format", "style", key) if each in entry), at))
        with self.mistakes.collect(place.key, place.where), hide_secrets(self._setup.hidden, "cannot be made"):
            make(self._trial.config[kind][name])

    def _check_handler(self, at: KeyPath, entry: _Table) -> None:
        key = "()" if "()" in entry else "class"
        factory = self._get_factory((*at, key), entry.get(key))
        self._check_level(at, entry)
        self._check_names(at, entry, "filters")
        if entry.get("formatter"):
            self._check_name((*at, "formatter"), entry["formatter"], "formatters")
        made = factory if isinstance(factory, type) else object
        if issubclass(made, MemoryHandler) and isinstance(entry.get("target"), str):
            self._check_name((*at, "target"), entry["target"], "handlers")
        is_queue = issubclass(made, QueueHandler)  # since Python 3.12, dictConfig makes it in its own way
        if is_queue:
            self._check_names(at, entry, "handlers")
        if key == "class" and factory and not issubclass(made, logging.Handler):
            self._add((*at, "class"), f"not a handler class: {entry[key]}", expected=_HANDLER)
        elif factory and not is_queue:
            self._check_arguments(at, entry, factory)

    def _check_arguments(self, at: KeyPath, entry: _Table, factory: Callable[..., object]) -> None:
        called: Any = factory
        args: tuple[Any, ...] = ()
        options = {name: entry[name] for name in entry if name not in _KEYS["handlers"]}
        is_partial = isinstance(factory, partial)
        if isinstance(factory, partial):  # from an ini file
            called, args, options = factory.func, factory.args, factory.keywords
        kwargs: dict[str, object] = {}
        for name in options:
            place = self._setup.locate((*at, "args" if is_partial else name))
            with self.mistakes.collect(place.key, place.where), hide_secrets((), "invalid value"):
                kwargs[name] = self._trial.convert(options[name])  # an object, for the text ext://sys.stdout
        try:
            given = signature(called).bind(*args, **kwargs).arguments
        except TypeError as error:
            key = "args" if is_partial else next((name for name in kwargs if repr(name) in str(error)), "")
            self._add((*at, key) if key else at, f"invalid arguments: {error}")
            return
        except ValueError:  # a callable made in C may have no signature
            return
        file = given.get("filename")
        is_standard = called.__module__ in ("logging", "logging.handlers")  # another class may make the folder
        if is_standard and isinstance(file, str) and not Path(file).parent.is_dir():
            self._add((*at, "args" if is_partial else "filename"), f"the folder of {file!r} does not exist")

    def _check_logger(self, at: KeyPath, entry: _Table) -> None:
        self._check_keys(at, entry, "loggers")
        self._check_level(at, entry)
        self._check_names(at, entry, "handlers")
        self._check_names(at, entry, "filters")
        self._check_type((*at, "propagate"), entry, bool, "true or false")

    def _check_level(self, at: KeyPath, entry: _Table) -> None:
        level, known = entry.get("level", logging.NOTSET), logging.getLevelNamesMapping()
        if isinstance(level, bool) or not isinstance(level, (str, int)):
            self._add((*at, "level"), describe_type(level), expected="the name of a level")
        elif isinstance(level, str) and level not in known:
            self._add((*at, "level"), f"unknown level {level!r}", hint=suggest(level, known))

    def _check_type(self, at: KeyPath, entry: _Table, kind: type, expected: str) -> None:
        if at[-1] in entry and not isinstance(entry[str(at[-1])], kind):
            self._add(at, describe_type(entry[str(at[-1])]), expected=expected)

    def _check_names(self, at: KeyPath, entry: _Table, kind: str) -> None:
        names = entry.get(kind, ())
        if not isinstance(names, (list, tuple)):
            self._add((*at, kind), describe_type(names), expected="a list of names")
            return
        for number, name in enumerate(names):
            if kind == "handlers" or isinstance(name, str):  # a table in Python may hold a filter itself
                self._check_name((*at, kind, number), name, kind)

    def _check_name(self, at: KeyPath, name: object, kind: str) -> None:
        if not isinstance(name, str):
            self._add(at, describe_type(name), expected=f"the name of a {kind[:-1]}")
        elif name not in self._tables[kind]:
            is_unlisted = name in self._setup.unlisted.get(kind, ())
            hint = f"add it to keys in [{kind}]" if is_unlisted else suggest(name, self._tables[kind])
            self._add(at, f"unknown {kind[:-1]} {name!r}", hint=hint)

    def _check_keys(self, at: KeyPath, table: _Table, kind: str) -> None:
        for key in table:
            if key not in _KEYS[kind]:
                self._add((*at, key), "unknown key", hint=suggest(str(key), _KEYS[kind]))

    def _get_table(self, at: KeyPath, value: object) -> _Table:
        if isinstance(value, Mapping):
            return value
        self._add(at, describe_type(value), expected="a table")
        return {}

    def _get_factory(self, at: KeyPath, given: object) -> Callable[..., object] | None:
        place = self._setup.locate(at)
        with self.mistakes.collect(place.key, place.where):
            found = import_dotted(given.removeprefix("ext://")) if isinstance(given, str) else given
            if callable(found):
                return found
            raise ConfigError(Mistake(describe_type(found), expected="the dotted name of a class"))
        return None

    def _add(self, at: KeyPath, problem: str, *, expected: str = "", hint: str = "") -> None:
        self.mistakes.append(self._setup.locate(at).mistake(problem, expected=expected, hint=hint))


def import_dotted(name: str) -> object:
    """Import what a dotted name means, such as ``logging.handlers.RotatingFileHandler``.

    :raises ConfigError: it is not such a name, or the import fails.
    """
    try:
        return resolve_name(name)
    except (Exception, SystemExit):  # importing a module runs its code
        module, dot, attribute = name.rpartition(".")
        if not dot:
            hint = f"did you mean 'logging.{name}'?" if hasattr(logging, name) else ""
            raise ConfigError(Mistake(f"invalid name {name!r}", expected="a dotted name", hint=hint)) from None
        return import_object(f"{module}:{attribute}")  # it reports what is wrong, and the nearest right name


def resolve_hidden(text: str, folder: Path, hidden: set[str]) -> str:
    """Fill in references. What they give is added to the hidden texts, as a whole and each word of it."""
    filled = str(resolve(text, base=folder))
    if has_references(text):
        hidden |= {*iterate_texts(filled, names=False), *re.findall(r"[\w-]{4,}", filled)}
    return filled


def read_table_logging(table: object, path: Path, lines: Mapping[KeyPath, int]) -> LoggingSetup:
    """Read the table ``logging`` of a configuration: what :func:`logging.config.dictConfig` takes, with a few changes.

    ``version`` may be left out. Existing loggers stay enabled, unless ``disable_existing_loggers`` is true. The
    ``filename`` of a handler is relative to the folder of the file. Texts may hold references.

    :param lines: the line of each key, by its path from the top of the file.
    """
    mistakes = Mistakes()
    hidden: set[str] = set()
    folder = path.absolute().parent

    def locate(at: KeyPath) -> Place:
        keys = ("logging", *at)
        line = line_at(keys, lines)
        while isinstance(keys[-1], int):
            keys = keys[:-1]
        return Place(Where(str(path), line, ".".join(map(str, keys[:-1]))), str(keys[-1]))

    def fill(value: Any, at: KeyPath) -> Any:
        if len(at) > _MAX_DEPTH:
            mistakes.append(locate(at).mistake("too many nested levels", expected=f"at most {_MAX_DEPTH}"))
            return None
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
