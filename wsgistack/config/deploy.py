"""PasteDeploy's dialect of ini: what its sections mean."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from wsgistack import registry
from wsgistack.config.ini import Section, interpolate, parse
from wsgistack.config.paste import FILTER_APP_FACTORY, FILTER_FACTORY, PasteFilter
from wsgistack.config.source import read_source
from wsgistack.config.stack import Application, Stack
from wsgistack.errors import ConfigError, Mistake, Where, nearest
from wsgistack.pipeline import Pipeline
from wsgistack.spec import Spec
from wsgistack.types import Factory

__all__ = ["IniFile"]

_APPS = ("app", "application", "pipeline")
_FILTERS = ("filter",)
_OTHERS = ("composit", "composite", "filter-app")
_UNREAD = re.compile(r"(get|set) .*|filter-with|require|paste\..*_factory")


class _Place(NamedTuple):
    """Where a name stands that has to be found: for errors, and with the sections on the way there."""

    where: Where
    key: str
    trail: tuple[str, ...] = ()

    def wrong(self, problem: str, hint: str = "") -> ConfigError:
        return ConfigError(Mistake(problem, self.key, where=self.where, hint=hint))


class _Values(NamedTuple):
    """The settings of a section, with references filled in."""

    values: dict[str, str]
    lines: dict[str, int]
    where: Where
    trail: tuple[str, ...]

    def place(self, key: str) -> _Place:
        return _Place(self.where._replace(line=self.lines.get(key, self.where.line)), key, self.trail)


class IniFile:
    """An ini file in PasteDeploy's dialect.

    Its methods add what they find wrong to ``mistakes``, and go on.

    :param path: the file. Paths in it are relative to its folder.
    :param passed: the global configuration of a file that refers to this one.
    :raises ConfigError: it can't be read.
    """

    def __init__(self, path: Path, passed: Mapping[str, str] | None = None) -> None:
        self.path = path
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - without ".." and with links, as PasteDeploy has it
        self.folder = absolute.parent
        self.sections, self.mistakes = parse(read_source(path), str(path))
        built_in = {"here": str(self.folder), "__file__": str(absolute)}
        default = self.sections.pop("DEFAULT", Section("DEFAULT", 0, {}))
        finished = {name: value.replace("%", "%%") for name, value in {**(passed or {}), **built_in}.items()}
        self._raw_defaults = finished | {name: setting.value for name, setting in default.settings.items()}
        self.global_conf = {**built_in, **self._filled(default, self._raw_defaults), **(passed or {})}
        for section in self.sections.values():
            self._check_kind(section)
        self._apps = self._named("application", _APPS)
        self._filters = self._named("filter", _FILTERS)

    def names(self) -> list[str]:
        """The names of all applications and pipelines."""
        return list(self._apps)

    def filters(self) -> list[str]:
        """The names of all filters."""
        return list(self._filters)

    def stack(self, name: str) -> Stack:
        """The application or pipeline of a name."""
        try:
            specs, application = self.application(name, _Place(Where(str(self.path)), ""))
        except ConfigError as error:
            self.mistakes += error.mistakes
            specs, application = [], None
        return Stack(application, Pipeline(specs), tuple(self.mistakes))

    def layer(self, name: str) -> Spec | None:
        """The filter of a name."""
        return self._fitted(name, _Place(Where(str(self.path)), ""))

    def application(self, name: str, asked: _Place) -> tuple[list[Spec], Application | None]:
        """Find what a name or URI means where an application has to be."""
        if name.startswith("config:"):
            other, fragment = self._other_file(name, asked)
            try:
                return other.application(fragment, asked)
            finally:
                self.mistakes += other.mistakes
        section = self._apps.get(name)
        if section is None and ":" in name:
            return [], Application(name, {}, self.global_conf, asked.where)
        if section is None:
            raise self._no_application(name, asked)
        values = self._values(section, asked)
        if section.name.startswith("pipeline"):
            return self._pipeline(values)
        use = values.values.pop("use", "").strip()
        if not use:
            raise values.place("use").wrong("is missing", "use = module:application, egg:…, call:… or a section")
        specs, base = self.application(use, values.place("use"))
        if base is None:
            return specs, None
        places = {key: values.place(key).where for key in values.values}
        return specs, replace(base, options={**base.options, **values.values}, places={**base.places, **places})

    def _pipeline(self, values: _Values) -> tuple[list[Spec], Application | None]:
        place = values.place("pipeline")
        for key in values.values:
            if key != "pipeline":
                hint = nearest(key, ["pipeline"])
                self.mistakes += values.place(key).wrong("no setting of a pipeline", hint).mistakes
        names = values.values.get("pipeline", "").split()
        if not names:
            raise place.wrong("is missing or empty", "name filters, outermost first, and then the app")
        specs = [spec for name in names[:-1] if (spec := self._fitted(name, place))]
        try:
            inner, application = self.application(names[-1], place)
        except ConfigError as error:
            self.mistakes += error.mistakes
            return specs, None
        return [*specs, *inner], application

    def _fitted(self, name: str, asked: _Place) -> Spec | None:
        try:
            return self.filter(name, asked).fitted()
        except ConfigError as error:
            self.mistakes += error.mistakes
            return None

    def filter(self, name: str, asked: _Place) -> Spec:
        """Find what a name or URI means where a filter has to be."""
        if name.startswith("config:"):
            other, fragment = self._other_file(name, asked)
            try:
                return other.filter(fragment, asked)
            finally:
                self.mistakes += other.mistakes
        alike = (each for key, each in self._filters.items() if key.replace("-", "_") == name.replace("-", "_"))
        section = self._filters.get(name) or next(alike, None)
        if section is None or self._step(section) in asked.trail[-1:]:
            return self._layer(name, asked)
        values = self._values(section, asked)
        use = values.values.pop("use", name).strip()
        base = self.filter(use, values.place("use"))
        own = Spec(base.use, values.values, name, values.where, values.lines)
        fitted = own.fitted(base=self.folder, text=True, whole=False)  # here, where the folder of its paths is known
        return replace(fitted, options={**base.options, **fitted.options})

    def _layer(self, use: str, asked: _Place) -> Spec:
        """A layer that no section describes."""
        try:
            section = f"{asked.where.section} {use}".strip()
            return Spec(self._used(use), where=asked.where._replace(section=section))
        except ConfigError as error:
            if use in self._apps:
                raise asked.wrong(f"{use!r} is an application", "only the last of a pipeline may be one") from error
            known = ":" in use or use.replace("-", "_") in registry.names()
            hints = {} if known else {"hint": nearest(use, [*self.filters(), *registry.names()])}
            raise ConfigError(
                *(each._replace(key=asked.key, where=asked.where, **hints) for each in error.mistakes)
            ) from error

    def _used(self, use: str) -> str | Factory:
        scheme, _, rest = use.partition(":")
        if scheme == "call":
            if ":" not in rest:
                raise ConfigError(Mistake(f"{rest!r} is no import string", expected="package.module:attribute"))
            return PasteFilter(use, registry.find(rest), FILTER_FACTORY, self.global_conf)
        if scheme == "egg":
            point = registry.egg_entry_point(rest, (registry.GROUP, FILTER_FACTORY, FILTER_APP_FACTORY))
            if point.group == registry.GROUP:
                return point.name
            return PasteFilter(use, registry.load(point), point.group, self.global_conf)
        registry.find(use)
        return use

    def _other_file(self, uri: str, asked: _Place) -> tuple["IniFile", str]:
        path, _, fragment = uri.removeprefix("config:").partition("#")
        try:
            return IniFile(self.path.parent / path, self.global_conf), fragment or "main"
        except ConfigError as error:
            raise asked.wrong(f"{uri!r} can't be read: {error}") from error

    def _values(self, section: Section, asked: _Place) -> _Values:
        here = self._step(section)
        if here in asked.trail:
            raise asked.wrong(f"a circle: {' -> '.join([*asked.trail[asked.trail.index(here) :], here])}")
        own = {name: setting.value for name, setting in section.settings.items()}
        values = self._filled(section, {**self._raw_defaults, **own})
        for key in filter(_UNREAD.fullmatch, own):
            where = Where(str(self.path), section.settings[key].line, f"[{section.name}]")
            self.mistakes.append(Mistake("is not read here, though PasteDeploy does", key, own[key], where=where))
            values.pop(key, None)
        lines = {name: setting.line for name, setting in section.settings.items()}
        where = Where(str(self.path), section.line, f"[{section.name}]")
        return _Values(values, lines, where, (*asked.trail, here))

    def _filled(self, section: Section, variables: Mapping[str, str]) -> dict[str, str]:
        filled = {}
        for name, setting in section.settings.items():
            filled[name] = setting.value
            try:
                filled[name] = interpolate(setting.value, variables)
            except LookupError as error:
                problem, hint = error.args
                where = Where(str(self.path), setting.line, f"[{section.name}]")
                self.mistakes.append(Mistake(problem, name, setting.value, hint=hint, where=where))
        return filled

    def _step(self, section: Section) -> str:
        """A section on the way to another one."""
        return f"{os.path.normpath(self.path)} [{section.name}]"

    def _named(self, what: str, kinds: tuple[str, ...]) -> dict[str, Section]:
        """The sections of some kinds by their names."""
        found: dict[str, Section] = {}
        for section in self.sections.values():
            kind, colon, name = section.name.partition(":")
            if not colon or kind not in kinds:
                continue
            first = found.setdefault(name.strip(), section)
            if first is not section:
                where = Where(str(self.path), section.line, f"[{section.name}]")
                problem = f"a second {what} {name.strip()!r}, after [{first.name}] in line {first.line}"
                self.mistakes.append(Mistake(problem, where=where))
        return found

    def _no_application(self, name: str, asked: _Place) -> ConfigError:
        if name in self._filters:
            return asked.wrong(f"{name!r} is a filter", "the last of a pipeline has to be an application")
        for kind in _OTHERS:
            if f"{kind}:{name}" in self.sections:
                return asked.wrong(f"[{kind}:{name}] is of a kind that is not read")
        return asked.wrong(f"no application or pipeline {name!r}", nearest(name, self.names()))

    def _check_kind(self, section: Section) -> None:
        kind, colon, name = section.name.partition(":")
        known = (*_APPS, *_FILTERS, *_OTHERS)
        near = get_close_matches(kind.lower(), (*_APPS, *_FILTERS), n=1, cutoff=0.75)
        if colon and kind not in known and near:
            where = Where(str(self.path), section.line)
            hint = f"did you mean [{near[0]}:{name}]?"
            self.mistakes.append(Mistake(f"no kind of section is called {kind!r}", where=where, hint=hint))
