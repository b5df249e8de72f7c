"""What PasteDeploy's own loader would treat differently in an ini file: simple rules over its sections."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from configparser import ConfigParser, DuplicateOptionError, Error
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any, cast

from wsgistack.config import protocols
from wsgistack.config.contents import is_composite
from wsgistack.config.document import Document, DocumentLoader
from wsgistack.config.paste.document import IniFile
from wsgistack.config.paste.ini import Section
from wsgistack.config.paste.sections import PROTOCOLS, STRUCTURE_KEYS, Part, Values
from wsgistack.config.place import Place
from wsgistack.config.protocols import FILTER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.options.references import has_references
from wsgistack.pipeline import registry
from wsgistack.pipeline.registry import normalize_name

__all__ = ["find_incompatibilities"]

_PERCENT = re.compile(r"%%|%\([^)]+\)s")
_SCHEMES = ("egg:", "call:", "config:")
_CONDITION = re.compile(r"when(_.*)?")
_LAYERED = ("pipeline", "filter-app")


def find_incompatibilities(document: Document) -> list[Mistake]:
    """Find everything that PasteDeploy's own loader would treat differently: each with its line and what to write.

    What is a mistake for wsgistack as well is left out. The other files that the file uses are compared as well. The
    factory of each composite is called, to learn the names that it asks for.
    """
    if not isinstance(document, IniFile):
        return [Mistake("PasteDeploy reads only ini files", where=Where(document.file))]
    files: list[_Comparison] = []
    files.append(_Comparison(document, document.file, files))
    return [*dict.fromkeys(mistake for each in files for mistake in each.find_all())]  # each may add files


class _Comparison:
    """What PasteDeploy would treat differently in a file.

    :param file: the name of the file, for the mistakes.
    :param files: all files that are compared. Those that this one uses are added.
    """

    def __init__(self, document: IniFile, file: str, files: "list[_Comparison]") -> None:
        self.file = file
        self.path = document.folder / document.path.name
        self.global_conf = document.global_conf
        self._document = document
        self._files = files
        self.parts = document.sections.named
        self._values: dict[str, Values] = {}
        for part in [part for parts in self.parts.values() for part in parts.values()]:
            with suppress(ConfigError):
                self._values[part.section.name] = document.sections.values(part, document.start())[0]

    def find_all(self) -> Iterator[Mistake]:
        yield from self._check_syntax()
        yield from self._check_values(self._document.sections.default)
        for what, parts in self.parts.items():
            for part in parts.values():
                yield from self._check_part(part, "filter" if part.kind == "filter-app" else what)

    def _mistake(self, section: Section, key: str, problem: str, hint: str) -> Mistake:
        return section.place(self.file).at(key).mistake(f"PasteDeploy {problem}", hint=hint)

    def _check_syntax(self) -> Iterator[Mistake]:
        content = self._document.path.read_bytes()
        if content.startswith(BOM_UTF8):
            hint = "save the file without it"
            yield Mistake("PasteDeploy cannot read a byte order mark", where=Where(self.file, 1), hint=hint)
        try:
            parser = ConfigParser(interpolation=None)
            parser.optionxform = str  # type: ignore[assignment,method-assign]  # as PasteDeploy does
            parser.read_string(content.decode("utf-8-sig"))
        except DuplicateOptionError as error:
            where = Where(self.file, error.lineno or 0, f"[{error.section}]")
            problem = "PasteDeploy refuses a duplicate key, also in a section of another program"
            if where.line not in [each.where.line for each in self._document.mistakes]:
                yield Mistake(problem, key=error.option, where=where, hint="move the section to another file")
        except Error:  # a mistake for wsgistack as well
            return

    def _check_values(self, section: Section, is_layer: bool = False) -> Iterator[Mistake]:
        """Check percent signs and references.

        :param is_layer: whether the options are those of a layer of wsgistack, which fills in references by itself.
        """
        for key, setting in section.settings.items():
            if "%" in _PERCENT.sub("", setting.value):
                problem = "reads a single % as the beginning of a reference"
                yield self._mistake(section, key, problem, "write %% for a percent sign")
            is_option = key not in STRUCTURE_KEYS and not key.startswith("set ")
            if has_references(setting.value) and not (is_layer and is_option):
                hint = "write %(NAME)s and start the server with NAME=value, or read the environment in the factory"
                yield self._mistake(section, key, "does not fill in ${...}", hint)

    def _check_part(self, part: Part, what: str) -> Iterator[Mistake]:
        """Check a section. In a filter-app, ``use`` is a filter."""
        section = part.section
        report = partial(self._mistake, section)
        used = self._follow(what, part)
        if ":" not in section.name:
            yield report("", "finds no section without a name", f"write [{part.kind}:main]")
        for key in [key for key in section.settings if key in self._document.sections.defaults]:
            yield report(key, "ignores a key that [DEFAULT] also has", "rename one of them")
        is_layer = what == "filter" and _is_layer(*used[-1])
        yield from self._check_values(section, is_layer)
        for key in [key for key in section.settings if what == "filter" and not is_layer and _CONDITION.fullmatch(key)]:
            hint = "remove it: under PasteDeploy, only layers of wsgistack have conditions"
            yield report(key, "passes a condition on as an option", hint)
        if part.kind == "filter-app" and (use := self.get(part, "use")).startswith("call:"):
            hint = f"write {FILTER_PROTOCOLS[0]} = {use.removeprefix('call:')}"
            yield report("use", "accepts no call: in a filter-app", hint)
        inner = used[1:]
        has_layers = any(each.kind in _LAYERED or owner.get(each, "filter-with") for owner, each in inner)
        if part.kind != "filter" and self.get(part, "filter-with") and (part.kind in _LAYERED or has_layers):
            yield report("filter-with", "makes a filter of this section", "write the filter into a pipeline instead")
        for key in section.settings if has_layers else ():
            if key not in STRUCTURE_KEYS and not key.startswith("set "):
                hint = f"write it into the section that [{inner[0][1].section.name}] is around"
                yield report(key, "ignores an option over a pipeline or filter-with", hint)
        names = [*self._list_names(what, part)]
        if what == "application" and not has_layers:
            is_here = any(owner is self for owner, _ in inner)  # where it is reported
            names += (each for each in self._ask_composite(part) if each[0] in section.settings or not is_here)
        for key, name, kind in names:
            yield from self._check_name(part, key, name, kind)

    def _list_names(self, what: str, part: Part) -> Iterator[tuple[str, str, str]]:
        """The keys of a section that name other parts, each with the name and the kind of the part."""
        use = self.get(part, "use")
        if use or (part.kind == "filter" and not part.section.settings.keys() & PROTOCOLS):
            yield "use", use or part.name, what
        for key, kind in (("next", "application"), ("filter-with", "filter")):
            if name := self.get(part, key):
                yield key, name, kind
        *filters, last = self.get(part, "pipeline").split() or [""]
        yield from (("pipeline", name, "filter") for name in filters)
        if last:
            yield "pipeline", last, "application"

    def _ask_composite(self, part: Part) -> list[tuple[str, str, str]]:
        """The same for the names that the factory of a composite asks for."""
        asked: list[tuple[str, str, str]] = []

        def note(kind: str, name: str, place: Place) -> None:
            asked.append((place.key, name, kind))
            raise ConfigError  # the loader puts something harmless in its place

        application = self._document.application(part.name, self._document.start()).application
        if application and is_composite(application):
            recorder = cast(Document, SimpleNamespace(**{kind: partial(note, kind) for kind in self.parts}))
            place = self._values[part.section.name].place
            with suppress(ConfigError):
                replace(application, loader=lambda options: DocumentLoader(recorder, place, options)).load()
        return asked

    def _check_name(self, part: Part, key: str, name: str, what: str) -> Iterator[Mistake]:
        """Check a name that PasteDeploy has to find as a section, an entry point, a callable or another file."""
        report = partial(self._mistake, part.section, key)
        if name.startswith("call:") and key != "use":
            yield report("accepts call: only in use", f"write a section with use = {name}")
        is_unregistered = name.startswith("egg:") and what == "filter" and not _find_point(name, FILTER_PROTOCOLS)
        if is_unregistered and (point := _find_point(name, (registry.GROUP,))):
            entry = f"{point.name} = {protocols.__name__}:{point.name}"
            yield report(f"finds no {name!r}", f"register {entry} in the group {FILTER_PROTOCOLS[1]}")
        file = f"{name.partition('#')[0]}#" if name.startswith("config:") else ""
        owner, name = self.locate(part, name)
        parts = owner.parts[what]
        if name.startswith(_SCHEMES) or (name in parts and parts[name].section is not part.section):
            return
        alike = (each for each in parts if normalize_name(each) == normalize_name(name) and each != name)
        hint = next((f"write {file}{each}" for each in alike), "") if name not in parts else ""
        if not hint and what == "filter" and registry.has(name):
            point = registry.names()[normalize_name(name)][0]
            hint = f"write {'use = ' if key == 'use' else ''}egg:{cast(Any, point.dist).name}#{point.name}"
        elif not hint and ":" in name:
            call = f"call:{name.partition(':')[0]}:make"
            hint = f"write a section with use = {call}, where make(global_conf, **options) returns it"
        if hint:
            yield report(f"finds no section {name!r}{f' in {owner.file}' if file else ''}", hint)

    def _follow(self, what: str, part: Part) -> "list[tuple[_Comparison, Part]]":
        """A section, the section that it uses, and so on, each with its file."""
        found: list[tuple[_Comparison, Part]] = []
        owner, following = self, cast("Part | None", part)
        while following and (owner, following) not in found:
            found.append((owner, following))
            owner, name = owner.locate(following, owner.get(following, "use"))
            following = owner.parts[what].get(name)
        return found

    def locate(self, part: Part, name: str) -> "tuple[_Comparison, str]":
        """The file in which a name is looked up, and the name there."""
        if not name.startswith("config:"):
            return self, name
        try:
            document, fragment = self._document.open_other(name, self._values[part.section.name].place)
        except ConfigError:  # a mistake for wsgistack as well
            return self, name
        other = _Comparison(document, document.file, self._files)
        same = [each for each in self._files if each.path == other.path]
        for each in same:
            if each.global_conf == other.global_conf:
                return each, fragment
        other.file = same[0].file if same else other.file
        self._files.append(other)
        return other, fragment

    def get(self, part: Part, key: str) -> str:
        """A setting with its references filled in; empty without one, or if the section has mistakes."""
        values = self._values.get(part.section.name)
        return values.values.get(key, "").strip() if values else ""


def _is_layer(owner: _Comparison, base: Part) -> bool:
    """Whether a filter is a layer of wsgistack, which fills in references and reads conditions by itself."""
    use = next(filter(None, (owner.get(base, key) for key in ("use", *FILTER_PROTOCOLS))), base.name)
    if use.startswith("egg:") and (point := _find_point(use, (*FILTER_PROTOCOLS, registry.GROUP))):
        return point.group == registry.GROUP or point.value.startswith(f"{protocols.__name__}:")
    return registry.has(use) or use.startswith(f"{protocols.__name__}:")


def _find_point(egg: str, groups: tuple[str, ...]) -> EntryPoint | None:
    try:
        return registry.egg_entry_point(egg.removeprefix("egg:"), groups)
    except ConfigError:
        return None
