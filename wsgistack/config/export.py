"""Writes a configuration as TOML that describes the same applications, layers and servers."""

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, time
from enum import Enum
from typing import Any, TypeVar, cast

from wsgistack.config.contents import Contents, find_differences, is_composite, read_contents
from wsgistack.config.document import Document
from wsgistack.config.parts import Application, ServerSection, Stack
from wsgistack.config.paste.document import IniFile
from wsgistack.config.paste.ini import LOGGING
from wsgistack.config.protocols import PasteFactory
from wsgistack.config.table.document import MOUNTS, TableFile
from wsgistack.config.words import describe_value
from wsgistack.errors import ConfigError, Mistake
from wsgistack.imports import import_string_of
from wsgistack.options.conversion import label
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import AMBIGUOUS, Spec

__all__ = ["export_toml", "format_toml", "format_value"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MAX_WIDTH = 100
_ITEM_KEYS = ("use", "name", "when", "options")
_P = TypeVar("_P", Application, ServerSection, Spec)


def export_toml(document: Document) -> tuple[str, list[str]]:
    """Write everything that a configuration describes as TOML, for a file in the same folder.

    References to the environment replace the values of secret options.

    :returns: the text, and a warning for each secret and for each difference from the configuration.
    """
    found = read_contents(document)
    _check_other_files(found)
    warnings: list[str] = []
    target = _replace_secrets(found, warnings)
    table = _make_table(target)
    if isinstance(document, TableFile) and "logging" in document.table.content:
        table["logging"] = document.table.content["logging"]
    text = format_toml(table)
    written = TableFile(tomllib.loads(text), target.file.with_suffix(".toml"), {})
    warnings += (f"different in TOML: {each}" for each in find_differences(target, read_contents(written)))
    if isinstance(document, IniFile):
        warnings += _find_unwritten(document, target)
        if str(target.folder) in text:
            warnings.append(f"the text contains the path of the folder, {target.folder}")
    return text, [*dict.fromkeys(warnings)]


def _check_other_files(found: Contents) -> None:
    """Refuse composites whose applications are in other files, which TOML cannot name."""
    for stack in found.applications.values():
        application = cast(Application, stack.application)
        is_far = application.where.file != str(found.file)
        names = application.options.values() if is_composite(application) else ()
        if any(is_far or str(name).startswith("config:") for name in names):
            raise ConfigError(Mistake("only an ini file can use another file", where=application.where))


def _replace_secrets(found: Contents, warnings: list[str]) -> Contents:
    """Replace the values of options that may be secret by references to environment variables."""
    variables: dict[str, object] = {}

    def edit(part: _P) -> _P:
        name, prefix = (part.name, f"{part.name}_") if isinstance(part, Spec) else (str(part.use), "")
        try:
            part.factory()
            shown: Mapping[str, object] = part.shown()
        except ConfigError:  # only an application or a server: it may belong to a package that is not installed
            shown = part.options
            if shown:
                why = "cannot be loaded; its options are written as they are, and may hold secrets"
                warnings.append(f"{name} {why}")
        options = dict(part.options)
        for option, value in options.items():
            if REDACTED not in describe_value(shown[option]) or value is None:
                continue
            variable = re.sub(r"\W|^(?=\d)", "_", f"{prefix}{option}", flags=re.ASCII).upper()
            while variables.setdefault(variable, value) != value:
                variable += "_2"
            options[option] = f"${{env:{variable}}}"
            how = f"set the environment variable {variable} to it"
            warnings.append(f"{name} {option}: the secret is not written; {how}")
        return replace(part, options=options)

    applications = {
        name: Stack(edit(cast(Application, stack.application)), Pipeline(map(edit, stack.pipeline)))
        for name, stack in found.applications.items()
    }
    filters = {name: edit(spec) for name, spec in found.filters.items()}
    servers = {name: edit(server) for name, server in found.servers.items()}
    return replace(found, applications=applications, filters=filters, servers=servers)


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
    filters = {
        name: _make_item(target, replace(spec, name="" if spec.name == name else spec.name))
        for name, spec in target.filters.items()
    }
    servers = {name: {"use": each.use, **each.options} for name, each in target.servers.items()}
    others = {"global": {**target.global_conf}, "apps": apps, "filters": filters, "servers": servers}
    return {**table, **{key: each for key, each in others.items() if each}}


def _make_entry(target: Contents, stack: Stack) -> dict[str, Any]:
    """The table of one application."""
    application = cast(Application, stack.application)
    inner, depth = _find_inner(target, stack)
    entry: dict[str, Any] = {"app": application.use}
    if inner:
        entry = {"app": inner}
    elif application.use == MOUNTS:
        entry = {"mounts": application.options}
    elif application.options:
        entry = {"app": {"use": application.use, **application.options}}
    if outer := stack.pipeline.specs[: len(stack.pipeline) - depth]:
        entry["layers"] = [_make_listed(target, spec) for spec in outer]
    if not inner and (own := target.own_values(application)):
        entry["global"] = own
    return entry


def _find_inner(target: Contents, stack: Stack) -> tuple[str, int]:
    """Find the other application with the most layers that this one is built around, and the number of its layers.

    Two applications with equal contents but different places in the file are not the same.
    """
    specs, application = stack.pipeline.specs, cast(Application, stack.application)
    depths = {
        name: len(other.pipeline)
        for name, other in target.applications.items()
        if len(other.pipeline) < len(specs)
        and specs[len(specs) - len(other.pipeline) :] == other.pipeline.specs
        and other.application == application
        and other.application.where == application.where
    }
    name = max(depths, key=depths.__getitem__, default="")
    return name, depths.get(name, 0)


def _make_listed(target: Contents, spec: Spec) -> str | dict[str, Any]:
    """A layer as an item of a list: the name of a filter or of a middleware, or a table."""
    if target.filters.get(spec.name) == spec:
        return spec.name
    item = _make_item(target, spec)
    is_other = len(item) == 1 and normalize_name(item["use"]) not in map(normalize_name, target.filters)
    return item["use"] if is_other else item


def _make_item(target: Contents, spec: Spec) -> dict[str, Any]:
    """A layer as a table."""
    use = spec.use.uri if isinstance(spec.use, PasteFactory) else cast(str, spec.use)
    item: dict[str, Any] = {"use": use}
    if spec.name != use:
        item["name"] = spec.name
    options = target.make_relative(spec.options)
    known: Collection[str] = ()
    with suppress(ConfigError):  # a layer that cannot be loaded has no known options
        known, options = spec.schema().options.keys(), spec.schema().write(options)
    options = {name: _to_toml(value) for name, value in options.items()}
    item |= {name: value for name, value in options.items() if name not in _ITEM_KEYS}
    if others := {name: value for name, value in options.items() if name in _ITEM_KEYS}:
        item["options"] = others
    if spec.when is not None:
        item["when"] = _to_toml(spec.when)
    if AMBIGUOUS & item.keys() & {*known}:
        item.setdefault("options", {})  # says that these keys mean the layer
    return item


def _to_toml(value: Any) -> Any:
    """The value of an option or a condition of a layer, in types that TOML has. The word none means None."""
    if value is None:
        return "none"
    if isinstance(value, Enum):
        return label(value)
    if isinstance(value, Mapping):
        return {label(_to_toml(key)): _to_toml(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_to_toml, value), key=repr)
    if isinstance(value, list | tuple):
        return [*map(_to_toml, value)]
    if callable(value):
        return import_string_of(value)
    return value if isinstance(value, bool | int | float | date | time) else str(value)


def _find_unwritten(document: IniFile, target: Contents) -> Iterator[str]:
    """Warn about the sections of an ini file that are not in the TOML file."""
    written = {spec.where.section for stack in target.applications.values() for spec in stack.pipeline}
    for kind, parts in document.sections.named.items():
        written |= {f"[{parts[name].section.name}]" for name in parts if kind != "filter" or name in target.filters}
    for name in document.sections.all:
        if LOGGING.fullmatch(name):
            yield "logging is not converted; write a table [logging]"
        elif f"[{name}]" not in written:
            yield f"[{name}] is not written, because TOML has no form for it"


def format_toml(table: Mapping[str, Any]) -> str:
    """Write a table of values that TOML has, with headers for the tables in it."""
    return "\n".join(_lines(table, ())).lstrip("\n") + "\n"


def format_value(value: Any) -> str:
    """Write a value in one line."""
    match value:
        case str():
            quoted = json.dumps(value, ensure_ascii=False)
            # TOML does not allow some characters in text, and others would control a terminal
            forms = ("\\u{:04x}", "\\U{:08x}")
            return "".join(c if c.isprintable() else forms[ord(c) > 0xFFFF].format(ord(c)) for c in quoted)
        case Mapping():
            return f"{{ {', '.join(f'{_key(key)} = {format_value(each)}' for key, each in value.items())} }}"
        case list():
            return f"[{', '.join(map(format_value, value))}]"
        case bool() | int() | float():
            return label(value)
    written: str = value.isoformat()  # a date or a time
    return written


def _lines(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    tables = {key: each for key, each in table.items() if isinstance(each, Mapping)}
    if at and (len(tables) < len(table) or not table):
        yield f"\n[{'.'.join(map(_key, at))}]"
    for key, value in table.items():
        if key not in tables:
            yield f"{_key(key)} = {_format_list(value) if isinstance(value, list) else format_value(value)}"
    for key, value in tables.items():
        yield from _lines(value, (*at, key))


def _format_list(value: list[Any]) -> str:
    """A list in one line; or one line for each item, if it is long or holds tables."""
    written = format_value(value)
    if len(written) > _MAX_WIDTH or any(isinstance(each, Mapping) for each in value):
        return "\n".join(["[", *(f"    {format_value(each)}," for each in value), "]"])
    return written


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else format_value(key)
