"""The contents of a configuration as one table, which TOML and Python files hold."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias, cast

from wsgistack.config.contents import Contents
from wsgistack.config.export.plain import plain
from wsgistack.config.parts import Application
from wsgistack.config.protocols import PasteFactory, is_factory
from wsgistack.config.stack import Stack
from wsgistack.config.table.document import MOUNTS
from wsgistack.errors import Mistakes
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

__all__ = ["Hold", "table_of", "with_common_values"]

Hold: TypeAlias = Callable[[Contents, Spec, str], object]
"""Gives an option of a layer in the form that a format has for it."""

_MAIN = "main"
_OF_THE_ITEM = ("use", "name", "when", "options")


def with_common_values(target: Contents, losses: list[str]) -> Contents:
    """The same with one set of global values for an application and its layers, and one for all servers.

    :param losses: to which is added where that makes a difference.
    """
    stacks = {}
    for name, stack in target.applications.items():
        application = cast(Application, stack.application)
        own = target.own_values(application)
        specs = []
        for spec in stack.pipeline:
            if isinstance(spec.use, PasteFactory):
                if target.own_values(spec) != own:
                    losses.append(f"{name}: {spec.name} has the global values of the application, and not its own")
                spec = replace(spec, use=replace(spec.use, global_conf=application.global_conf), name=spec.name)
            specs.append(spec)
        stacks[name] = Stack(application, Pipeline(specs))
    losses += [
        f"server {name}: its own global values are lost"
        for name, each in target.servers.items()
        if target.own_values(each)
    ]
    filters = {}
    for name, spec in target.filters.items():
        if isinstance(spec.use, PasteFactory):
            if name in target.unlisted and target.own_values(spec):
                losses.append(f"filter {name}: its own global values are lost")
            spec = replace(spec, use=replace(spec.use, global_conf=target.global_conf), name=spec.name)
        filters[name] = spec
    servers = {name: replace(each, global_conf=target.global_conf) for name, each in target.servers.items()}
    return replace(target, applications=stacks, servers=servers, filters=filters)


def table_of(target: Contents, hold: Hold) -> dict[str, Any]:
    """The table from which the same contents are read.

    :raises ConfigError: an option of a layer has no form.
    """
    mistakes = Mistakes()
    table: dict[str, Any] = {}
    apps: dict[str, Any] = {}
    for name, stack in target.applications.items():
        with mistakes.collect():
            entry = _entry(target, stack, hold)
            if name == _MAIN and "global" not in entry:
                table = entry
            else:
                apps[name] = entry
    filters = {}
    for name, spec in target.filters.items():
        with mistakes.collect("", spec.where):
            item = _item(target, replace(spec, name="" if spec.name == name else spec.name), hold)
            filters[name] = {"use": item} if isinstance(item, str) else item
    mistakes.raise_if_any()
    servers = {name: {"use": each.use, **plain(each.options)} for name, each in target.servers.items()}
    others = {"global": {**target.global_conf}, "apps": apps, "filters": filters, "servers": servers}
    return {**table, **{key: each for key, each in others.items() if each}}


def _entry(target: Contents, stack: Stack, hold: Hold) -> dict[str, Any]:
    application = cast(Application, stack.application)
    name, depth = target.within(stack)
    outer = stack.pipeline.specs[: len(stack.pipeline) - depth]
    options = plain(application.options)
    entry: dict[str, Any] = {"app": {"use": application.use, **options} if options else application.use}
    if name:
        entry = {"app": name}
    elif application.use == MOUNTS:
        entry = {"mounts": options}
    mistakes = Mistakes()
    if outer:
        entry["layers"] = []
    for spec in outer:
        with mistakes.collect("", spec.where):
            is_named = target.filters.get(spec.name) == spec
            item = spec.name if is_named else _item(target, spec, hold)
            means_other = (
                isinstance(item, str) and not is_named and normalize_name(item) in map(normalize_name, target.filters)
            )
            entry["layers"].append({"use": item} if means_other else item)
    mistakes.raise_if_any()
    own = target.own_values(application)
    asks = [not name and is_factory(application.use), *(isinstance(spec.use, PasteFactory) for spec in outer)]
    return {**entry, "global": own} if own and any(asks) else entry


def _item(target: Contents, spec: Spec, hold: Hold) -> str | dict[str, Any]:
    mistakes = Mistakes()
    held: dict[str, object] = {}
    for name in spec.options:
        with mistakes.collect(name):
            held[name] = hold(target, spec, name)
    mistakes.raise_if_any()
    use = spec.use.uri if isinstance(spec.use, PasteFactory) else cast(str, spec.use)
    item: dict[str, Any] = {"use": use}
    if spec.name != use:
        item["name"] = spec.name
    item |= {name: value for name, value in held.items() if name not in _OF_THE_ITEM}
    if others := {name: value for name, value in held.items() if name in _OF_THE_ITEM}:
        item["options"] = others
    if spec.when is not None:
        item["when"] = _asked(spec.when)
    return item if len(item) > 1 else use


def _asked(when: object) -> object:
    """A condition as people write it: one text without a list around it."""
    if isinstance(when, Mapping):
        return {key: _asked(each) for key, each in when.items()}
    if isinstance(when, tuple):
        return when[0] if len(when) == 1 else [*when]
    return when
