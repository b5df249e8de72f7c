"""Writes a configuration as TOML from which the same applications, layers and servers are read."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, cast

from wsgistack.config.contents import Contents, is_composite, read_contents
from wsgistack.config.difference import find_differences
from wsgistack.config.document import Document
from wsgistack.config.parts import Application, Server, Stack
from wsgistack.config.paste.document import IniFile
from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, find_factory, is_factory
from wsgistack.config.table.document import MOUNTS, TableFile
from wsgistack.config.toml_writer import format_toml
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.imports import import_string_of
from wsgistack.options.annotations import label
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

__all__ = ["export_toml"]

_ITEM_KEYS = ("use", "name", "when", "options")
_P = TypeVar("_P", Application, Server)


def export_toml(document: Document) -> tuple[str, list[str]]:
    """Write everything that a configuration describes as TOML, for a file in the same folder.

    References to the environment replace the values of secret options.

    :returns: the text, and a warning for everything that the text does not hold.
    :raises ConfigError: the configuration has mistakes, or TOML cannot hold something in it.
    """
    found = read_contents(document)
    _check_other_files(found)
    warnings: list[str] = []
    target = _share_global_conf(_SecretRemover(warnings).edit(found), warnings)
    if not _may_ask_for_filters(target):
        target = replace(target, filters=target.unlisted)
    content = document.table.content if isinstance(document, TableFile) else {}
    text = format_toml({**_make_table(target), **{key: content[key] for key in content if key == "logging"}})
    _compare(target, text)
    if isinstance(document, IniFile):
        warnings += _find_unwritten(document, target)
        if _uses_here(document) and str(target.folder) in text:
            warnings.append(f"%(here)s is replaced by its value, {target.folder}")
    return text, [*dict.fromkeys(warnings)]


def _check_other_files(found: Contents) -> None:
    """Refuse composites whose applications are in other files, which TOML cannot name.

    :raises ConfigError: there are some.
    """
    mistakes = Mistakes()
    applications = [cast(Application, stack.application) for stack in found.applications.values()]
    for application in filter(is_composite, applications):
        if Path(application.where.file) != found.file:
            problem = "uses applications of another file, which are not converted"
            mistakes.append(Mistake(problem, key=application.key, where=application.where))
        for key, name in application.options.items():
            if isinstance(name, str) and name.startswith("config:"):
                where = application.places.get(key, application.where)
                mistakes.append(Mistake("only an ini file can use another file", key=key, where=where))
    mistakes.raise_if_any()


class _SecretRemover:
    """Replaces the values of secret options by references to environment variables."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings = warnings
        self._variables: dict[str, object] = {}

    def edit(self, found: Contents) -> Contents:
        stacks = {
            name: Stack(
                self._edit_part(cast(Application, stack.application), APP_PROTOCOLS),
                Pipeline(map(self._edit_layer, stack.pipeline)),
            )
            for name, stack in found.applications.items()
        }
        filters = {name: self._edit_layer(spec) for name, spec in found.filters.items()}
        servers = {name: self._edit_part(server, SERVER_PROTOCOLS) for name, server in found.servers.items()}
        return replace(found, applications=stacks, filters=filters, servers=servers)

    def _edit_layer(self, spec: Spec) -> Spec:
        return replace(spec, options=self._edit(spec.name, spec.options, spec.shown(), f"{spec.name}_"))

    def _edit_part(self, part: _P, protocols: tuple[str, ...]) -> _P:
        try:
            find_factory(str(part.use), protocols, part.global_conf)
        except ConfigError:  # it is not installed, perhaps
            if part.options:
                names = ", ".join(part.options)
                self._warnings.append(f"cannot load {part.use}, so its options may hold secrets: {names}")
            return part
        return replace(part, options=self._edit(str(part.use), part.options, part.shown(protocols)))

    def _edit(
        self, part: str, options: Mapping[str, object], shown: Mapping[str, object], prefix: str = ""
    ) -> dict[str, object]:
        return {
            name: self._make_reference(part, name, value, f"{prefix}{name}")
            if shown[name] == REDACTED and value is not None
            else value
            for name, value in options.items()
        }

    def _make_reference(self, part: str, option: str, value: object, name: str) -> str:
        name = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
        first = name = f"_{name}" if name[0].isdigit() else name
        number = 1
        while self._variables.setdefault(name, value) != value:
            number += 1
            name = f"{first}_{number}"
        self._warnings.append(f"{part} {option}: the secret is not written; set the environment variable {name} to it")
        return f"${{env:{name}}}"


def _share_global_conf(found: Contents, warnings: list[str]) -> Contents:
    """Give each layer the global values of its application, and each server those of the file: TOML has no others."""
    stacks = {}
    for name, stack in found.applications.items():
        application = cast(Application, stack.application)
        own = found.own_values(application)
        warnings += [
            f"{name}: {spec.name} gets the global values of the application instead of its own"
            for spec in stack.pipeline
            if isinstance(spec.use, PasteFactory) and found.own_values(spec) != own
        ]
        specs = [_with_global_conf(spec, application.global_conf) for spec in stack.pipeline]
        stacks[name] = Stack(application, Pipeline(specs))
    others: dict[str, Server | Spec] = {f"server {name}": each for name, each in found.servers.items()}
    others |= {f"filter {name}": each for name, each in found.unlisted.items()}
    warnings += [f"{name}: its own global values are lost" for name, each in others.items() if found.own_values(each)]
    servers = {name: replace(each, global_conf=found.global_conf) for name, each in found.servers.items()}
    filters = {name: _with_global_conf(spec, found.global_conf) for name, spec in found.filters.items()}
    return replace(found, applications=stacks, servers=servers, filters=filters)


def _with_global_conf(spec: Spec, global_conf: Mapping[str, str]) -> Spec:
    if not isinstance(spec.use, PasteFactory):
        return spec
    return replace(spec, use=replace(spec.use, global_conf=global_conf))


def _may_ask_for_filters(target: Contents) -> bool:
    """Whether there is a composite other than mounts. Its factory may ask for any filter by name."""
    applications = [cast(Application, stack.application) for stack in target.applications.values()]
    return any(is_composite(each) and each.use != MOUNTS for each in applications)


def _make_table(target: Contents) -> dict[str, Any]:
    """The tables of a TOML file."""
    table: dict[str, Any] = {}
    apps: dict[str, Any] = {}
    for name, stack in target.applications.items():
        entry = _make_entry(target, stack)
        if name == "main" and "global" not in entry:
            table = entry
        else:
            apps[name] = entry
    filters = {}
    for name, spec in target.filters.items():
        item = _make_item(target, replace(spec, name="" if spec.name == name else spec.name))
        filters[name] = {"use": item} if isinstance(item, str) else item
    servers = {name: {"use": each.use, **each.options} for name, each in target.servers.items()}
    others = {"global": {**target.global_conf}, "apps": apps, "filters": filters, "servers": servers}
    return {**table, **{key: each for key, each in others.items() if each}}


def _make_entry(target: Contents, stack: Stack) -> dict[str, Any]:
    """The table of one application."""
    application = cast(Application, stack.application)
    name, depth = _find_inner(target, stack)
    outer = stack.pipeline.specs[: len(stack.pipeline) - depth]
    options = application.options
    entry: dict[str, Any] = {"app": {"use": application.use, **options} if options else application.use}
    if name:
        entry = {"app": name}
    elif application.use == MOUNTS:
        entry = {"mounts": options}
    if outer:
        entry["layers"] = [_make_listed(target, spec) for spec in outer]
    own = target.own_values(application)
    uses_them = [not name and is_factory(application.use), *(isinstance(spec.use, PasteFactory) for spec in outer)]
    return {**entry, "global": own} if own and any(uses_them) else entry


def _find_inner(target: Contents, stack: Stack) -> tuple[str, int]:
    """The name of the largest other application that is the inner part of this one, and the number of its layers.

    An application that is written twice is not the same, though both may be equal.
    """
    specs = stack.pipeline.specs
    found = ("", 0)
    for name, other in target.applications.items():
        depth = len(other.pipeline)
        if (
            other.application == stack.application
            and cast(Application, other.application).where == cast(Application, stack.application).where
            and specs[len(specs) - depth :] == other.pipeline.specs
            and depth < len(specs)
            and (depth > found[1] or not found[0])
        ):
            found = (name, depth)
    return found


def _make_listed(target: Contents, spec: Spec) -> str | dict[str, Any]:
    """A layer as an item of a list, which may be the name of a filter."""
    if target.filters.get(spec.name) == spec:
        return spec.name
    item = _make_item(target, spec)
    names_filter = isinstance(item, str) and normalize_name(item) in map(normalize_name, target.filters)
    return {"use": item} if names_filter else item


def _make_item(target: Contents, spec: Spec) -> str | dict[str, Any]:
    use = spec.use.uri if isinstance(spec.use, PasteFactory) else cast(str, spec.use)
    item: dict[str, Any] = {"use": use}
    if spec.name != use:
        item["name"] = spec.name
    options = {name: _to_toml(target.make_relative(value)) for name, value in spec.options.items()}
    item |= {name: value for name, value in options.items() if name not in _ITEM_KEYS}
    if others := {name: value for name, value in options.items() if name in _ITEM_KEYS}:
        item["options"] = others
    if spec.when is not None:
        item["when"] = _simplify_condition(spec.when)
    return item if len(item) > 1 else use


def _to_toml(value: Any) -> Any:
    """The value of a layer's option, in types that TOML has. The word none means None."""
    if value is None:
        return "none"
    if isinstance(value, Enum):
        return label(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {as_text(_to_toml(key)): _to_toml(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_to_toml, value), key=repr)
    if isinstance(value, list | tuple):
        return [*map(_to_toml, value)]
    return import_string_of(value) if callable(value) else value


def _simplify_condition(when: object) -> object:
    """A condition as people write it, without a list around a single value."""
    if isinstance(when, Mapping):
        return {key: _simplify_condition(each) for key, each in when.items()}
    if isinstance(when, tuple):
        return when[0] if len(when) == 1 else [*when]
    return when


def _compare(target: Contents, text: str) -> None:
    """Check that the text means the same.

    :raises ConfigError: it does not.
    """
    path = target.file.with_suffix(".toml")
    try:
        lines = find_differences(target, read_contents(TableFile(tomllib.loads(text), path, {})))
    except ConfigError as error:
        lines = [f"{each.where.section} {each.key}: {each.problem}" for each in error.mistakes]
    problem = "cannot be written as TOML with the same meaning"
    Mistakes(Mistake(f"{problem}: {each}", where=Where(str(target.file))) for each in lines).raise_if_any()


def _find_unwritten(document: IniFile, target: Contents) -> Iterator[str]:
    """Warn about the sections of an ini file that are not in the TOML file."""
    known = {part.section.name for parts in document.sections.named.values() for part in parts.values()}
    for name in document.sections.all:
        if name not in known:
            yield f"[{name}] is not written, because TOML has no form for it"
    listed = {spec.where.section for stack in target.applications.values() for spec in stack.pipeline}
    for name, part in document.sections.named["filter"].items():
        section = f"[{part.section.name}]"
        if name not in target.filters and section not in listed:
            is_compound = len(document.filter(name, document.start()).pipeline) > 1
            reason = "has other filters around it" if is_compound else "lacks required options"
            yield f"{section} is not written, because no pipeline names it and it {reason}"


def _uses_here(document: IniFile) -> bool:
    settings = (each for section in document.sections.all.values() for each in section.settings.values())
    return any("%(here)s" in each.value for each in settings)
