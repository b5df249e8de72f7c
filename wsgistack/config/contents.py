"""All that a configuration describes, read as a whole: to be compared with another one, or written anew."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wsgistack.config.loader import Document
from wsgistack.config.parts import Application, Server
from wsgistack.config.protocols import APP_PROTOCOLS, PasteFactory
from wsgistack.config.stack import Stack, in_order
from wsgistack.errors import ConfigError, Mistakes, Where
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec

__all__ = ["Contents", "contents", "is_composite", "told"]

_COLLECTIONS = (list, tuple, set, frozenset)
_BUILT_IN = ("here", "__file__")


@dataclass(frozen=True)
class Contents:
    """What a configuration describes.

    :param file: its path.
    :param applications: by name.
    :param servers: by name.
    :param global_conf: the global values for all of them, without those that tell where the file is.
    :param filters: by name, those that are one layer and lack no option.
    """

    file: Path
    applications: Mapping[str, Stack]
    servers: Mapping[str, Server]
    global_conf: Mapping[str, str]
    filters: Mapping[str, Spec] = field(default_factory=dict)

    @property
    def unlisted(self) -> dict[str, Spec]:
        """The filters that no list of layers names: a composite may ask for them."""
        listed = {spec.where for stack in self.applications.values() for spec in stack.pipeline}
        return {name: spec for name, spec in self.filters.items() if spec.where not in listed}

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.file.absolute().parent

    def relative(self, value: Any) -> Any:
        """A value with its paths as they are written in the file: from its folder, if they are in there."""
        if isinstance(value, Path):
            return value.relative_to(self.folder) if value.is_relative_to(self.folder) else value
        if isinstance(value, Mapping):
            return {self.relative(key): self.relative(each) for key, each in value.items()}
        return type(value)(map(self.relative, value)) if type(value) in _COLLECTIONS else value

    def within(self, stack: Stack) -> tuple[str, int]:
        """The largest other application that is the inside of this one: its name and how many layers it has.

        Without one, no name and no layers.
        """
        specs = stack.pipeline.specs
        found = ("", 0)
        for name, other in self.applications.items():
            depth = len(other.pipeline)
            is_same = other.application == stack.application and _place(other) == _place(stack)
            if (
                is_same
                and specs[len(specs) - depth :] == other.pipeline.specs
                and depth < len(specs)
                and (depth > found[1] or not found[0])
            ):
                found = (name, depth)
        return found

    def own_values(self, part: Application | Server | Spec) -> dict[str, str]:
        """The global values that a part has besides those of the file, or instead of them."""
        of = part.use if isinstance(part, Spec) else part
        given = of.global_conf if isinstance(of, PasteFactory | Application | Server) else {}
        return {key: value for key, value in told(given).items() if self.global_conf.get(key) != value}


def contents(document: Document) -> Contents:
    """Read all parts of a configuration. Nothing is built, and no reference is followed.

    :raises ConfigError: it holds every mistake that was found on the way.
    """
    start = document.start()
    mistakes = Mistakes(document.mistakes)
    applications = {name: document.application(name, start).fitted() for name in document.applications()}
    mistakes += [each for stack in applications.values() for each in stack.mistakes]
    filters = {name: document.filter(name, start) for name in document.filters()}
    mistakes += [each for stack in filters.values() for each in stack.mistakes]
    servers = {}
    for name in document.servers():
        with mistakes.collect():
            servers[name] = document.server(name, start)
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    layers: dict[str, Spec] = {}
    for name, stack in filters.items():
        with suppress(ConfigError):  # a section that uses it may have the options that it lacks
            found = [spec.check() for spec in stack.pipeline]
            layers |= {name: found[0]} if len(found) == 1 else {}
    return Contents(Path(start.where.file), applications, servers, told(start.global_conf), layers)


def is_composite(application: Application) -> bool:
    """Whether it is made of other applications, whose names are among its options."""
    scheme, _, rest = str(application.use).partition(":")
    if scheme == "egg":
        try:
            scheme = registry.egg_entry_point(rest, APP_PROTOCOLS).group
        except ConfigError:
            return False
    return scheme in APP_PROTOCOLS[1:]


def _place(stack: Stack) -> Where | None:
    """Where the application stands: one that is written twice is not the same, though it may look so today."""
    return stack.application.where if stack.application else None


def told(global_conf: Mapping[str, str]) -> dict[str, str]:
    """The global values without those that tell where the file is."""
    return {key: value for key, value in global_conf.items() if key not in _BUILT_IN}
