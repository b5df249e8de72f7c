"""What PasteDeploy's own loader would treat differently in an ini file: simple rules over its sections."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from configparser import ConfigParser, DuplicateOptionError, Error
from importlib.metadata import EntryPoint
from typing import Any

from wsgistack.config import protocols
from wsgistack.config.document import Document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.paste.ini import Section
from wsgistack.config.paste.sections import PROTOCOLS, STRUCTURE_KEYS, Part
from wsgistack.config.protocols import FILTER_PROTOCOLS
from wsgistack.config.table.document import MOUNTS
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

    What is a mistake for wsgistack as well is left out. Other files that the file uses are not read.
    """
    if not isinstance(document, IniFile):
        return [Mistake("PasteDeploy reads only ini files", where=Where(document.file))]
    return [*_Comparison(document).find_all()]


class _Comparison:
    def __init__(self, document: IniFile) -> None:
        self._document = document
        self._parts = document.sections.named

    def find_all(self) -> Iterator[Mistake]:
        yield from self._check_syntax()
        yield from self._check_values(self._document.sections.default)
        for what, parts in self._parts.items():
            for part in parts.values():
                yield from self._check_part(what, part)

    def _mistake(self, section: Section, key: str, problem: str, hint: str) -> Mistake:
        line = section.settings[key].line if key in section.settings else section.line
        where = Where(self._document.file, line, f"[{section.name}]")
        return Mistake(f"PasteDeploy {problem}", key=key, where=where, hint=hint)

    def _check_syntax(self) -> Iterator[Mistake]:
        content = self._document.path.read_bytes()
        file = self._document.file
        if content.startswith(BOM_UTF8):
            hint = "save the file without it"
            yield Mistake("PasteDeploy cannot read a byte order mark", where=Where(file, 1), hint=hint)
        try:
            ConfigParser(interpolation=None).read_string(content.decode("utf-8-sig"))
        except DuplicateOptionError as error:
            where = Where(file, error.lineno or 0, f"[{error.section}]")
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

    def _check_part(self, what: str, part: Part) -> Iterator[Mistake]:
        section = part.section
        if ":" not in section.name:
            yield self._mistake(section, "", "finds no section without a name", f"write [{part.kind}:main]")
        for key in [key for key in section.settings if key in self._document.sections.defaults]:
            yield self._mistake(section, key, "ignores a key that [DEFAULT] also has", "rename one of them")
        is_filter = what == "filter" or part.kind == "filter-app"
        is_layer = is_filter and self._is_layer(part)
        yield from self._check_values(section, is_layer)
        for key in [key for key in section.settings if is_filter and not is_layer and _CONDITION.fullmatch(key)]:
            hint = "remove it: under PasteDeploy, only layers of wsgistack have conditions"
            yield self._mistake(section, key, "passes a condition on as an option", hint)
        for key, name, kind in _list_names(what, part):
            yield from self._check_name(section, key, name, kind)
        if part.kind == "filter-app" and (use := _get(part, "use")).startswith("call:"):
            hint = f"write {FILTER_PROTOCOLS[0]} = {use.removeprefix('call:')}"
            yield self._mistake(section, "use", "accepts no call: in a filter-app", hint)
        yield from self._check_around(what, part)

    def _check_around(self, what: str, part: Part) -> Iterator[Mistake]:
        """Check what is around a pipeline, or around something with a filter."""
        inner = self._follow(what, part)[1:]
        has_layers = any(each.kind in _LAYERED or _get(each, "filter-with") for each in inner)
        if what == "application" and _get(part, "filter-with") and (part.kind in _LAYERED or has_layers):
            hint = "write the filter into a pipeline instead"
            yield self._mistake(part.section, "filter-with", "makes a filter of this section", hint)
        for key in part.section.settings if has_layers else ():
            if key not in STRUCTURE_KEYS and not key.startswith("set "):
                hint = f"write it into the section that [{inner[0].section.name}] is around"
                yield self._mistake(part.section, key, "ignores an option over a pipeline or filter-with", hint)

    def _check_name(self, section: Section, key: str, name: str, what: str) -> Iterator[Mistake]:
        """Check a name that PasteDeploy has to find as a section, an entry point, a callable or another file."""
        parts = self._parts[what]
        if name.startswith("call:") and key != "use":
            yield self._mistake(section, key, "accepts call: only in use", f"write a section with use = {name}")
        is_unregistered = name.startswith("egg:") and what == "filter" and not _find_point(name, FILTER_PROTOCOLS)
        if is_unregistered and (point := _find_point(name, (registry.GROUP,))):
            entry = f"{point.name} = {protocols.__name__}:{point.name}"
            hint = f"register {entry} in the group {FILTER_PROTOCOLS[1]}"
            yield self._mistake(section, key, f"finds no {name!r}", hint)
        if name.startswith(_SCHEMES) or (name in parts and parts[name].section is not section):
            return
        alike = (each for each in parts if normalize_name(each) == normalize_name(name) and each != name)
        hint = next((f"write {each}" for each in alike), "") if name not in parts else ""
        if not hint and what == "filter" and registry.has(name):
            hint = f"write {'' if key in section.settings and key != 'use' else 'use = '}{_find_egg(name)}"
        elif not hint and ":" in name:
            call = f"call:{name.partition(':')[0]}:make"
            hint = f"write a section with use = {call}, where make(global_conf, **options) returns it"
        if hint:
            yield self._mistake(section, key, f"finds no section {name!r}", hint)

    def _follow(self, what: str, part: Part) -> list[Part]:
        """A section, the section that it uses, and so on."""
        parts = self._parts["filter" if part.kind == "filter-app" else what]
        found = [part]
        while (inner := parts.get(_get(found[-1], "use"))) and inner not in found:
            found.append(inner)
        return found

    def _is_layer(self, part: Part) -> bool:
        """Whether a filter is a layer of wsgistack, which fills in references and reads conditions by itself."""
        base = self._follow("filter", part)[-1]
        use = next(filter(None, (_get(base, key) for key in ("use", *FILTER_PROTOCOLS))), base.name)
        if use.startswith("egg:") and (point := _find_point(use, (*FILTER_PROTOCOLS, registry.GROUP))):
            return point.group == registry.GROUP or point.value.startswith(f"{protocols.__name__}:")
        return registry.has(use) or use.startswith(f"{protocols.__name__}:")


def _list_names(what: str, part: Part) -> Iterator[tuple[str, str, str]]:
    """The keys of a section that name other parts, each with the name and the kind of the part."""
    use = _get(part, "use")
    is_filter = what == "filter" or part.kind == "filter-app"
    if use or (part.kind == "filter" and not part.section.settings.keys() & PROTOCOLS):
        yield "use", use or part.name, "filter" if is_filter else what
    for key, kind in (("next", "application"), ("filter-with", "filter")):
        if name := _get(part, key):
            yield key, name, kind
    *filters, last = _get(part, "pipeline").split() or [""]
    yield from (("pipeline", name, "filter") for name in filters)
    if last:
        yield "pipeline", last, "application"
    if use == MOUNTS:
        names = (key for key in part.section.settings if key not in STRUCTURE_KEYS and key[:4] not in ("set ", "get "))
        yield from ((key, _get(part, key), "application") for key in names)


def _get(part: Part, key: str) -> str:
    settings = part.section.settings
    return settings[key].value.strip() if key in settings else ""


def _find_point(egg: str, groups: tuple[str, ...]) -> EntryPoint | None:
    try:
        return registry.egg_entry_point(egg.removeprefix("egg:"), groups)
    except ConfigError:
        return None


def _find_egg(name: str) -> str:
    """How PasteDeploy names a registered layer."""
    point = registry.names()[normalize_name(name)][0]
    distribution: Any = point.dist
    return f"egg:{distribution.name}#{point.name}"
