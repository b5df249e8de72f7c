"""PasteDeploy's dialect of ini: what its sections mean."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from wsgistack import registry
from wsgistack.config.ini import Section, interpolate, parse
from wsgistack.config.paste import FILTER_APP_FACTORY, FILTER_FACTORY, PasteFilter
from wsgistack.config.source import read_source
from wsgistack.config.stack import Application, Stack
from wsgistack.errors import ConfigError, Mistake, Where, nearest
from wsgistack.imports import import_object
from wsgistack.pipeline import Pipeline
from wsgistack.spec import Spec
from wsgistack.types import Factory

__all__ = ["IniFile"]

_APPS = ("app", "application", "pipeline")
_FILTERS = ("filter",)
_OTHERS = ("composit", "composite", "filter-app", "formatters", "handlers", "loggers", "server")
_URI = ("egg:", "call:", "config:")


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
        self.folder = path.absolute().parent
        self.sections, self.mistakes = parse(read_source(path), str(path))
        built_in = {"here": str(self.folder), "__file__": str(path.absolute())}
        default = self.sections.pop("DEFAULT", Section("DEFAULT", 0, {}))
        self._raw_defaults = {
            **(passed or {}),
            **built_in,
            **{name: setting.value for name, setting in default.settings.items()},
        }
        self.global_conf = {**built_in, **self._filled(default, self._raw_defaults), **(passed or {})}
        for section in self.sections.values():
            self._check_kind(section)

    def names(self) -> list[str]:
        """The names of all applications and pipelines."""
        return [name.partition(":")[2].strip() for name in self.sections if name.partition(":")[0] in _APPS]

    def filters(self) -> list[str]:
        """The names of all filters."""
        return [name.partition(":")[2].strip() for name in self.sections if name.partition(":")[0] in _FILTERS]

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
            found = other.application(fragment, asked)
            self.mistakes += other.mistakes
            return found
        if name.startswith(_URI):
            return [], Application(name, {}, self.global_conf, asked.where)
        section = self._section(_APPS, name)
        if section is None:
            raise self._no_application(name, asked)
        values = self._values(section, asked)
        if section.name.startswith("pipeline"):
            return self._pipeline(values)
        use = values.values.pop("use", "")
        if not use:
            raise values.place("use").wrong("is missing", "use = module:application, egg:…, call:… or a section")
        if ":" in use and not use.startswith(_URI):
            return [], Application(use, values.values, self.global_conf, values.where, values.lines)
        specs, base = self.application(use, values.place("use"))
        if base is None:
            return specs, None
        options = {**base.options, **values.values}
        lines = {**base.lines, **values.lines}
        return specs, Application(base.use, options, base.global_conf, values.where, lines)

    def _pipeline(self, values: _Values) -> tuple[list[Spec], Application | None]:
        place = values.place("pipeline")
        for key in values.values:
            if key != "pipeline":
                hint = nearest(key, ["pipeline"])
                self.mistakes += values.place(key).wrong("no setting of a pipeline", hint).mistakes
        names = values.values.get("pipeline", "").split()
        if not names:
            raise place.wrong("is missing or empty", "name filters, outermost first, and then the application")
        specs = [spec for name in names[:-1] if (spec := self._fitted(name, place))]
        try:
            inner, application = self.application(names[-1], place)
        except ConfigError as error:
            self.mistakes += error.mistakes
            return specs, None
        return [*specs, *inner], application

    def _fitted(self, name: str, asked: _Place) -> Spec | None:
        try:
            spec, folder = self.filter(name, asked)
            return spec.fitted(base=folder, text=True)
        except ConfigError as error:
            self.mistakes += error.mistakes
            return None

    def filter(self, name: str, asked: _Place) -> tuple[Spec, Path]:
        """Find what a name or URI means where a filter has to be, and the folder that its paths are relative to."""
        if name.startswith("config:"):
            other, fragment = self._other_file(name, asked)
            found = other.filter(fragment, asked)
            self.mistakes += other.mistakes
            return found
        section = self._section(_FILTERS, name)
        itself = f"{self.path} [{section.name}]" if section else ""
        if section is None or itself in asked.trail[-1:]:
            return self._layer(name, asked), self.folder
        values = self._values(section, asked)
        use = values.values.pop("use", name)
        base, folder = self.filter(use, values.place("use"))
        options = {**base.options, **values.values}
        return Spec(base.use, options, name, values.where, {**base.lines, **values.lines}), folder

    def _layer(self, use: str, asked: _Place) -> Spec:
        """A layer that no section describes."""
        try:
            return Spec(self._used(use), where=asked.where)
        except ConfigError as error:
            if self._section(_APPS, use):
                raise asked.wrong(f"{use!r} is an application", "only the last of a pipeline may be one") from error
            names = [*self.filters(), *registry.names()]
            known = [each._replace(hint=nearest(use, names)) if each.value == use else each for each in error.mistakes]
            raise ConfigError(*(each._replace(key=asked.key, where=asked.where) for each in known)) from error

    def _used(self, use: str) -> str | Factory:
        scheme, _, rest = use.partition(":")
        if scheme == "call":
            factory = import_object(rest)
            if not callable(factory):
                raise ConfigError(Mistake(f"{rest!r} is a {type(factory).__name__}", expected="a filter factory"))
            return PasteFilter(use, factory, FILTER_FACTORY, self.global_conf)
        if scheme == "egg":
            point = registry.egg_entry_point(rest, (registry.GROUP, FILTER_FACTORY, FILTER_APP_FACTORY))
            if point.group == registry.GROUP:
                return point.name
            return PasteFilter(use, point.load(), point.group, self.global_conf)
        registry.find(use)
        return use

    def _other_file(self, uri: str, asked: _Place) -> tuple["IniFile", str]:
        path, _, fragment = uri.removeprefix("config:").partition("#")
        try:
            return IniFile(self.folder / path, self.global_conf), fragment or "main"
        except ConfigError as error:
            raise asked.wrong(f"{uri!r} can't be read: {error}") from error

    def _values(self, section: Section, asked: _Place) -> _Values:
        here = f"{self.path} [{section.name}]"
        if here in asked.trail:
            raise asked.wrong(f"a circle: {' -> '.join([*asked.trail[asked.trail.index(here) :], here])}")
        own = {name: setting.value for name, setting in section.settings.items()}
        values = self._filled(section, {**self._raw_defaults, **own})
        lines = {name: setting.line for name, setting in section.settings.items()}
        where = Where(str(self.path), section.line, f"[{section.name}]")
        return _Values(values, lines, where, (*asked.trail, here))

    def _filled(self, section: Section, variables: Mapping[str, str]) -> dict[str, str]:
        filled = {}
        for name, setting in section.settings.items():
            try:
                filled[name] = interpolate(setting.value, variables)
            except LookupError as error:
                problem, hint = error.args
                where = Where(str(self.path), setting.line, f"[{section.name}]")
                self.mistakes.append(Mistake(problem, name, setting.value, hint=hint, where=where))
        return filled

    def _section(self, kinds: tuple[str, ...], name: str) -> Section | None:
        for section in self.sections.values():
            kind, colon, its_name = section.name.partition(":")
            if colon and kind in kinds and its_name.strip() == name:
                return section
        return None

    def _no_application(self, name: str, asked: _Place) -> ConfigError:
        if self._section(_FILTERS, name):
            return asked.wrong(f"{name!r} is a filter", "the last of a pipeline has to be an application")
        other = self._section(_OTHERS, name)
        if other:
            return asked.wrong(f"[{other.name}] is of a kind that is not read")
        return asked.wrong(f"no application or pipeline {name!r}", nearest(name, self.names()))

    def _check_kind(self, section: Section) -> None:
        kind, colon, name = section.name.partition(":")
        known = (*_APPS, *_FILTERS, *_OTHERS)
        near = get_close_matches(kind.lower(), known, n=1, cutoff=0.75)
        if colon and kind not in known and near:
            where = Where(str(self.path), section.line)
            hint = f"did you mean [{near[0]}:{name}]?"
            self.mistakes.append(Mistake(f"no kind of section is called {kind!r}", where=where, hint=hint))
