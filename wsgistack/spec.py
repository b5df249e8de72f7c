"""One layer as it is configured, before it is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeAlias, cast

from wsgistack import options, registry
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.types import App, Factory

__all__ = ["REDACTED", "Item", "Spec"]

REDACTED = "<secret>"
_USABLE = "a name, an import string or a callable"


@dataclass(frozen=True, repr=False)
class Spec:
    """One layer as it is configured: what to use, with which options.

    :param use: a registered name, an import string, or a callable that takes the application first.
    :param options: by name.
    :param name: what the layer is called in its pipeline; by default what ``use`` says.
    :param where: the file, line and section that it stands in.
    :param lines: the line of each option.
    """

    use: str | Factory
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    name: str = ""
    where: Where = field(default=Where(), compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not (isinstance(self.use, str) or callable(self.use)):
            raise ConfigError(Mistake(_wrong_type(self.use), "use", self.use, _USABLE, where=self.where))
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))
        default = self.use if isinstance(self.use, str) else getattr(self.use, "__name__", repr(self.use))
        object.__setattr__(self, "name", self.name or default)

    @classmethod
    def of(cls, item: "Item", number: int) -> "Spec":
        """Make a Spec of an item of a list.

        :param number: its place in the list, for errors.
        :raises ConfigError: it is not an item that a pipeline can hold.
        """
        if isinstance(item, Spec):
            return item if item.where.file else item.at(Where(section=f"layer {number} ({item.name})"))
        where = Where(section=f"layer {number}")
        if isinstance(item, str) or callable(item):
            item = {"use": item}
        if not isinstance(item, Mapping):
            expected = "a name, an import string, a callable, a mapping or a Spec"
            raise ConfigError(Mistake(_wrong_type(item), value=item, expected=expected, where=where))
        given = dict(item)
        use, name = given.pop("use", None), given.pop("name", "")
        if not (isinstance(use, str) or callable(use)):
            raise ConfigError(Mistake(_wrong_type(use), "use", use, _USABLE, where=where))
        if not isinstance(name, str):
            raise ConfigError(Mistake(_wrong_type(name), "name", name, "text", where=where))
        return cls.of(cls(cast("str | Factory", use), given, name), number)

    def at(self, where: Where) -> Self:
        """The same layer, standing elsewhere."""
        return replace(self, where=where)

    def factory(self) -> Factory:
        """Find what ``use`` means.

        :raises ConfigError: there is no such thing.
        """
        if not isinstance(self.use, str):
            return self.use
        try:
            return registry.find(self.use)
        except ConfigError as error:
            raise self._located(*(each._replace(key="use") for each in error.mistakes)) from error

    def fitted(self, *, base: Path | None = None, text: bool = False, whole: bool = True) -> Self:
        """The same layer, with its options as the factory takes them.

        :param base: the folder that relative paths start from.
        :param text: whether the options are all text, as in an ini file.
        :param whole: whether these are all, so that none that is required may be missing.
        :raises ConfigError: an option is unknown, missing, or of a wrong type.
        """
        try:
            values, mistakes = options.fit(self.factory(), self.options, base=base, text=text, whole=whole)
        except ConfigError as error:
            raise self._located(*error.mistakes) from error
        if mistakes:
            raise self._located(*mistakes, *self._further(values, {each.key for each in mistakes}))
        return replace(self, options=values)

    def _further(self, values: Mapping[str, object], told: set[str]) -> list[Mistake]:
        """What the factory itself finds wrong with those options that do fit, so that all is told at once."""
        try:
            self.factory()(cast(App, tuple), **values)  # any callable will do
        except ConfigError as error:
            return [each for each in error.mistakes if each.key not in ("", *told)]
        except Exception:  # it lacks what does not fit
            return []
        return []

    def build(self, app: App) -> App:
        """Build the layer around an application.

        :raises ConfigError: an option does not fit, the factory refuses, or what it makes is no WSGI application.
        """
        factory, values = self.factory(), self.fitted().options
        try:
            built = factory(app, **values)
        except ConfigError as error:
            raise self._located(*error.mistakes) from error
        except Exception as error:
            raise self._located(Mistake(f"{self.name} can't be built: {type(error).__name__}: {error}")) from error
        if not callable(built):
            problem = f"{self.name} makes something of type {type(built).__name__}"
            raise self._located(Mistake(problem, value=built, expected="a WSGI application"))
        return built

    def belongs(self, side: str, other: "Spec") -> str:
        """The reason why this layer belongs ``inside`` or ``outside`` of another one; empty if it does not say so."""
        reasons = getattr(self.factory(), side, None)
        return reasons.get(registry.name_of(other.use), "") if isinstance(reasons, Mapping) else ""

    def is_like(self, other: "Spec") -> bool:
        """Whether the other one is the same kind of layer, with whichever options."""
        return registry.name_of(self.use) == registry.name_of(other.use) != ""

    def shown(self) -> dict[str, object]:
        """The options for the eyes of people: without secrets."""
        try:
            known, is_open = options.schema(self.factory())
        except ConfigError:
            known, is_open = {}, False
        # what has no place in the signature is perhaps a secret under a wrong name
        public = {name for name in self.options if (not known[name].is_secret if name in known else is_open)}
        return {name: value if name in public else REDACTED for name, value in self.options.items()}

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.use, dict(self.options), self.name, self.where, self.lines)

    def __repr__(self) -> str:
        """As the item of a list that would give it."""
        named = {"name": self.name} if self.name != Spec(self.use).name else {}
        return repr({"use": self.use, **named, **self.shown()} if named or self.options else self.use)

    def _located(self, *mistakes: Mistake) -> ConfigError:
        return ConfigError(
            *(
                each._replace(where=self.where._replace(line=self.lines.get(each.key, self.where.line)))
                for each in mistakes
            )
        )


def _wrong_type(value: object) -> str:
    return "is missing" if value is None else f"is of type {type(value).__name__}"  # and perhaps a secret


Item: TypeAlias = str | Callable[..., App] | Mapping[str, object] | Spec
"""What a list of layers may hold."""
