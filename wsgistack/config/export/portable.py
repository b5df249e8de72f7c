"""The contents of a configuration as any file can hold them: import strings for objects, references for secrets."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from wsgistack.config.contents import Contents, is_composite
from wsgistack.config.export.plain import import_string
from wsgistack.config.parts import Application, Server
from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory
from wsgistack.config.stack import Stack
from wsgistack.errors import Mistake, Mistakes
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec

__all__ = ["edited", "portable"]

_Options: TypeAlias = Mapping[str, object]


def edited(
    found: Contents,
    layer: Callable[[Spec], Spec],
    application: Callable[[Application], Application] = lambda application: application,
) -> Contents:
    """The same contents with other layers, and other applications in them.

    :raises ConfigError: it holds the mistakes that come from all of them.
    """
    mistakes = Mistakes()
    filters = {}
    for name, spec in found.filters.items():
        with mistakes.collect("", spec.where):
            filters[name] = layer(spec)
    stacks = {}
    for name, stack in found.applications.items():
        specs = []
        for spec in stack.pipeline:
            with mistakes.collect("", spec.where):
                specs.append(layer(spec))
        inner = cast(Application, stack.application)
        with mistakes.collect(inner.key, inner.where):
            inner = application(inner)
        stacks[name] = Stack(inner, Pipeline(specs))
    mistakes.raise_if_any()
    return replace(found, applications=stacks, filters=filters)


def portable(found: Contents, losses: list[str], *, is_ini: bool) -> Contents:
    """The same with import strings for objects, and references to the environment for secrets.

    :param losses: to which is added what gets lost by that, in sentences for people.
    :param is_ini: whether it is for an ini file, in which other files can be named.
    :raises ConfigError: an object has no import string, or a composite is made of applications of another file.
    """
    variables: dict[str, object] = {}

    def reference(part: str, option: str, value: object, first: str) -> str:
        first = re.sub(r"\W", "_", first, flags=re.ASCII).upper()
        first = f"_{first}" if first[0].isdigit() else first
        name, number = first, 1
        while variables.setdefault(name, value) != value:
            number += 1
            name = f"{first}_{number}"
        losses.append(f"{part} {option}: a secret is not written; put it into the environment as {name}")
        return f"${{env:{name}}}"

    def without_secrets(part: str, given: _Options, shown: _Options, prefix: str = "") -> _Options:
        return {
            name: reference(part, name, value, f"{prefix}{name}")
            if shown[name] == REDACTED and value is not None
            else value
            for name, value in given.items()
        }

    def layer(spec: Spec) -> Spec:
        options = without_secrets(spec.name, spec.options, spec.shown(), f"{spec.name}_")
        mistakes = Mistakes()
        with mistakes.collect("use"):
            use = spec.use if isinstance(spec.use, str | PasteFactory) else import_string(spec.use)
        with mistakes.collect("when"):
            when = _named(spec.when)
        mistakes.raise_if_any()
        return replace(spec, use=use, name=spec.name, options=options, when=when)

    def application(inner: Application) -> Application:
        if is_composite(inner):
            _check_files(found, inner, is_ini=is_ini)
        use = inner.use if isinstance(inner.use, str) else import_string(inner.use)
        options = without_secrets(str(use), inner.options, inner.shown(APP_PROTOCOLS))
        return replace(inner, use=use, options=_named(options))

    def server(part: Server) -> Server:
        return replace(part, options=without_secrets(str(part.use), part.options, part.shown(SERVER_PROTOCOLS)))

    servers = {name: server(part) for name, part in found.servers.items()}
    return edited(replace(found, servers=servers), layer, application)


def _named(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _named(each) for key, each in value.items()}
    if isinstance(value, list):
        return [*map(_named, value)]
    return import_string(value) if callable(value) else value


def _check_files(found: Contents, composite: Application, *, is_ini: bool) -> None:
    mistakes = Mistakes()
    if Path(composite.where.file) != found.file:
        mistakes.append(
            Mistake("is made of applications of another file, which are not written", where=composite.where)
        )
    for key, name in composite.options.items():
        if isinstance(name, str) and name.startswith("config:") and not is_ini:
            where = composite.places.get(key, composite.where)
            mistakes.append(Mistake("another file can be used in an ini file alone", key=key, where=where))
    mistakes.raise_if_any()
