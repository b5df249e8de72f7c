"""The differences between two configurations, in terms of applications, layers, options and servers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from wsgistack.config.contents import Contents
from wsgistack.config.parts import Application, Server
from wsgistack.config.protocols import PasteFactory
from wsgistack.config.words import as_text, describe_condition, describe_use, describe_value
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

__all__ = ["find_differences", "is_same_value"]

_Facts: TypeAlias = Iterator[tuple[str, tuple[object, str]]]
"""Names such as ``layer gzip option level``, each with a value and the text that describes it."""


def find_differences(old: Contents, new: Contents) -> list[str]:
    """Describe what changed from one configuration to another, one line for each change.

    Layers are compared by their names. Paths below the folder of a file are compared as relative paths. No line shows
    a secret. Options of applications and global values are named without their values, because nothing declares which
    of them are secrets.
    """
    before, after = (dict(_describe(each, [*old.unlisted, *new.unlisted])) for each in (old, new))
    lines = []
    for key in dict.fromkeys([*before, *after]):
        if key not in before or key not in after:
            sign, (_, shown) = ("-", before[key]) if key in before else ("+", after[key])
            lines.append(f"{sign} {key}" if REDACTED in shown else f"{sign} {key}: {shown}")
        elif not is_same_value(before[key][0], after[key][0]):
            change = f"{before[key][1]} -> {after[key][1]}"
            lines.append(f"{key}: {'changed' if REDACTED in change else change}")
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


def _describe(found: Contents, filters: Iterable[str]) -> _Facts:
    for name, stack in found.applications.items():
        within = "" if name == "main" else f"application {name} "
        label = within.strip() or "application"
        yield from _describe_part(found, label, cast(Application, stack.application))
        layers: dict[str, Spec] = {}
        for spec in stack.pipeline:
            layer = normalize_name(spec.name)
            while layer in layers:
                layer += " again"
            layers[layer] = spec
        if layers:
            yield f"{label} layers", ([*layers], ", ".join(layers))
        for layer, spec in layers.items():
            yield from _describe_part(found, f"{within}layer {layer}", spec)
    for name in filters:
        if name in found.filters:
            yield from _describe_part(found, f"filter {name}", found.filters[name])
    for name, server in found.servers.items():
        yield from _describe_part(found, f"server {name}", server)
    yield from ((f"global value {key}", (value, REDACTED)) for key, value in found.global_conf.items())


def _describe_part(found: Contents, label: str, part: Application | Server | Spec) -> _Facts:
    use: object = part.use
    shown: Mapping[str, object] = dict.fromkeys(part.options, REDACTED)
    if not isinstance(part, Application):
        shown = found.make_relative(part.shown())
    if isinstance(part, Spec):
        yield from ((f"{label} {key}", (text, text)) for key, text in describe_condition(part.when).items())
        use = use.uri if isinstance(use, PasteFactory) else part.registered_name or use
    yield f"{label} use", (use, describe_use(use))
    for key, value in found.make_relative(part.options).items():
        # factories for PasteDeploy get text from an ini file, and may get the same number or boolean from TOML
        is_text = not isinstance(part, Spec) and isinstance(value, bool | int | float)
        yield f"{label} option {key}", (as_text(value) if is_text else value, describe_value(shown[key]))
    yield from ((f"{label} global value {key}", (value, REDACTED)) for key, value in found.own_values(part).items())
