"""Logging as an ini file describes it: what :func:`logging.config.fileConfig` reads."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from wsgistack.config.log.handler import IniHandler
from wsgistack.config.log.sections import KINDS, Entry, LogSections
from wsgistack.config.log.setup import LoggingSetup
from wsgistack.config.paste.ini import Section
from wsgistack.config.table import lines
from wsgistack.errors import Where, suggest
from wsgistack.options.secrets import redact_mistake

__all__ = ["ini_logging"]

_NEEDED = {
    "handlers": "names with commas between them, or nothing after =",
    "qualname": "the name that the logger has in Python",
}
_STAND_IN = {"()": logging.NullHandler}  # for a handler that can't be made


def ini_logging(path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> LoggingSetup | None:
    """Read the sections ``[loggers]``, ``[handlers]`` and ``[formatters]``, and those that they list.

    They mean what they mean to ``pserve``. Other than there, a ``%`` that stands for nothing is itself, and texts may
    hold references; in ``args`` and ``kwargs``, these have to stand in quotes.

    :param path: the file.
    :param sections: of the file, without ``[DEFAULT]``.
    :param defaults: what is set there, and what else ``%(name)s`` may stand for.
    :returns: None where the file has none of the three.
    """
    if not KINDS.keys() & sections.keys():
        return None
    read = LogSections(path, sections, defaults)
    reader = _Reader(read)
    mistakes = [redact_mistake(read.hidden, each) for each in read.mistakes]
    return LoggingSetup(reader.config, reader.locate, mistakes, read.hidden, reader.connect)


class _Reader:
    def __init__(self, sections: LogSections) -> None:
        self.config: dict[str, Any] = {kind: {} for kind in KINDS}
        self._sections = sections
        self._entries: dict[lines.Path, Entry] = {}
        self._targets: dict[str, str] = {}
        self._made: dict[str, Any] = {}
        for name, entry in sections.listed("formatters"):
            self.config["formatters"][name] = self._formatter(name, entry) if entry else {}
        for name, entry in sections.listed("handlers"):
            self.config["handlers"][name] = self._handler(name, entry) if entry else _STAND_IN
        for name, entry in sections.listed("loggers"):
            if entry:
                self._logger(name, entry)
        for name, target in self._targets.items():
            if target not in self.config["handlers"] and not sections.is_unlisted("handlers", target):
                hint = suggest(target, self.config["handlers"])
                sections.wrong(self._entries["handlers", name], "target", f"no handler {target!r}", hint=hint)

    def locate(self, at: lines.Path) -> tuple[Where, str]:
        depth = 1 if at[:1] == ("root",) else 2
        entry = self._entries.get(at[:depth])
        key = str(at[depth]) if at[depth:] else ""
        return (entry.at(key), key) if entry else (Where(str(self._sections.path)), "")

    def connect(self) -> None:
        for name, target in self._targets.items():
            self._made[name].setTarget(self._made[target])

    def _formatter(self, name: str, entry: Entry) -> dict[str, object]:
        self._entries["formatters", name] = entry
        made: dict[str, object] = {**entry.values}
        with self._sections.mistakes.collect("defaults", entry.at("defaults")):
            made["defaults"] = self._sections.code(entry.values.get("defaults", "None")).value()
        return made

    def _handler(self, name: str, entry: Entry) -> dict[str, object]:
        self._entries["handlers", name] = entry
        made = {**_STAND_IN, **{key: entry.values[key] for key in ("formatter", "level") if key in entry.values}}
        self._list("formatters", [text for text in [entry.values.get("formatter")] if text])
        if entry.is_broken("class", "args", "kwargs"):
            return made
        with self._sections.mistakes.collect():
            handler = IniHandler(self._sections, entry)
            made["()"] = partial(self._make, name, handler)
            if handler.target:
                self._targets[name] = handler.target
        return made

    def _make(self, name: str, handler: IniHandler) -> logging.Handler:
        made = self._made[name] = handler.make()
        return made

    def _logger(self, name: str, entry: Entry) -> None:
        for key in entry.lacks("handlers", *(["qualname"] if name != "root" else [])):
            self._sections.wrong(entry, key, "is missing", _NEEDED[key])
        made: dict[str, object] = {"handlers": entry.names("handlers")}
        if "level" in entry.values:
            made["level"] = entry.values["level"]
        self._list("handlers", entry.names("handlers"))
        if name == "root":
            self._entries["root",] = entry
            self.config["root"] = made
            return
        try:
            made["propagate"] = bool(int(entry.values.get("propagate", "1")))
        except ValueError:
            self._sections.wrong(entry, "propagate", "is no number", "1 or 0")
        qualname = entry.values.get("qualname", name)
        self._entries["loggers", qualname] = entry
        self.config["loggers"][qualname] = made

    def _list(self, kind: str, names: list[str]) -> None:
        """Take in those that a section is there for, though no list names them."""
        for name in names:
            if name not in self.config[kind] and self._sections.is_unlisted(kind, name):
                self.config[kind][name] = _STAND_IN if kind == "handlers" else {}
