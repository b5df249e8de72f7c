"""The sections of an ini file about logging, as the table that :func:`logging.config.dictConfig` takes."""

import ast
import logging
import logging.handlers
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from wsgistack.config.logging import LoggingSetup, check_call, import_handler_class, resolve_hidden
from wsgistack.config.paste.ini import Section, interpolate
from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type, did_you_mean, suggest
from wsgistack.options.secrets import hide_secrets

__all__ = ["is_about_logging", "read_ini_logging"]

_KINDS = {
    "formatters": ("formatter_", ("class", "datefmt", "defaults", "format", "style")),
    "handlers": ("handler_", ("args", "class", "formatter", "kwargs", "level", "target")),
    "loggers": ("logger_", ("handlers", "level", "propagate", "qualname")),
}
_RAW = ("datefmt", "defaults", "format", "style")  # a % in these is for the formatter
_PYTHON: Mapping[str, tuple[tuple[type, ...], str]] = {
    "args": ((tuple, list), "a tuple such as (sys.stderr,), with its comma"),
    "defaults": ((dict,), "a dict"),
    "kwargs": ((dict,), "a dict"),
}


def is_about_logging(section: str) -> bool:
    """Whether a section with this name describes a part of logging."""
    return section in _KINDS or section.startswith(tuple(prefix for prefix, _ in _KINDS.values()))


def read_ini_logging(path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> LoggingSetup | None:
    """Read the sections ``[loggers]``, ``[handlers]`` and ``[formatters]``, and those that they list, as pserve does.

    Two things differ. A ``%`` that begins no reference is itself. Texts may hold references; in ``args`` and
    ``kwargs``, inside of quotes. These two are Python, as for :func:`logging.config.fileConfig`. A check evaluates an
    expression without a call. An expression with a call is evaluated only when logging is set up.

    :param sections: those of the file, without ``[DEFAULT]``.
    :param defaults: the values of ``[DEFAULT]`` and other values for ``%(name)s``.
    :returns: None for a file without sections about logging.
    """
    if not any(map(is_about_logging, sections)):
        return None
    reader = _IniReader(path, sections, defaults)
    return LoggingSetup(reader.table, reader.locate, reader.mistakes, reader.hidden, reader.targets)


class _IniReader:
    """The table for dictConfig, read from the sections of an ini file."""

    def __init__(self, path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> None:
        self.mistakes = Mistakes()
        self.hidden: set[str] = set()
        self.targets: dict[str, str] = {}  # of a MemoryHandler each
        self._path = path
        self._sections = sections
        self._defaults = defaults
        self._places: dict[KeyPath, Place] = {}
        self.table: dict[str, Any] = {kind: {} for kind in _KINDS}
        for kind, (prefix, keys) in _KINDS.items():
            for listed in self._list(kind, prefix):
                values, place = self._read(prefix + listed, keys)
                name = values.pop("qualname", listed)
                if kind == "handlers":
                    values = self._make_handler(name, values, place)
                if kind == "loggers":
                    values["handlers"] = _split(values.get("handlers", ""))
                    values["propagate"] = {"0": False, "1": True}.get(values.get("propagate", "1"))
                at = ("root",) if prefix + listed == "logger_root" else (kind, name)
                (self.table if at == ("root",) else self.table[kind])[at[-1]] = values
                self._places[at] = place
        for name, target in self.targets.items():
            others = [each for each in self.table["handlers"] if each != name]
            if target not in self.table["handlers"]:
                problem = f"unknown handler {target!r}"
                self.mistakes.append(
                    self.locate(("handlers", name, "target")).mistake(problem, hint=suggest(target, others))
                )

    def locate(self, at: KeyPath) -> Place:
        """The place of a setting, or that of its section."""
        depth = 1 if at[:1] == ("root",) else 2
        place = self._places.get(at[:depth], Place(Where(str(self._path))))
        return place.at(str(at[depth])) if at[depth:] and at[depth] in place.lines else place

    def _list(self, kind: str, prefix: str) -> list[str]:
        """The names in a list that have sections. If the list itself is wrong, all that have sections."""
        found = [name.removeprefix(prefix) for name in self._sections if name.startswith(prefix)]
        if kind not in self._sections and not found:
            return []
        is_there = kind in self._sections
        values, place = self._read(kind if is_there else prefix + found[0], ("keys",))
        if not is_there or "keys" not in place.lines:
            expected = f"[{kind}] with keys = {', '.join(found)}"
            self.mistakes.append(place.mistake(f"missing list of {kind}", expected=expected))
        names = _split(values["keys"]) if is_there and "keys" in values else found
        for name in names:
            if name not in found:
                hint = did_you_mean(prefix + name, (prefix + each for each in found if each not in names))
                self.mistakes.append(place.at("keys").mistake(f"missing section [{prefix}{name}]", hint=hint))
        return [name for name in names if name in found]

    def _read(self, name: str, known: Collection[str]) -> tuple[dict[str, Any], Place]:
        """The settings of a section, without those that have mistakes."""
        texts = {key: setting.value for key, setting in self._sections[name].settings.items()}
        place = self._sections[name].place(str(self._path))
        for key in [key for key in texts if key not in known]:
            if near := get_close_matches(key.lower(), [each for each in known if each not in texts], 1, 0.75):
                hint = f"did you mean {near[0]!r}?"  # pserve ignores all other settings
                self.mistakes.append(place.at(key).mistake("unknown setting", hint=hint))
                place = place._replace(lines={**place.lines, near[0]: place.lines[key]})
        variables = {**self._defaults, **texts}
        values: dict[str, Any] = {}
        for key in [key for key in known if key in variables]:
            with self.mistakes.collect(key, place.at(key).where):
                text = variables[key] if key in _RAW else interpolate(variables[key], variables)
                values[key] = self._read_python(key, text) if key in _PYTHON else self._resolve(text)
        return values, place

    def _make_handler(self, name: str, values: Mapping[str, Any], place: Place) -> dict[str, Any]:
        made = {key: values[key] for key in ("formatter", "level") if key in values}
        if "class" not in values:
            return made
        made["()"] = logging.NullHandler
        with self.mistakes.collect("class", place.at("class").where):
            dotted = values["class"]
            is_of_logging = "." not in dotted or hasattr(logging, dotted.partition(".")[0])
            factory = import_handler_class(f"logging.{dotted}" if is_of_logging else dotted)
            if issubclass(factory, logging.handlers.MemoryHandler) and values.get("target"):
                self.targets[name] = values["target"]
            args, kwargs = values.get("args", ()), values.get("kwargs", {})
            made["()"] = lambda: factory(*_evaluate(args), **_evaluate(kwargs))
            given = [key for key in ("args", "kwargs") if key in place.lines]
            if values.keys() >= {*given} and not (callable(args) or callable(kwargs)):
                key = given[0] if given else "class"
                with self.mistakes.collect(key, place.at(key).where):
                    check_call(factory, args, kwargs)
        return made

    def _read_python(self, key: str, text: str) -> Any:
        """The value of an expression with the names of :mod:`logging`; or what evaluates it, if it has a call.

        :raises ConfigError: it is not an expression, a reference in it cannot be filled in, or its value is wrong.
        """
        types, expected = _PYTHON[key]
        value: Any = None
        with hide_secrets(self.hidden, "cannot be evaluated"):
            tree = ast.parse(text, key, "eval")
            nodes = [*ast.walk(tree)]
            for node in nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    node.value = self._resolve(node.value)
            value = partial(eval, compile(tree, key, "eval"), dict(vars(logging)))  # as in fileConfig
            if key == "defaults" or not any(isinstance(node, ast.Call) for node in nodes):
                value = value()
                if not isinstance(value, types):
                    raise ConfigError(Mistake(describe_type(value), expected=expected))
        return value

    def _resolve(self, text: str) -> str:
        return resolve_hidden(text, self._path.absolute().parent, self.hidden)


def _evaluate(value: Any) -> Any:
    return value() if callable(value) else value


def _split(text: str) -> list[str]:
    return [name for each in text.split(",") if (name := each.strip())]
