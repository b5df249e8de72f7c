"""The sections of an ini file about logging, as the table that :func:`logging.config.dictConfig` takes."""

import ast
import logging
import logging.handlers
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from wsgistack.config.logging import LoggingSetup, make_handler, resolve_hidden
from wsgistack.config.paste.ini import LOGGING, Section, interpolate
from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type
from wsgistack.options.secrets import hide_secrets

__all__ = ["read_ini_logging"]

_KEYS = {
    "formatters": ("class", "datefmt", "defaults", "format", "style"),
    "handlers": ("args", "class", "formatter", "kwargs", "level", "target"),
    "loggers": ("handlers", "level", "propagate", "qualname"),
}
_RAW = ("datefmt", "defaults", "format", "style")  # a % in these is for the formatter
_PYTHON = {"args": (tuple, list, partial), "defaults": (dict,), "kwargs": (dict, partial)}  # with a call, a partial


def read_ini_logging(path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> LoggingSetup | None:
    """Read the sections ``[loggers]``, ``[handlers]`` and ``[formatters]``, and those that they list, as pserve does.

    Two things differ. A ``%`` that begins no reference is itself. Texts may hold references; in ``args`` and
    ``kwargs``, which are Python, inside of quotes. What has a call in it is evaluated only when logging is set up.

    :param defaults: the values of ``[DEFAULT]`` and other values for ``%(name)s``.
    """
    return _IniReader(path, sections, defaults).read() if any(map(LOGGING.fullmatch, sections)) else None


class _IniReader:
    def __init__(self, path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> None:
        self._path, self._sections, self._defaults = path, sections, defaults
        self._mistakes = Mistakes()
        self._hidden: set[str] = set()
        self._resolve = partial(resolve_hidden, folder=path.absolute().parent, hidden=self._hidden)
        self._places: dict[KeyPath, Place] = {}

    def read(self) -> LoggingSetup:
        table: dict[str, dict[str, Any]] = {kind: {} for kind in _KEYS}
        for kind, keys in _KEYS.items():
            for listed in self._list(kind):
                values, place = self._read(f"{kind[:-1]}_{listed}", keys)
                qualname = values.pop("qualname", listed)
                name = listed if listed == "root" else qualname
                if kind == "handlers":
                    dotted = values.get("class", "")
                    is_of_logging = dotted and ("." not in dotted or hasattr(logging, dotted.partition(".")[0]))
                    values |= {"()": make_handler, "class": f"logging.{dotted}" if is_of_logging else dotted}
                elif kind == "loggers":
                    propagate = {"0": False, "1": True}.get(values.get("propagate", "1"))
                    values |= {"handlers": _split(values.get("handlers", "")), "propagate": propagate}
                table[kind][name], self._places[kind, name] = values, place
        return LoggingSetup(table, self._locate, self._mistakes, self._hidden)

    def _locate(self, at: KeyPath) -> Place:
        """The place of a setting, or that of its section."""
        place = self._places.get(at[:2], Place(Where(str(self._path))))
        return place.at(str(at[2])) if at[2:] and at[2] in place.lines else place

    def _list(self, kind: str) -> list[str]:
        """The names in a list that have sections. If the list itself is wrong, all that have sections."""
        prefix = f"{kind[:-1]}_"
        found = [name.removeprefix(prefix) for name in self._sections if name.startswith(prefix)]
        if kind not in self._sections and not found:
            return []
        values, place = self._read(kind if kind in self._sections else prefix + found[0], ("keys",))
        if "keys" not in place.lines:
            expected = f"[{kind}] with keys = {', '.join(found)}"
            self._mistakes.append(place.mistake(f"missing list of {kind}", expected=expected))
        names = _split(values["keys"]) if "keys" in values else found
        missing = [f"missing section [{prefix}{name}]" for name in names if name not in found]
        self._mistakes += map(place.at("keys").mistake, missing)
        return [name for name in names if name in found]

    def _read(self, name: str, known: Collection[str]) -> tuple[dict[str, Any], Place]:
        """The settings of a section, without those that have mistakes."""
        texts = {key: setting.value for key, setting in self._sections[name].settings.items()}
        place = self._sections[name].place(str(self._path))
        for key in [key for key in texts if key not in known]:
            if near := get_close_matches(key.lower(), {*known} - texts.keys(), 1, 0.75):
                hint = f"did you mean {near[0]!r}?"  # pserve ignores all other settings
                self._mistakes.append(place.at(key).mistake("unknown setting", hint=hint))
                place = place._replace(lines={**place.lines, near[0]: place.lines[key]})
        variables = {**self._defaults, **texts}
        values: dict[str, Any] = {}
        for key in [key for key in known if key in variables]:
            with self._mistakes.collect(key, place.at(key).where), hide_secrets(self._hidden, "cannot be evaluated"):
                values |= {key: tuple} if key in _PYTHON else {}  # a mistake in it causes no other one
                text = variables[key] if key in _RAW else interpolate(variables[key], variables)
                values[key] = self._read_python(key, text) if key in _PYTHON else self._resolve(text)
        return values, place

    def _read_python(self, key: str, text: str) -> Any:
        """The value of an expression with the names of :mod:`logging`; or what evaluates it, if it has a call."""
        tree = ast.parse(text, key, "eval")
        nodes = [*ast.walk(tree)]
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = self._resolve(node.value)
        value: Any = partial(eval, compile(tree, key, "eval"), dict(vars(logging)))  # as in fileConfig
        if not any(isinstance(node, ast.Call) for node in nodes):
            value = value()
        if not isinstance(value, _PYTHON[key]):
            problem = "contains a call" if isinstance(value, partial) else describe_type(value)
            raise ConfigError(Mistake(problem, expected=f"a {_PYTHON[key][0].__name__}"))
        return value


def _split(text: str) -> list[str]:
    return [name for each in text.split(",") if (name := each.strip())]
