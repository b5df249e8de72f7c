"""What is different between two configurations, in terms of applications, layers, options and servers."""

from collections.abc import Iterator, Mapping
from typing import cast

from wsgistack.config.contents import Contents
from wsgistack.config.matching import alike, is_like, matched, moved
from wsgistack.config.parts import Application, Server
from wsgistack.config.protocols import SERVER_PROTOCOLS
from wsgistack.config.stack import Stack
from wsgistack.config.words import as_text, condition_in_words, in_words, use_in_words
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline.spec import Spec

__all__ = ["differences"]

_MAIN = "main"
_Values = Mapping[str, object]


def differences(old: Contents, new: Contents, name: str = "") -> list[str]:
    """Say what changed from one configuration to another, a line for each change.

    Paths in the folder of a file are compared as they are relative to it. No secret is told; nor are the options of an
    application and global values, for nothing says which of them are secrets.

    :param name: the application to look at; everything, without it.
    """
    lines: list[str] = []
    for each in [name] if name else dict.fromkeys([*old.applications, *new.applications]):
        if each in old.applications and each in new.applications:
            prefix = "" if each in (name, _MAIN) else f"{each}: "
            lines += [f"{prefix}{line}" for line in _stack(old, old.applications[each], new, new.applications[each])]
        else:
            lines.append(f"{'+' if each in new.applications else '-'} application {each}")
    if not name:
        lines += _filters(old, new)
        lines += _servers(old, new)
        lines += _names("global", old.global_conf, new.global_conf)
    return lines


def _stack(old: Contents, one: Stack, new: Contents, other: Stack) -> Iterator[str]:
    before, after = one.pipeline.specs, other.pipeline.specs
    places = matched(before, after)
    earlier = {here: there for there, here in places.items()}
    elsewhere = moved(places)
    yield from (f"- {spec.name}" for there, spec in enumerate(before) if there not in places)
    for here, spec in enumerate(after):
        there = earlier.get(here)
        if there is None:
            yield f"+ {spec.name}{_beside(after, here)}"
            continue
        if there in elsewhere:
            yield f"{spec.name} moved{_beside(after, here)}"
        yield from _layer(old, before[there], new, spec)
    yield from _part("application", old, cast(Application, one.application), new, cast(Application, other.application))


def _beside(specs: tuple[Spec, ...], here: int) -> str:
    if here + 1 < len(specs):
        return f" before {specs[here + 1].name}"
    return f" after {specs[here - 1].name}" if here else ""


def _layer(old: Contents, one: Spec, new: Contents, other: Spec) -> Iterator[str]:
    name = other.name
    if one.name != name:
        yield f"{one.name} is called {name}"
    if not is_like(one, other):
        yield f"{name} use: {Spec(one.use).name} -> {Spec(other.use).name}"
    if one.when != other.when:
        yield f"{name}: {_when(one)} -> {_when(other)}"
    shown = old.relative(one.shown()), new.relative(other.shown())
    yield from _values(name, old.relative(one.options), new.relative(other.options), *shown)
    yield from _names(f"{name} set", old.own_values(one), new.own_values(other))


def _when(spec: Spec) -> str:
    return "always" if spec.when is None else ", ".join(condition_in_words(spec.when))


def _filters(old: Contents, new: Contents) -> Iterator[str]:
    for name in dict.fromkeys([*old.unlisted, *new.unlisted]):
        if name in old.filters and name in new.filters:
            yield from (f"filter {line}" for line in _layer(old, old.filters[name], new, new.filters[name]))
        else:
            yield f"{'+' if name in new.filters else '-'} filter {name}"


def _servers(old: Contents, new: Contents) -> Iterator[str]:
    for name in dict.fromkeys([*old.servers, *new.servers]):
        if name in old.servers and name in new.servers:
            yield from _part(f"server {name}", old, old.servers[name], new, new.servers[name])
        else:
            yield f"{'+' if name in new.servers else '-'} server {name}"


def _part(
    what: str, old: Contents, one: Application | Server, new: Contents, other: Application | Server
) -> Iterator[str]:
    if one.use != other.use:
        yield f"{what}: {use_in_words(one.use)} -> {use_in_words(other.use)}"
    options = _texts(one.options), _texts(other.options)
    if isinstance(other, Server):
        shown = _texts(one.shown(SERVER_PROTOCOLS)), _texts(other.shown(SERVER_PROTOCOLS))
        yield from _values(what, *options, *shown)
    else:
        yield from _names(what, *options)
    yield from _names(f"{what} set", old.own_values(one), new.own_values(other))


def _texts(options: _Values) -> _Values:
    """Numbers and truths as the texts that an ini file has in their place, for factories that are given text."""
    return {key: as_text(value) if isinstance(value, bool | int | float) else value for key, value in options.items()}


def _values(what: str, old: _Values, new: _Values, old_shown: _Values, new_shown: _Values) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        if key in old and key in new and alike(old[key], new[key]):
            continue
        shown = [in_words(values[key]) if key in values else "default" for values in (old_shown, new_shown)]
        yield f"{what} {key}: {'changed' if REDACTED in shown else ' -> '.join(shown)}"


def _names(what: str, old: _Values, new: _Values) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        if key not in old or key not in new:
            yield f"{'+' if key in new else '-'} {what} {key}"
        elif not alike(old[key], new[key]):
            yield f"{what} {key}: changed"
