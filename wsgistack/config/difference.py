"""The differences between two configurations, in terms of applications, layers, options and servers."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeAlias, cast

from wsgistack.config.contents import Contents
from wsgistack.config.parts import Application, Server, Stack
from wsgistack.config.protocols import SERVER_PROTOCOLS, PasteFactory
from wsgistack.config.words import as_text, describe_condition, describe_use, describe_value
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Factory

__all__ = ["find_differences", "find_moved", "is_same_kind", "is_same_value", "match_layers"]

_Values: TypeAlias = Mapping[str, object]


def find_differences(old: Contents, new: Contents, name: str = "") -> list[str]:
    """Describe what changed from one configuration to another, one line for each change.

    Paths below the folder of a file are compared as relative paths. No line shows a secret. Options of applications and
    global values are named without their values, because nothing declares which of them are secrets.

    :param name: the only application to compare; empty compares everything.
    """
    lines: list[str] = []
    for each in [name] if name else dict.fromkeys([*old.applications, *new.applications]):
        if each in old.applications and each in new.applications:
            prefix = "" if each in (name, "main") else f"{each}: "
            lines += [f"{prefix}{line}" for line in _stack(old, old.applications[each], new, new.applications[each])]
        else:
            lines.append(f"{'+' if each in new.applications else '-'} application {each}")
    if not name:
        lines += _filters(old, new)
        lines += _servers(old, new)
        lines += _names("global value", old.global_conf, new.global_conf)
    return lines


def is_same_value(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same type, in all that they hold. NaN equals NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(is_same_value(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same_value, one, other))
    return bool(one == other or (one != one and other != other))


def is_same_kind(one: Spec, other: Spec) -> bool:
    """Whether two layers use the same middleware, under whichever name or import string."""
    return _use(one) == _use(other) or one.is_like(other)


def match_layers(old: Sequence[Spec], new: Sequence[Spec]) -> dict[int, int]:
    """Find the old layers in a new list: first those of the same name, then those of the same kind.

    :returns: positions in the new list, by positions in the old one.
    """
    found: dict[int, int] = {}
    for is_same in (_has_same_name, is_same_kind):
        for before, one in enumerate(old):
            free = (after for after in range(len(new)) if after not in found.values())
            after = next((after for after in free if is_same(one, new[after])), None)
            if before not in found and after is not None:
                found[before] = after
    return found


def find_moved(positions: Mapping[int, int]) -> set[int]:
    """Find the fewest old positions whose layers changed their order among the others.

    :param positions: new positions by old ones.
    """
    before = sorted(positions)
    after = sorted(positions, key=lambda position: positions[position])
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return set(before).difference(*(before[start : start + size] for start, _, size in blocks))


def _has_same_name(one: Spec, other: Spec) -> bool:
    return normalize_name(one.name) == normalize_name(other.name)


def _use(spec: Spec) -> str | Factory:
    return spec.use.uri if isinstance(spec.use, PasteFactory) else spec.use


def _stack(old: Contents, one: Stack, new: Contents, other: Stack) -> Iterator[str]:
    before, after = one.pipeline.specs, other.pipeline.specs
    positions = match_layers(before, after)
    earlier = {there: here for here, there in positions.items()}
    moved = find_moved(positions)
    yield from (f"- {spec.name}" for position, spec in enumerate(before) if position not in positions)
    for position, spec in enumerate(after):
        was = earlier.get(position)
        if was is None:
            yield f"+ {spec.name}{_neighbour(after, position)}"
            continue
        if was in moved:
            yield f"{spec.name} moved{_neighbour(after, position)}"
        yield from _layer(old, before[was], new, spec)
    yield from _part("application", old, cast(Application, one.application), new, cast(Application, other.application))


def _neighbour(specs: tuple[Spec, ...], position: int) -> str:
    if position + 1 < len(specs):
        return f" before {specs[position + 1].name}"
    return f" after {specs[position - 1].name}" if position else ""


def _layer(old: Contents, one: Spec, new: Contents, other: Spec) -> Iterator[str]:
    name = other.name
    if one.name != name:
        yield f"{one.name} renamed to {name}"
    if not is_same_kind(one, other):
        yield f"{name} use: {Spec(one.use).name} -> {Spec(other.use).name}"
    if one.when != other.when:
        yield f"{name}: {_when(one)} -> {_when(other)}"
    shown = old.make_relative(one.shown()), new.make_relative(other.shown())
    yield from _values(name, old.make_relative(one.options), new.make_relative(other.options), *shown)
    yield from _names(f"{name} global value", old.own_values(one), new.own_values(other))


def _when(spec: Spec) -> str:
    return "always" if spec.when is None else ", ".join(describe_condition(spec.when))


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
        yield f"{what}: {describe_use(one.use)} -> {describe_use(other.use)}"
    options = _texts(one.options), _texts(other.options)
    if isinstance(other, Server):
        shown = _texts(one.shown(SERVER_PROTOCOLS)), _texts(other.shown(SERVER_PROTOCOLS))
        yield from _values(what, *options, *shown)
    else:
        yield from _names(f"{what} option", *options)
    yield from _names(f"{what} global value", old.own_values(one), new.own_values(other))


def _texts(options: _Values) -> _Values:
    """Options with numbers and booleans as an ini file writes them: factories that get text read both alike."""
    return {key: as_text(value) if isinstance(value, bool | int | float) else value for key, value in options.items()}


def _values(what: str, old: _Values, new: _Values, old_shown: _Values, new_shown: _Values) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        if key in old and key in new and is_same_value(old[key], new[key]):
            continue
        shown = [describe_value(values[key]) if key in values else "default" for values in (old_shown, new_shown)]
        yield f"{what} {key}: {'changed' if REDACTED in shown else ' -> '.join(shown)}"


def _names(what: str, old: _Values, new: _Values) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        if key not in old or key not in new:
            yield f"{'+' if key in new else '-'} {what} {key}"
        elif not is_same_value(old[key], new[key]):
            yield f"{what} {key}: changed"
