"""The sections of an ini file about logging, as the table that :func:`logging.config.dictConfig` takes."""

import ast
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import partial
from inspect import signature
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import Any

from wsgistack.config.logging import LoggingSetup, import_dotted, resolve_hidden
from wsgistack.config.paste.ini import Section, interpolate
from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_error, describe_type, did_you_mean
from wsgistack.options.references import has_references

__all__ = ["read_ini_logging"]

_IN_INI = {
    "formatters": ("formatter_", ("class", "datefmt", "defaults", "format", "style")),
    "handlers": ("handler_", ("args", "class", "formatter", "kwargs", "level", "target")),
    "loggers": ("logger_", ("handlers", "level", "propagate", "qualname")),
}
_RAW = ("datefmt", "defaults", "format", "style")  # a % in these is for the formatter
_PYTHON = ("args", "defaults", "kwargs")
_ARGUMENTS = (("args", (tuple, list), "a tuple such as (sys.stderr,), with its comma"), ("kwargs", dict, "a dict"))
_HANDLER = "a handler class such as StreamHandler"
_NAMES = "names separated by commas, or nothing after ="


def read_ini_logging(path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> LoggingSetup | None:
    """Read the sections ``[loggers]``, ``[handlers]`` and ``[formatters]``, and those that they list, as pserve does.

    Two things differ: a ``%`` that begins no reference is itself, and texts may hold references; in ``args`` and
    ``kwargs``, inside of quotes. These two are Python, as for :func:`logging.config.fileConfig`. A check evaluates what
    calls nothing. An expression with a call is evaluated only when logging is set up.

    :param sections: those of the file, without ``[DEFAULT]``.
    :param defaults: the values of ``[DEFAULT]`` and other values for ``%(name)s``.
    :returns: None for a file without any of these three sections.
    """
    if not _IN_INI.keys() & sections.keys():
        return None
    reader = _IniReader(path, sections, defaults)
    return LoggingSetup(reader.table, reader.locate, reader.mistakes, reader.hidden, reader.unlisted)


class _IniReader:
    """Makes the table for dictConfig from the sections of an ini file."""

    def __init__(self, path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> None:
        self.table: dict[str, Any] = {}
        self.mistakes = Mistakes()
        self.hidden: set[str] = set()
        self.unlisted: dict[str, list[str]] = {}
        self._top = Place(Where(str(path)))
        self._folder = path.absolute().parent
        self._sections = sections
        self._defaults = {**_lower_keys(defaults), **defaults}
        self._places: dict[KeyPath, Place] = {}
        for kind, (prefix, keys) in _IN_INI.items():
            table = self.table[kind] = {}
            for name in self._list(kind, prefix):
                values, place = self._read(f"{prefix}{name}", keys)
                with self.mistakes.collect(where=place.where):
                    match kind:
                        case "formatters":
                            table[name] = self._make_formatter(values, place)
                        case "handlers":
                            table[name] = {"()": logging.NullHandler}  # for other sections, if this one has mistakes
                            table[name] = self._make_handler(values, place)
                        case _:
                            table[values.get("qualname", name)] = self._make_logger(values, place, name)
                self._places[kind, values.get("qualname", name)] = place
        if "root" in self.table["loggers"]:
            self.table["root"] = self.table["loggers"].pop("root")
            self.table["root"].pop("propagate", None)
            self._places["root",] = self._places["loggers", "root"]

    def locate(self, at: KeyPath) -> Place:
        """The place of a setting, or that of its section."""
        depth = 1 if at[:1] == ("root",) else 2
        place = self._places.get(at[:depth], self._top)
        return place.at(str(at[depth])) if at[depth:] and at[depth] in place.lines else place

    def _list(self, kind: str, prefix: str) -> list[str]:
        """The names in a list that have sections. If the list itself is wrong, all that have sections."""
        found = [name.removeprefix(prefix) for name in self._sections if name.startswith(prefix)]
        if kind not in self._sections:
            self.mistakes.append(self._top.mistake(f"missing section [{kind}]"))
            return found
        values, place = self._read(kind, ("keys",))
        if "keys" not in values:
            self._require(values, place, "keys", _NAMES)
            return found
        place, names = place.at("keys"), _split(values["keys"])
        if kind == "loggers" and "root" not in names:
            self.mistakes.append(place.mistake("missing name 'root'"))
        for name in names:
            if name not in found:
                hint = did_you_mean(prefix + name, (prefix + each for each in found if each not in names))
                hint = "separate names by commas" if " " in name else hint
                self.mistakes.append(place.mistake(f"missing section [{prefix}{name}]", hint=hint))
        self.unlisted[kind] = [name for name in found if name not in names]
        return [name for name in found if name in names]

    def _read(self, name: str, known: Collection[str]) -> tuple[dict[str, str], Place]:
        """The settings of a section, without those that have mistakes."""
        section = self._sections[name]
        texts = {key: setting.value for key, setting in section.settings.items()}
        lines = {key.lower(): setting.line for key, setting in section.settings.items()}
        place = Place(Where(self._top.where.file, section.line, f"[{name}]"), lines=lines)
        for key in [key for key in lines if key not in known]:
            if near := get_close_matches(key, [each for each in known if each not in lines], 1, 0.75):
                hint = f"did you mean {near[0]!r}?"  # pserve ignores all other settings
                self.mistakes.append(place.at(key).mistake("unknown setting", hint=hint))
                lines[near[0]] = lines[key]
        variables = {**self._defaults, **_lower_keys(texts), **texts}
        values = {}
        for key in known:
            if key in variables:
                with self.mistakes.collect(key, place.at(key).where):
                    text = variables[key] if key in _RAW else interpolate(variables[key], variables)
                    values[key] = text if key in _PYTHON else resolve_hidden(text, self._folder, self.hidden)
        return values, place

    def _require(self, values: Mapping[str, str], place: Place, key: str, expected: str) -> None:
        if key not in values and key not in place.lines:
            self.mistakes.append(place.at(key).mistake("missing setting", expected=expected))

    def _make_formatter(self, values: Mapping[str, str], place: Place) -> Mapping[str, object]:
        with self.mistakes.collect("defaults", place.at("defaults").where):
            return {**values, "defaults": self._read_python(values.get("defaults", "None"))()}
        return {**values, "defaults": None}

    def _make_handler(self, values: Mapping[str, str], place: Place) -> Mapping[str, object]:
        shared = {key: values[key] for key in ("formatter", "level") if key in values}
        failed = {**shared, "()": logging.NullHandler}
        readers = {"class": _find_handler_class, "args": self._read_python, "kwargs": self._read_python}
        found: dict[str, Any] = {}
        for (key, read), default in zip(readers.items(), ("", "()", "{}"), strict=True):
            with self.mistakes.collect(key, place.at(key).where):
                if key in values or key not in place.lines:
                    found[key] = read(values.get(key, default))
        if found.keys() < readers.keys():
            return failed
        factory, args, kwargs = found.values()
        if args.has_call or kwargs.has_call:
            if "target" in values:
                self.mistakes.append(place.at("target").mistake("conflicts with a call in args or kwargs"))
            return {**shared, "()": lambda: factory(*args(), **kwargs())}
        mistakes = Mistakes()
        for key, types, expected in _ARGUMENTS:
            with mistakes.collect(key, place.at(key).where):
                found[key] = found[key]()
                if not isinstance(found[key], types):
                    raise ConfigError(Mistake(describe_type(found[key]), expected=expected))
        if mistakes:
            self.mistakes += mistakes
            return failed
        made = partial(factory, *found["args"], **found["kwargs"])
        if values.get("target") and issubclass(factory, MemoryHandler):  # dictConfig looks it up for a class by name
            with suppress(TypeError):
                given = signature(factory).bind(*made.args, **made.keywords).arguments
                name = f"{factory.__module__}.{factory.__qualname__}"
                return {**shared, **given, "class": name, "target": values["target"]}
        return {**shared, "()": made}

    def _make_logger(self, values: Mapping[str, str], place: Place, name: str) -> Mapping[str, object]:
        self._require(values, place, "handlers", _NAMES)
        if name != "root":
            self._require(values, place, "qualname", "the name of the logger in Python")
        made: dict[str, object] = {"handlers": _split(values.get("handlers", ""))}
        if "level" in values:
            made["level"] = values["level"]
        if values.get("propagate", "1") not in ("0", "1"):
            self.mistakes.append(place.at("propagate").mistake("invalid value", expected="1 or 0"))
        return {**made, "propagate": values.get("propagate") != "0"}

    def _read_python(self, text: str) -> "_Python":
        return _Python(text, lambda value: resolve_hidden(value, self._folder, self.hidden))


class _Python(ast.NodeTransformer):
    """An expression, evaluated with the names of :mod:`logging`, as :func:`logging.config.fileConfig` does.

    :raises ConfigError: it is not an expression, or a reference in it cannot be filled in.
    """

    def __init__(self, text: str, fill: Callable[[str], str]) -> None:
        self._fill = fill
        self._mistakes = Mistakes()
        try:
            tree = self.visit(ast.parse(text, mode="eval"))
            self._code = compile(tree, "<configuration>", "eval")
        except Exception as error:  # deep nesting causes a MemoryError or RecursionError
            reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
            hint = "write a reference inside of quotes" if has_references(text) else ""
            raise ConfigError(Mistake(f"not a Python expression: {reason}", hint=hint)) from None
        self._mistakes.raise_if_any()
        self.has_call = any(isinstance(node, ast.Call) for node in ast.walk(tree))

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            with self._mistakes.collect():
                return ast.copy_location(ast.Constant(self._fill(node.value)), node)
        return node

    def __call__(self) -> Any:
        try:
            return eval(self._code, dict(vars(logging)))  # noqa: S307 - the operator's own text, as with pserve
        except Exception as error:
            raise ConfigError(Mistake(f"cannot be evaluated: {describe_error(error)}")) from None


def _find_handler_class(name: str) -> type[logging.Handler]:
    """A class, by its name in :mod:`logging` or its full name."""
    if not name:
        raise ConfigError(Mistake("missing setting", expected=_HANDLER))
    first, dot, _ = name.partition(".")
    is_of_logging = not dot or hasattr(logging, first)
    try:
        found = import_dotted(f"logging.{name}" if is_of_logging else name)
    except ConfigError as error:
        if not (is_of_logging and dot):
            raise
        try:  # the application may have a module of the same name
            found = import_dotted(name)
        except ConfigError:
            raise error from None
    if isinstance(found, type) and issubclass(found, logging.Handler):
        return found
    raise ConfigError(Mistake(f"not a handler class: {name}", expected=_HANDLER))


def _split(text: str) -> list[str]:
    return [name for each in text.split(",") if (name := each.strip())]


def _lower_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in values.items()}
