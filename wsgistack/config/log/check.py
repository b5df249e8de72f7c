"""What is wrong with a configuration of logging, found without setting anything up."""

import logging
from collections.abc import Callable, Iterable, Mapping
from logging.config import DictConfigurator
from logging.handlers import MemoryHandler, QueueHandler
from typing import Any, TypeAlias

from wsgistack.config.log.factory import dotted, misfits
from wsgistack.config.table.lines import Path
from wsgistack.errors import Mistake, Mistakes, Where, describe_type, suggest
from wsgistack.options.references import Resolved
from wsgistack.options.secrets import hide_secrets, iterate_texts

__all__ = ["Check", "Locate", "secrets"]

Locate: TypeAlias = Callable[[Path], tuple[Where, str]]
"""Gives the place of what stands under a path of keys, and the name of the setting there."""

_KINDS = ("formatters", "filters", "handlers", "loggers")
_OTHERS = ("disable_existing_loggers", "root", "version")
_OF_FORMATTER = ("class", "datefmt", "defaults", "format", "style", "validate")
_OF_HANDLER = ("class", "()", ".", "formatter", "filters", "level")
_OF_LOGGER = ("filters", "handlers", "level", "propagate")
_STYLES = ("%", "{", "$")
_EXTERNAL = "ext://"


class Check:
    """Finds the mistakes in what :func:`logging.config.dictConfig` takes.

    Formatters and filters are made, handlers are not: they would open files.
    """

    def __init__(self, config: Mapping[str, Any], locate: Locate) -> None:
        self.mistakes = Mistakes()
        self._locate = locate
        self._making = DictConfigurator({**config})
        self._tables = {kind: self._table((kind,), config.get(kind, {})) for kind in _KINDS}
        self._known((), config, (*_KINDS, *_OTHERS))
        if config.get("version", 1) != 1:
            self._wrong(("version",), f"found {config['version']!r}", "1")
        self._truth((), config, "disable_existing_loggers")
        self._external((), config)
        for kind, check in zip(_KINDS, (self._formatter, self._filter, self._handler, self._logger), strict=True):
            for name, entry in self._tables[kind].items():
                if isinstance(entry, Mapping):
                    check((kind, name), entry)
                else:
                    self._wrong_type((kind, name), entry, "a table")
        self._logger(("root",), self._table(("root",), config.get("root", {})))

    def _formatter(self, at: Path, entry: Mapping[str, Any]) -> None:
        key = "()" if "()" in entry else "class"
        if key == "class":
            self._known(at, entry, _OF_FORMATTER)
            if entry.get("style", "%") not in _STYLES:
                self._wrong((*at, "style"), f"no style {entry['style']!r}", "%, { or $")
                return
        if not entry.get(key) or self._factory((*at, key), entry[key]):
            self._make(at, self._making.configure_formatter, "format")

    def _filter(self, at: Path, entry: Mapping[str, Any]) -> None:
        if "()" not in entry:
            self._known(at, entry, ("name",))
        elif self._factory((*at, "()"), entry["()"]):
            self._make(at, self._making.configure_filter, "()")

    def _make(self, at: Path, make: Callable[[Any], object], key: str) -> None:
        kind, name = map(str, at)
        entry = self._tables[kind][name]
        where, setting = self._locate((*at, key) if key in entry else at)
        with self.mistakes.collect(setting, where), hide_secrets(secrets(entry), "can't be made"):
            make(self._making.config[kind][name])

    def _handler(self, at: Path, entry: Mapping[str, Any]) -> None:
        key = "()" if "()" in entry else "class"
        factory = self._factory((*at, key), entry.get(key))
        self._level(at, entry)
        if entry.get("formatter"):
            self._name((*at, "formatter"), "formatters", entry["formatter"])
        self._names(at, entry, "filters")
        made = factory if isinstance(factory, type) else object
        if issubclass(made, MemoryHandler) and isinstance(entry.get("target"), str):
            self._name((*at, "target"), "handlers", entry["target"])
        if issubclass(made, QueueHandler):  # since Python 3.12 it is made in a way of its own
            self._names(at, entry, "handlers")
        elif factory and key == "class" and not issubclass(made, logging.Handler):
            self._wrong((*at, key), f"{entry[key]!r} is no handler", "a class of handlers")
        elif factory:
            for each in misfits(factory, (), {key: entry[key] for key in entry if key not in _OF_HANDLER}):
                self._wrong((*at, each.key) if each.key else at, each.problem, each.expected, each.hint)

    def _logger(self, at: Path, entry: Mapping[str, Any]) -> None:
        self._known(at, entry, _OF_LOGGER)
        self._level(at, entry)
        self._names(at, entry, "handlers")
        self._names(at, entry, "filters")
        self._truth(at, entry, "propagate")

    def _level(self, at: Path, entry: Mapping[str, Any]) -> None:
        level = entry.get("level", logging.NOTSET)
        known = logging.getLevelNamesMapping()
        if isinstance(level, str) and level not in known:
            self._wrong((*at, "level"), f"no level {level!r}", hint=suggest(level, known))
        elif isinstance(level, bool) or not isinstance(level, (str, int)):
            self._wrong_type((*at, "level"), level, "the name of a level")

    def _truth(self, at: Path, entry: Mapping[str, Any], key: str) -> None:
        if not isinstance(entry.get(key, True), bool):
            self._wrong_type((*at, key), entry[key], "true or false")

    def _names(self, at: Path, entry: Mapping[str, Any], kind: str) -> None:
        value = entry.get(kind, ())
        if not isinstance(value, (list, tuple)):
            self._wrong_type((*at, kind), value, "a list of names")
            return
        for number, name in enumerate(value):
            if isinstance(name, str) or kind == "handlers":  # in Python there may be a filter itself
                self._name((*at, kind, number), kind, name)

    def _name(self, at: Path, kind: str, name: object) -> None:
        if not isinstance(name, str):
            self._wrong_type(at, name, f"the name of a {kind[:-1]}")
        elif name not in self._tables[kind]:
            self._wrong(at, f"no {kind[:-1]} {name!r}", hint=suggest(name, self._tables[kind]))

    def _known(self, at: Path, table: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in table:
            if key not in known:
                self._wrong((*at, key), "no such key", hint=suggest(str(key), known))

    def _table(self, at: Path, value: object) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        self._wrong_type(at, value, "a table")
        return {}

    def _factory(self, at: Path, given: object) -> Callable[..., object] | None:
        found = self._found(at, given) if isinstance(given, str) else given
        if found is None and isinstance(given, str):
            return None
        if callable(found):
            return found
        self._wrong_type(at, found, "the dotted name of a class")
        return None

    def _found(self, at: Path, name: str) -> object:
        where, key = self._locate(at)
        with self.mistakes.collect(key, where):
            return dotted(type(name)(name.removeprefix(_EXTERNAL)))
        return None

    def _external(self, at: Path, value: object) -> None:
        pairs: Iterable[tuple[str | int, object]] = ()
        if isinstance(value, Mapping):
            pairs = value.items()
        elif isinstance(value, (list, tuple)):
            pairs = enumerate(value)
        elif isinstance(value, str) and value.startswith(_EXTERNAL):
            self._found(at, value)
        for key, inner in pairs:
            if key not in ("()", "class"):
                self._external((*at, key), inner)

    def _wrong_type(self, at: Path, value: object, expected: str) -> None:
        self._wrong(at, describe_type(value), expected)

    def _wrong(self, at: Path, problem: str, expected: str = "", hint: str = "") -> None:
        where, key = self._locate(at)
        self.mistakes.append(Mistake(problem, key=key, expected=expected, hint=hint, where=where))


def secrets(value: object) -> list[str]:
    """The texts in a value that came from references."""
    if isinstance(value, Resolved):
        return [*iterate_texts(value, names=False)]
    if isinstance(value, Mapping):
        value = [*value.values()]
    return [text for each in value for text in secrets(each)] if isinstance(value, (list, tuple)) else []
