"""Names of layers: entry points, imported when a configuration uses them."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, distributions

from wsgistack.errors import ConfigError, Mistake, did_you_mean, suggest
from wsgistack.imports import import_object, import_string_of
from wsgistack.types import Factory

__all__ = [
    "GROUP",
    "Use",
    "egg_entry_point",
    "find",
    "has",
    "import_string",
    "load_entry_point",
    "name_of",
    "names",
    "normalize_name",
]

GROUP = "wsgistack.middleware"


class Use(str):
    """What ``use`` of a layer says: a name or an import string, that is looked up once."""

    _factory: Factory | None = None

    def look_up(self) -> Factory:
        """Give the factory that it names.

        :raises ConfigError: as :func:`find` does.
        """
        if self._factory is None:
            self._factory = find(self)
        return self._factory


@cache  # reading the metadata of every installed distribution takes milliseconds
def names() -> Mapping[str, tuple[EntryPoint, ...]]:
    """The entry points of the group ``wsgistack.middleware`` by their names, ``-`` written as ``_``."""
    points: list[EntryPoint] = []
    for each in distributions():
        if GROUP in (each.read_text("entry_points.txt") or ""):  # to parse them all would take twice as long
            points += each.entry_points.select(group=GROUP)
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in sorted(points):
        name = normalize_name(point.name)
        same = any(import_string(point) == import_string(other) for other in found.get(name, ()))
        found[name] = found.get(name, ()) if same else (*found.get(name, ()), point)
    return dict(sorted(found.items()))


def find(use: str) -> Factory:
    """The factory of a layer, by its name or by an import string.

    :raises ConfigError: there is no such layer, several distributions have one of that name, or it can't be imported.
    """
    if ":" in use:
        return _imported(use)
    points = names().get(normalize_name(use), ())
    if not points:
        raise ConfigError(Mistake(f"unknown layer {use!r}", value=use, hint=suggest(use, names())))
    if len(points) > 1:
        hint = f"write its import string instead: {' or '.join(map(import_string, points))}"
        raise ConfigError(Mistake(f"several distributions register a layer {use!r}", value=use, hint=hint))
    return load_entry_point(points[0])


def name_of(use: Use | Factory) -> str:
    """The name that a layer is registered under; empty if it is not registered."""
    if isinstance(use, Use) and has(use):
        return normalize_name(use)
    value = import_string_of(use.look_up() if isinstance(use, Use) else use)
    return next((name for name, points in names().items() if value in map(import_string, points)), "")


def load_entry_point(point: EntryPoint) -> Factory:
    """The factory that an entry point names.

    :raises ConfigError: it can't be imported, or is not callable.
    """
    return _imported(import_string(point))


def egg_entry_point(spec: str, groups: tuple[str, ...]) -> EntryPoint:
    """The entry point that ``Distribution#name`` means, in the first of the groups that has it.

    :param spec: the name of a distribution; without ``#name``, the entry point is ``main``.
    :raises ConfigError: there is no such distribution, or it has no such entry point.
    """
    project, _, name = spec.partition("#")
    name = name or "main"
    try:
        points = distribution(project.strip()).entry_points
    except (PackageNotFoundError, ValueError) as error:
        installed = (each.metadata["Name"] for each in Distribution.discover() if "Name" in each.metadata)
        hint = did_you_mean(project, installed)
        problem = f"distribution {project!r} is not installed"
        raise ConfigError(Mistake(problem, value=spec, hint=hint)) from error
    for group in groups:
        for point in points.select(group=group):
            if point.name == name:
                return point
    there = {point.name for group in groups for point in points.select(group=group)}
    problem = f"{project} has no entry point {name!r} in {' or '.join(groups)}"
    raise ConfigError(Mistake(problem, value=spec, hint=suggest(name, there)))


def _imported(text: str) -> Factory:
    factory = import_object(text)
    if not callable(factory):
        raise ConfigError(Mistake(f"{text!r} is not callable", expected="a callable that takes the application first"))
    return factory


def import_string(point: EntryPoint) -> str:
    """The import string of an entry point."""
    return "".join(point.value.partition("[")[0].split())  # an extra may follow in brackets


def normalize_name(name: str) -> str:
    """A name as it is compared: with ``_`` for each ``-``."""
    return name.replace("-", "_")


def has(name: str) -> bool:
    """Whether a layer is registered under a name."""
    return normalize_name(name) in names()
