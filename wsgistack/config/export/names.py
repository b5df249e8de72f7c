"""Names for the sections of an ini file: for each layer one of its own, and none that means another one."""

import re
from dataclasses import replace

from wsgistack.config.contents import Contents
from wsgistack.config.export.plain import import_string
from wsgistack.config.export.portable import edited
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

__all__ = ["is_bare", "with_section_names"]

_UNFIT = re.compile(r"^config:|\$\{|\s+")


def is_bare(target: Contents, spec: Spec) -> bool:
    """Whether a layer needs no section: its name says all."""
    return spec.name == _use(spec) and not spec.options and spec.when is None and not target.own_values(spec)


def with_section_names(target: Contents, losses: list[str]) -> Contents:
    """The same, with names that tell all layers apart that are different.

    :param losses: to which is added which layer gets another name.
    """
    layers = [spec for stack in target.applications.values() for spec in stack.pipeline]
    named = [(spec, replace(spec, name=name)) for name, spec in target.filters.items()]  # by these they are asked for
    losses += [_renamed(one, other) for one, other in named if one.name != other.name]

    def is_free(name: str, spec: Spec) -> bool:
        if any(normalize_name(name) == normalize_name(other.name) for _, other in named):
            return False
        used = {normalize_name(_use(each)) for each in layers if each != spec}
        return is_bare(target, spec) or normalize_name(name) not in used

    def layer(spec: Spec) -> Spec:
        for one, other in named:
            if one == spec:
                return other
        first = name = _UNFIT.sub("-", spec.name)
        number = 1
        while not is_free(name, spec):
            number += 1
            name = f"{first}-{number}"
        if name != spec.name:
            losses.append(_renamed(spec, replace(spec, name=name)))
        named.append((spec, replace(spec, name=name)))
        return named[-1][1]

    return edited(target, layer)


def _renamed(spec: Spec, other: Spec) -> str:
    return f"{spec.name}: the layer is called {other.name}, for each section has a name of its own"


def _use(spec: Spec) -> str:
    return spec.use if isinstance(spec.use, str) else import_string(spec.use)
