"""Everything that a configuration describes, read at once: to compare it with another one, or to write it as TOML."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsgistack.config.document import Document
from wsgistack.config.parts import Application, Server, Stack, in_order
from wsgistack.config.protocols import APP_PROTOCOLS
from wsgistack.errors import ConfigError, Mistakes
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec

__all__ = ["Contents", "drop_file_keys", "is_composite", "read_contents"]

_COLLECTIONS = (list, tuple, set, frozenset)
_FILE_KEYS = ("here", "__file__")


@dataclass(frozen=True)
class Contents:
    """What a configuration describes.

    :param global_conf: the global values of the file, without its own path and folder.
    :param filters: each filter that is a single layer with all required options, by name.
    """

    file: Path
    applications: Mapping[str, Stack]
    servers: Mapping[str, Server]
    global_conf: Mapping[str, str]
    filters: Mapping[str, Spec]

    @property
    def unlisted(self) -> dict[str, Spec]:
        """The filters that no list of layers names. A composite may ask for them."""
        listed = {spec.where for stack in self.applications.values() for spec in stack.pipeline}
        return {name: spec for name, spec in self.filters.items() if spec.where not in listed}

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.file.absolute().parent

    def make_relative(self, value: Any) -> Any:
        """A value in which paths below the folder of the file are relative to it."""
        if isinstance(value, Path):
            return value.relative_to(self.folder) if value.is_relative_to(self.folder) else value
        if isinstance(value, Mapping):
            return {self.make_relative(key): self.make_relative(each) for key, each in value.items()}
        return type(value)(map(self.make_relative, value)) if type(value) in _COLLECTIONS else value

    def own_values(self, part: Application | Server | Spec) -> dict[str, str]:
        """The global values of a part that differ from those of the file."""
        given = getattr(part.use if isinstance(part, Spec) else part, "global_conf", {})
        return {key: value for key, value in drop_file_keys(given).items() if self.global_conf.get(key) != value}


def read_contents(document: Document) -> Contents:
    """Read all parts of a configuration, without building them and without resolving references."""
    start = document.start()
    applications = {name: document.application(name, start).fitted() for name in document.applications()}
    filters = {name: document.filter(name, start) for name in document.filters()}
    mistakes = Mistakes(document.mistakes)
    mistakes += (each for stack in (*applications.values(), *filters.values()) for each in stack.mistakes)
    servers = {}
    for name in document.servers():
        with mistakes.collect():
            servers[name] = document.server(name, start)
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    fitted = {name: stack.fitted() for name, stack in filters.items()}  # a base of another filter may lack options
    layers = {
        name: stack.pipeline.specs[0]
        for name, stack in fitted.items()
        if not stack.mistakes and len(stack.pipeline) == 1
    }
    return Contents(Path(start.where.file), applications, servers, drop_file_keys(start.global_conf), layers)


def is_composite(application: Application) -> bool:
    """Whether an application is made of other ones, whose names are among its options."""
    scheme, _, rest = str(application.use).partition(":")
    if scheme == "egg":
        try:
            scheme = registry.egg_entry_point(rest, APP_PROTOCOLS).group
        except ConfigError:
            return False
    return scheme in APP_PROTOCOLS[1:]


def drop_file_keys(global_conf: Mapping[str, str]) -> dict[str, str]:
    """Global values without the path and the folder of the file."""
    return {key: value for key, value in global_conf.items() if key not in _FILE_KEYS}
