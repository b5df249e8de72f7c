"""The sections of an ini file by type and name, and their values with references ``%(name)s`` filled in."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from wsgistack.config.hints import split_slip
from wsgistack.config.paste.ini import KINDS, TYPES, Section, interpolate, is_known, parse
from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import Mistake, Mistakes, Where, make_file_error, suggest
from wsgistack.options.references import make_absolute, resolve

__all__ = ["PROTOCOLS", "STRUCTURE_KEYS", "Part", "Sections", "Values"]

_DEFAULT = "DEFAULT"
PROTOCOLS = frozenset((*APP_PROTOCOLS, *FILTER_PROTOCOLS, *SERVER_PROTOCOLS))
STRUCTURE_KEYS = {"use", "pipeline", "next", "filter-with", "require", *PROTOCOLS}


class Part(NamedTuple):
    """A section of a type: ``[type:name]``, or ``[type]`` for the main one."""

    kind: str
    name: str
    section: Section


class Values(NamedTuple):
    """The settings of a section, with references ``%(name)s`` filled in.

    :param place: its global configuration includes what the section sets.
    :param sets: what the section sets in the global configuration.
    """

    part: Part
    values: dict[str, str]
    place: Place
    sets: Mapping[str, str]


class Sections:
    """The sections of an ini file."""

    def __init__(self, path: Path, text: str, passed: Mapping[str, str]) -> None:
        self.file: str = str(path)
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - without "..", but with links, as in PasteDeploy
        self.folder: Path = absolute.parent
        self.all: dict[str, Section]
        self.all, parsed = parse(text, self.file)
        self.mistakes: Mistakes = Mistakes(parsed)
        if self.mistakes and not any(":" in name or is_known(name) for name in self.all):
            expected = "an ini file with a section such as [app:main]"  # reported once, not line by line
            raise make_file_error(self.file, "not a configuration", expected=expected)
        built_in = {"here": str(self.folder), "__file__": str(absolute)}
        self.default: Section = self.all.pop(_DEFAULT, Section(_DEFAULT, 0, {}))
        default = self.default
        escaped = {name: str(value).replace("%", "%%") for name, value in {**passed, **built_in}.items()}
        self.defaults: dict[str, str] = escaped | {name: setting.value for name, setting in default.settings.items()}
        inherited = (item for item in default.settings.items() if item[0].startswith(("set ", "get ")))
        self._inherited = dict(inherited)  # by every section, as in PasteDeploy
        own = self._fill(default, self.defaults, self.mistakes)
        self._own_conf = {**passed, **built_in, **self._make_absolute(own, passed)}
        self.global_conf: dict[str, str] = {**self._own_conf, **passed}
        self._check_types()
        self.named: dict[str, dict[str, Part]] = {what: self._name_parts(what, types) for what, types in KINDS.items()}

    def values(self, part: Part, asked: Place) -> tuple[Values, Mistakes]:
        """The values of a section, and what is wrong with them."""
        section = part.section._replace(settings={**self._inherited, **part.section.settings})
        mistakes = Mistakes()
        trail = asked.step(self.step(part))
        own = {name: setting.value for name, setting in section.settings.items()}
        filled = self._fill(section, {**self.defaults, **own}, mistakes)
        is_unclear = bool(STRUCTURE_KEYS & {each.key for each in mistakes})
        for key in STRUCTURE_KEYS & filled.keys():
            filled[key], slip, hint = split_slip(filled[key])
            if slip:
                mistakes.append(section.place(self.file).at(key).mistake(slip, hint=hint))
        own_sets = {key[4:].strip(): value for key, value in filled.items() if key.startswith("set ")}
        sets = self._make_absolute(own_sets, asked.global_conf)
        global_conf = {**self._own_conf, **asked.global_conf, **sets}
        lines = section.place(self.file).lines
        lines = {**lines, **{name[4:].strip(): line for name, line in lines.items() if name.startswith("get ")}}
        place = section.place(self.file)._replace(trail=trail, global_conf=global_conf, lines=lines)
        values: dict[str, str] = {}
        for key, value in sorted(filled.items(), key=lambda item: item[0].startswith("get ")):
            if key.startswith("get "):
                if value in global_conf:
                    values[key[4:].strip()] = global_conf[value]
                else:
                    hint = suggest(value, global_conf)
                    mistakes.append(place.at(key).mistake(f"unknown global value {value!r}", hint=hint))
            elif key == "require":
                mistakes += self._find_missing(value, place.at(key))
            elif not key.startswith("set "):
                values[key] = value
        if is_unclear:
            mistakes.raise_if_any()
        return Values(part, values, place, sets), mistakes

    def step(self, part: Part) -> str:
        """The name of a section in the trail of a place."""
        return f"{os.path.normpath(self.file)} [{part.section.name}]"

    def _fill(self, section: Section, variables: Mapping[str, str], mistakes: Mistakes) -> dict[str, str]:
        place = section.place(self.file)
        filled = {}
        for name, setting in section.settings.items():
            filled[name] = setting.value
            with mistakes.collect(name, place.at(name).where):
                filled[name] = interpolate(setting.value, variables)
                if name in STRUCTURE_KEYS:
                    filled[name] = str(resolve(filled[name], base=self.folder))
        return filled

    def _make_absolute(self, conf: dict[str, str], passed: Mapping[str, str]) -> dict[str, str]:
        if passed.get("here", str(self.folder)) == str(self.folder):
            return conf
        return {key: str(make_absolute(value, base=self.folder)) for key, value in conf.items()}

    def _find_missing(self, names: str, place: Place) -> Mistakes:
        mistakes = Mistakes()
        for name in names.split():
            try:
                distribution(name)
            except (PackageNotFoundError, ValueError):
                hint = f"pip install {quote(name)}"
                mistakes.append(place.mistake(f"distribution {name!r} is not installed", hint=hint))
        return mistakes

    def _name_parts(self, what: str, kinds: tuple[str, ...]) -> dict[str, Part]:
        """The sections of some types by their names."""
        found: dict[str, Part] = {}
        for section in self.all.values():
            kind, _, name = section.name.partition(":")
            if kind not in kinds:
                continue
            part = Part(kind, name.strip() or "main", section)
            first = found.setdefault(part.name, part).section
            if first is not section:
                problem = f"duplicate {what} {part.name!r}; first in [{first.name}] on line {first.line}"
                self.mistakes.append(section.place(self.file).mistake(problem))
        return found

    def _check_types(self) -> None:
        for section in self.all.values():
            kind, colon, name = section.name.partition(":")
            near = get_close_matches(kind.strip().lower(), TYPES if colon else ["default"], n=1, cutoff=0.8)
            if near and kind not in TYPES:
                hint = f"did you mean [{near[0]}:{name}]?" if colon else f"did you mean [{_DEFAULT}]?"
                where = Where(self.file, section.line)
                self.mistakes.append(Mistake(f"unknown section type {kind!r}", where=where, hint=hint))
