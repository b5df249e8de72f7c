"""The contents of a configuration as any file can hold them: import strings for objects, references for secrets."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from wsgistack.config.contents import Contents, is_composite
from wsgistack.config.parts import Application
from wsgistack.config.paste import PasteFactory
from wsgistack.config.stack import Stack
from wsgistack.config.writing.plain import import_string
from wsgistack.errors import Mistake, Mistakes
from wsgistack.pipeline import Pipeline
from wsgistack.redaction import REDACTED
from wsgistack.spec import Spec

__all__ = ["edited", "portable"]


def edited(
    found: Contents,
    layer: Callable[[Spec], Spec],
    application: Callable[[Application], Application] = lambda application: application,
) -> Contents:
    """The same contents with other layers, and other applications in them.

    :raises ConfigError: it holds the mistakes that come from all of them.
    """
    mistakes = Mistakes()
    stacks = {}
    for name, stack in found.applications.items():
        specs = []
        for spec in stack.pipeline:
            with mistakes.caught("", spec.where):
                specs.append(layer(spec))
        inner = cast(Application, stack.application)
        with mistakes.caught(inner.key, inner.where):
            inner = application(inner)
        stacks[name] = Stack(inner, Pipeline(specs))
    mistakes.raise_if_any()
    return replace(found, applications=stacks)


def portable(found: Contents, losses: list[str], *, is_ini: bool) -> Contents:
    """The same with import strings for objects, and references to the environment for secrets.

    :param losses: to which is added what gets lost by that, in sentences for people.
    :param is_ini: whether it is for an ini file, in which other files can be named.
    :raises ConfigError: an object has no import string, or a composite is made of applications of another file.
    """
    variables: dict[str, object] = {}

    def reference(spec: Spec, option: str) -> str:
        first = re.sub(r"\W", "_", f"{spec.name}_{option}", flags=re.ASCII).upper()
        first = f"_{first}" if first[0].isdigit() else first
        name, number = first, 1
        while variables.setdefault(name, spec.options[option]) != spec.options[option]:
            number += 1
            name = f"{first}_{number}"
        losses.append(f"{spec.name} {option}: a secret is not written; put it into the environment as {name}")
        return f"${{env:{name}}}"

    def layer(spec: Spec) -> Spec:
        hidden = [name for name, value in spec.shown().items() if value == REDACTED and spec.options[name] is not None]
        options = {**spec.options, **{name: reference(spec, name) for name in hidden}}
        mistakes = Mistakes()
        with mistakes.caught("use"):
            use = spec.use if isinstance(spec.use, str | PasteFactory) else import_string(spec.use)
        with mistakes.caught("when"):
            when = _named(spec.when)
        mistakes.raise_if_any()
        return replace(spec, use=use, name=spec.name, options=options, when=when)

    def application(inner: Application) -> Application:
        if is_composite(inner):
            _check_files(found, inner, is_ini=is_ini)
        use = inner.use if isinstance(inner.use, str) else import_string(inner.use)
        return replace(inner, use=use, options=_named(inner.options))

    return edited(found, layer, application)


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
            mistakes.append(Mistake("another file can be used in an ini file alone", key, where=where))
    mistakes.raise_if_any()
