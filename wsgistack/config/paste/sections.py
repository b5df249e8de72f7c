"""The sections of an ini file by kind and name, and their values with all that they refer to filled in."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from wsgistack.config.hints import parted
from wsgistack.config.paste.ini import Section, interpolate, parse
from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import Mistake, Mistakes, Where, suggest
from wsgistack.options.references import make_absolute, resolve

__all__ = ["PROTOCOLS", "Part", "Sections", "Values"]

_MAIN = "main"
_DEFAULT = "DEFAULT"
PROTOCOLS = frozenset((*APP_PROTOCOLS, *FILTER_PROTOCOLS, *SERVER_PROTOCOLS))
_OF_STRUCTURE = {"use", "pipeline", "next", "filter-with", "require", *PROTOCOLS}


class Part(NamedTuple):
    """A section that has a kind: ``[kind:name]``, or ``[kind]`` for the main one."""

    kind: str
    name: str
    section: Section


class Values(NamedTuple):
    """The settings of a section, ready for use.

    :param place: passes on what the section sets in the global configuration.
    :param sets: that alone.
    """

    part: Part
    values: dict[str, str]
    place: Place
    sets: Mapping[str, str]


class Sections:
    """The sections of an ini file.

    :param text: what is in the file.
    :param passed: the global configuration of who asks for the file.
    :param kinds: for each sort of part, the kinds of section that describe it.
    """

    def __init__(self, path: Path, text: str, passed: Mapping[str, str], kinds: Mapping[str, tuple[str, ...]]) -> None:
        self.path = path
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - without ".." and with links, as PasteDeploy has it
        self.folder = absolute.parent
        self.all, parsed = parse(text, str(path))
        self.mistakes = Mistakes(parsed)
        built_in = {"here": str(self.folder), "__file__": str(absolute)}
        default = self.all.pop(_DEFAULT, Section(_DEFAULT, 0, {}))
        finished = {name: str(value).replace("%", "%%") for name, value in {**passed, **built_in}.items()}
        self.defaults = finished | {name: setting.value for name, setting in default.settings.items()}
        inherited = (item for item in default.settings.items() if item[0].startswith(("set ", "get ")))
        self._of_every = dict(inherited)  # as with PasteDeploy
        own = self._filled(default, self.defaults, self.mistakes)
        self._own_conf = {**passed, **built_in, **self._anchored(own, passed)}
        self.global_conf = {**self._own_conf, **passed}
        self._check_kinds([kind for names in kinds.values() for kind in names])
        self.named = {what: self._named(what, names) for what, names in kinds.items()}

    def values(self, part: Part, asked: Place) -> tuple[Values, Mistakes]:
        """The values of a section, and what is wrong with them.

        :raises ConfigError: the way from section to section leads in a circle, or can't be known.
        """
        section = part.section._replace(settings={**self._of_every, **part.section.settings})
        mistakes = Mistakes()
        trail = asked.step(self.step(part))
        own = {name: setting.value for name, setting in section.settings.items()}
        filled = self._filled(section, {**self.defaults, **own}, mistakes)
        is_unclear = bool(_OF_STRUCTURE & {each.key for each in mistakes})
        self._without_slips(section, filled, mistakes)
        own_sets = {key[4:].strip(): value for key, value in filled.items() if key.startswith("set ")}
        sets = self._anchored(own_sets, asked.global_conf)
        global_conf = {**self._own_conf, **asked.global_conf, **sets}
        lines = {name: setting.line for name, setting in section.settings.items()}
        lines |= {name[4:].strip(): line for name, line in lines.items() if name.startswith("get ")}
        place = Place(Where(str(self.path), section.line, f"[{section.name}]"), "", trail, global_conf, lines)
        values: dict[str, str] = {}
        for key, value in sorted(filled.items(), key=lambda item: item[0].startswith("get ")):
            if key.startswith("get "):
                if value in global_conf:
                    values[key[4:].strip()] = global_conf[value]
                else:
                    hint = suggest(value, global_conf)
                    mistakes += place.at(key).wrong(f"no global value {value!r}", hint).mistakes
            elif key == "require":
                mistakes += self._missing(value, place.at(key))
            elif not key.startswith("set "):
                values[key] = value
        if is_unclear:
            mistakes.raise_if_any()
        return Values(part, values, place, sets), mistakes

    def step(self, part: Part) -> str:
        """A section on the way to another one."""
        return f"{os.path.normpath(self.path)} [{part.section.name}]"

    def _filled(self, section: Section, variables: Mapping[str, str], mistakes: Mistakes) -> dict[str, str]:
        filled = {}
        for name, setting in section.settings.items():
            where = Where(str(self.path), setting.line, f"[{section.name}]")
            filled[name] = setting.value
            try:
                filled[name] = interpolate(setting.value, variables)
            except LookupError as error:
                problem, hint = error.args
                mistakes.append(Mistake(problem, key=name, value=setting.value, hint=hint, where=where))
            if name in _OF_STRUCTURE:
                with mistakes.collect(name, where):
                    filled[name] = str(resolve(filled[name], base=self.folder))
        return filled

    def _without_slips(self, section: Section, filled: dict[str, str], mistakes: Mistakes) -> None:
        names = {name for parts in self.named.values() for name in parts}
        for key in _OF_STRUCTURE & filled.keys():
            filled[key], slip, hint = parted(filled[key], names)
            if slip:
                where = Where(str(self.path), section.settings[key].line, f"[{section.name}]")
                mistakes.append(Mistake(f"found {slip!r}", key=key, value=slip, hint=hint, where=where))

    def _anchored(self, conf: dict[str, str], passed: Mapping[str, str]) -> dict[str, str]:
        if passed.get("here", str(self.folder)) == str(self.folder):
            return conf
        return {key: str(make_absolute(value, base=self.folder)) for key, value in conf.items()}

    def _missing(self, names: str, place: Place) -> Mistakes:
        mistakes = Mistakes()
        for name in names.split():
            try:
                distribution(name)
            except (PackageNotFoundError, ValueError):
                mistakes += place.wrong(
                    f"distribution {name!r} is not installed", f"pip install {quote(name)}"
                ).mistakes
        return mistakes

    def _named(self, what: str, kinds: tuple[str, ...]) -> dict[str, Part]:
        """The sections of some kinds by their names."""
        found: dict[str, Part] = {}
        for section in self.all.values():
            kind, _, name = section.name.partition(":")
            if kind not in kinds:
                continue
            part = Part(kind, name.strip() or _MAIN, section)
            first = found.setdefault(part.name, part).section
            if first is not section:
                problem = f"a second {what} {part.name!r}, after [{first.name}] in line {first.line}"
                self.mistakes.append(Mistake(problem, where=Where(str(self.path), section.line, f"[{section.name}]")))
        return found

    def _check_kinds(self, known: list[str]) -> None:
        for section in self.all.values():
            kind, colon, name = section.name.partition(":")
            candidates = known if colon else [_DEFAULT.lower()]
            near = get_close_matches(kind.strip().lower(), candidates, n=1, cutoff=0.8)
            if near and kind not in known:
                meant = f"[{near[0]}:{name}]" if colon else f"[{_DEFAULT}]"
                problem = f"no kind of section is called {kind!r}"
                where = Where(str(self.path), section.line)
                self.mistakes.append(Mistake(problem, where=where, hint=f"did you mean {meant}?"))
            for key, setting in section.settings.items():
                if key[0] == "[" and key[1:] in known:
                    where = Where(str(self.path), setting.line)
                    hint = f"did you mean {key}:{setting.value}]?"
                    self.mistakes.append(Mistake("the header of a section is not closed", where=where, hint=hint))
