"""Names of layers: entry points, imported when a configuration uses them."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, distributions

from wsgistack.errors import ConfigError, Mistake, did_you_mean, suggest
from wsgistack.imports import import_object, import_string_of
from wsgistack.types import Factory

__all__ = [
    "GROUP",
    "egg_entry_point",
    "find",
    "has",
    "import_factory",
    "import_string",
    "name_of",
    "names",
    "names_of",
    "normalize_name",
    "origin_of",
]

GROUP = "wsgistack.middleware"

_KINDS = {  # the beginnings of the names of groups
    GROUP: "a layer",
    "paste.filter_": "a layer",
    "paste.app_": "an application",
    "paste.composit": "an application",
    "paste.server_": "a server",
}


@cache  # reading the metadata of every installed distribution takes milliseconds
def names() -> Mapping[str, tuple[EntryPoint, ...]]:
    """The entry points of the group ``wsgistack.middleware`` by their names, ``-`` written as ``_``."""
    points: list[EntryPoint] = []
    for each in distributions():
        if GROUP in (each.read_text("entry_points.txt") or ""):  # to parse them all would take twice as long
            points += each.entry_points.select(group=GROUP)
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in sorted(points):
        found.setdefault(normalize_name(point.name), {}).setdefault(import_string(point), point)
    return {name: tuple(found[name].values()) for name in sorted(found)}


def find(use: str) -> Factory:
    """The factory of a layer, by its name or by an import string."""
    if ":" in use:
        return import_factory(use)
    points = names().get(normalize_name(use), ())
    if not points:
        raise ConfigError(Mistake(f"unknown layer {use!r}", value=use, hint=suggest(use, names())))
    if len(points) > 1:
        hint = f"write its import string instead: {' or '.join(map(import_string, points))}"
        raise ConfigError(Mistake(f"several distributions register a layer {use!r}", value=use, hint=hint))
    return import_factory(import_string(points[0]))


def name_of(factory: Factory) -> str:
    """The name that a factory is registered under; empty if it is not registered."""
    value = import_string_of(factory)
    return next((name for name, points in names().items() if value in map(import_string, points)), "")


def names_of(factory: Factory) -> tuple[str, ...]:
    """All names of a factory: those that it is registered under, its import string, and the names of its base classes.

    A factory for PasteDeploy has the names of what it calls. A method of a class has the names of the class.
    """
    found = origin_of(factory)
    parts = found.__mro__[:-1] if isinstance(found, type) else (found,)
    return tuple(name for each in parts for name in (name_of(each), import_string_of(each)) if name)


def origin_of(factory: Factory) -> Factory:
    """The class or function behind a factory, which is the same however a configuration names it."""
    found = getattr(factory, "__wrapped__", factory)
    owner = getattr(found, "__self__", None)
    return owner if isinstance(owner, type) else found


def import_factory(text: str) -> Factory:
    """The factory that an import string names."""
    factory = import_object(text)
    if not callable(factory):
        raise ConfigError(Mistake(f"{text!r} is not callable", expected="a callable that takes the application first"))
    return factory


def egg_entry_point(spec: str, groups: tuple[str, ...]) -> EntryPoint:
    """The entry point that ``Distribution#name`` means, in the first of the groups that has it.

    :param spec: the name of a distribution; without ``#name``, the entry point is ``main``.
    """
    project, _, given = spec.partition("#")
    name = given or "main"
    try:
        points = distribution(project.strip()).entry_points
    except (PackageNotFoundError, ValueError) as error:
        texts = {each: each.read_text("entry_points.txt") or "" for each in Distribution.discover()}
        fitting = [each for each, text in texts.items() if any(group in text for group in groups)]
        found = (each.metadata for each in fitting)  # each access reads the file again
        hint = did_you_mean(project, [metadata["Name"] for metadata in found if "Name" in metadata])
        problem = f"distribution {project!r} is not installed"
        raise ConfigError(Mistake(problem, value=spec, hint=hint)) from error
    there = {point.name: point for group in reversed(groups) for point in points.select(group=group)}
    if name in there:
        return there[name]
    expected = _find_kind(groups[0])
    other = next((kind for point in points.select(name=name) if (kind := _find_kind(point.group))), "")
    if not other or other == expected:
        problem = f"{project} has no entry point {name!r} in {' or '.join(groups)}"
        raise ConfigError(Mistake(problem, value=spec, hint=suggest(given, there)))
    is_layer = (other, expected) == ("a layer", "an application")
    hint = "list it in a pipeline" if is_layer else suggest(given, there)
    raise ConfigError(Mistake(f"{name!r} of {project} is {other}", value=spec, expected=expected, hint=hint))


def _find_kind(group: str) -> str:
    """What the entry points of a group are; empty for a group that no configuration uses."""
    return next((kind for beginning, kind in _KINDS.items() if group.startswith(beginning)), "")


def import_string(point: EntryPoint) -> str:
    """The import string of an entry point."""
    return "".join(point.value.partition("[")[0].split())  # an extra may follow in brackets


def normalize_name(name: str) -> str:
    """A name as it is compared: with ``_`` for each ``-``."""
    return name.replace("-", "_")


def has(name: str) -> bool:
    """Whether a layer is registered under a name."""
    return normalize_name(name) in names()
