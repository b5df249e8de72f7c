"""Everything that a configuration describes, read at once, and its differences from another configuration."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from wsgistack.config.document import Document
from wsgistack.config.parts import Application, ServerSection, Stack, in_order
from wsgistack.config.protocols import APP_PROTOCOLS, PasteFactory
from wsgistack.config.words import describe_condition, describe_use, describe_value
from wsgistack.errors import ConfigError, Mistakes
from wsgistack.options.conversion import label
from wsgistack.options.references import map_leaves
from wsgistack.options.secrets import REDACTED
from wsgistack.pipeline import registry
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

__all__ = ["Contents", "drop_file_keys", "find_differences", "is_composite", "is_same_value", "read_contents"]

_FILE_KEYS = ("here", "__file__")


class _Fact(NamedTuple):
    """A value, the text that describes it, and the same for each part of a mapping with visible names."""

    value: object
    shown: str
    parts: Mapping[str, "_Fact"] = {}


_Facts: TypeAlias = Iterator[tuple[str, _Fact]]
"""With names such as ``layer gzip option level``."""


@dataclass(frozen=True)
class Contents:
    """What a configuration describes.

    :param global_conf: the global values of the file, without its own path and folder.
    :param filters: each filter that is a single layer with all required options, by name.
    """

    file: Path
    applications: Mapping[str, Stack]
    servers: Mapping[str, ServerSection]
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

        def is_below(each: object) -> bool:
            return isinstance(each, Path) and each.is_relative_to(self.folder)

        return map_leaves(value, is_below, lambda each: each.relative_to(self.folder))

    def own_values(self, part: Application | ServerSection | Spec) -> dict[str, str]:
        """The global values of a part that differ from those of the file."""
        given = getattr(part.use if isinstance(part, Spec) else part, "global_conf", {})
        return {key: value for key, value in drop_file_keys(given).items() if self.global_conf.get(key) != value}


def read_contents(document: Document) -> Contents:
    """Read all parts of a configuration, without building them and without resolving references."""
    start = document.start()
    applications = {name: document.application(name, start).fitted() for name in document.applications}
    filters = {name: document.filter(name, start) for name in document.filters}
    mistakes = Mistakes(document.mistakes)
    mistakes += (each for stack in (*applications.values(), *filters.values()) for each in stack.mistakes)
    servers = {}
    for name in document.servers:
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


def find_differences(old: Contents, new: Contents) -> list[str]:
    """Describe what changed from one configuration to another, one line for each change.

    Layers are compared by their names. Paths below the folder of a file are compared as relative paths. No line shows
    a secret. Options of applications and global values are named without their values, because nothing declares which
    of them are secrets.
    """
    before, after = (dict(_describe(each, [*old.unlisted, *new.unlisted])) for each in (old, new))
    return [*_compare(before, after)]


def _compare(before: Mapping[str, _Fact], after: Mapping[str, _Fact]) -> Iterator[str]:
    for key in dict.fromkeys([*before, *after]):
        if key not in before or key not in after:
            sign, fact = ("-", before[key]) if key in before else ("+", after[key])
            yield f"{sign} {key}" if fact.shown == REDACTED else f"{sign} {key}: {fact.shown}"
        elif not is_same_value(before[key].value, after[key].value):
            change = f"{before[key].shown} -> {after[key].shown}"
            if REDACTED not in change:
                yield f"{key}: {change}"
            elif before[key].parts and after[key].parts:  # of which only some are secret
                yield from _compare(
                    *({f"{key}.{name}": fact for name, fact in each[key].parts.items()} for each in (before, after))
                )
            else:
                yield f"{key}: changed"


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
        title = within.strip() or "application"
        yield from _describe_part(found, title, cast(Application, stack.application))
        layers: dict[str, Spec] = {}
        for spec in stack.pipeline:
            layer = normalize_name(spec.name)
            while layer in layers:
                layer += " again"
            layers[layer] = spec
        if layers:
            yield f"{title} layers", _Fact([*layers], ", ".join(layers))
        for layer, spec in layers.items():
            yield from _describe_part(found, f"{within}layer {layer}", spec)
    for name in filters:
        if name in found.filters:
            yield from _describe_part(found, f"filter {name}", found.filters[name])
    for name, server in found.servers.items():
        yield from _describe_part(found, f"server {name}", server)
    yield from ((f"global value {key}", _Fact(value, REDACTED)) for key, value in found.global_conf.items())


def _describe_part(found: Contents, title: str, part: Application | ServerSection | Spec) -> _Facts:
    use: object = part.use
    shown: Mapping[str, object] = dict.fromkeys(part.options, REDACTED)
    if not isinstance(part, Application):
        shown = found.make_relative(part.shown())
    if isinstance(part, Spec):
        yield from ((f"{title} {key}", _Fact(text, text)) for key, text in describe_condition(part.when).items())
        use = use.uri if isinstance(use, PasteFactory) else part.registered_name or use
    yield f"{title} use", _Fact(use, describe_use(use))
    for key, value in found.make_relative(part.options).items():
        # factories for PasteDeploy get text from an ini file, and may get the same number or boolean from TOML
        is_text = not isinstance(part, Spec) and isinstance(value, bool | int | float)
        yield f"{title} option {key}", _make_fact(label(value) if is_text else value, shown[key])
    yield from (
        (f"{title} global value {key}", _Fact(value, REDACTED)) for key, value in found.own_values(part).items()
    )


def _make_fact(value: object, seen: object) -> _Fact:
    parts = {}
    if isinstance(value, Mapping) and isinstance(seen, Mapping):
        parts = {str(name): _make_fact(each, seen[name]) for name, each in value.items()}
    return _Fact(value, describe_value(seen), parts)
