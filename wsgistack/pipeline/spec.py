"""One layer as it is configured, before it is built."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

from wsgistack.base import Middleware
from wsgistack.conditions import Conditional, condition
from wsgistack.conditions.openings import find_openings, name_reads
from wsgistack.conditions.parsing import find_setting, normalize_condition, split_conditions
from wsgistack.conditions.predicates import Predicate
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type
from wsgistack.imports import is_by_signal
from wsgistack.options.references import find_referenced, make_absolute
from wsgistack.options.schema import Schema, parse_settings, read_schema, show_options
from wsgistack.options.secrets import hide_secrets, redact_mistake
from wsgistack.pipeline import registry
from wsgistack.pipeline.shape import Kind, check_application, find_misfit
from wsgistack.types import App, Changes, Factory

__all__ = ["AMBIGUOUS", "Item", "Observer", "Spec", "observe_layers"]

_USABLE = "a name, an import string or a callable"
_ASGI_HINTS: Mapping[Kind, str] = {
    "asgi": "wrap an ASGI application together with its middlewares in a2wsgi.ASGIMiddleware"
}
_PATH_NAME = re.compile(r"(file|filename|path|dir|directory|folder|root)s?\Z", re.IGNORECASE)
_PATH_HINT = "write {0}, or in an ini file %(here)s/{1}"
AMBIGUOUS = frozenset({"name", "when"})
_OF_THE_ITEM: dict[str, object] = {"use": None, "name": "", "when": None, "options": {}}


@dataclass(frozen=True, repr=False)
class Spec:
    """One layer as it is configured: what to use, with which options.

    An option with a reference, such as ``${env:NAME}``, keeps it as it is written. References are filled in when the
    layer is built, and the result is not kept.

    :param use: a registered name, an import string, or a callable that takes the application first; for a
        :class:`~functools.partial` with options alone, what it calls, and these options.
    :param options: by name.
    :param name: what the layer is called in its pipeline; by default what ``use`` says.
    :param when: for which requests the layer is active, as :func:`~wsgistack.conditions.condition` takes it; None: all.
    :param where: its file, line and section.
    :param lines: the line of each option.
    :param base: the folder that relative paths start from.
    :param global_conf: the global configuration of its file.
    :param found: the factory that the text in ``use`` means, once it is known. Copies share it, so that it is looked up
        once. It is not pickled.
    :param keys: the keys of a mapping without ``options`` that mean the layer itself: ``name`` and ``when``. Each is a
        mistake if the factory has an option with this name, too: that would silently keep its default.
    :raises ConfigError: something of it is not valid. Every method may raise it as well.
    """

    use: str | Factory
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    name: str = ""
    when: object = field(default=None, hash=False)
    where: Where = field(default=Where(), compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    base: Path | None = field(default=None, compare=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, compare=False, kw_only=True)
    found: dict[str, Factory] = field(default_factory=dict, compare=False, kw_only=True)
    keys: frozenset[str] = field(default=frozenset(), compare=False, kw_only=True)

    def __post_init__(self) -> None:
        use: Any = self.use
        options, when = self.options, self.when
        if not (isinstance(use, str) or callable(use)):
            hint = f'did you mean use = "{self.name}"?' if use is None and registry.has(self.name) else ""
            raise ConfigError(Mistake(describe_type(use), "use", use, _USABLE, hint, self.where))
        if isinstance(use, partial) and not use.args:  # its options are options, and perhaps secret
            use, options = use.func, {**use.keywords, **options}
        if when is not None:
            with self._placing_mistakes():
                when = normalize_condition(when)
        name = self.name or (use if isinstance(use, str) else getattr(use, "__name__", type(use).__name__))
        for field_name, value in {"use": use, "options": dict(options), "when": when, "name": name}.items():
            object.__setattr__(self, field_name, value)

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "found": {}}  # a name or an import string can be pickled, but perhaps not what it means

    @classmethod
    def of(cls, item: "Item", number: int) -> "Spec":
        """Make a Spec of an item of a list.

        :param number: its place in the list, for errors.
        """
        if isinstance(item, Spec):
            return item if item.where.file else replace(item, where=Where(section=f"layer {number} ({item.name})"))
        where = Where(section=f"layer {number}")
        if isinstance(item, str) or callable(item):
            item = {"use": item}
        if not isinstance(item, Mapping):
            expected = "a name, an import string, a callable, a mapping or a Spec"
            raise ConfigError(Mistake(describe_type(item), value=item, expected=expected, where=where))
        given = dict(item)
        use, name, when, more = (given.pop(key, default) for key, default in _OF_THE_ITEM.items())
        if not isinstance(name, str):
            raise ConfigError(Mistake(describe_type(name), key="name", value=name, expected="text", where=where))
        if not isinstance(more, Mapping) or not all(isinstance(key, str) for key in (*given, *more)):
            expected = "a mapping with names as keys"
            raise ConfigError(Mistake(describe_type(more), key="options", value=more, expected=expected, where=where))
        keys = frozenset() if "options" in item else AMBIGUOUS & item.keys()
        spec = cls(cast("str | Factory", use), {**given, **more}, name, when, where, keys=keys)
        return replace(spec, where=Where(section=f"layer {number} ({spec.name})"))

    def parse(self, settings: Mapping[str, str], *, is_complete: bool = True) -> Self:
        """The same layer with settings of an ini file, which are all text: options, and conditions as ``when_path``.

        They override what the layer has. Options that are required may be missing.

        :param is_complete: whether no other settings follow: beside another mistake, the required options that are
            missing are then mistakes as well.
        """
        schema = self.schema()
        texts, when, mistakes = split_conditions(settings, schema.options, is_open=schema.is_open)
        values, unfit = schema.convert(parse_settings(texts), base=self.base, resolving=False)
        mistakes += unfit
        given = {**self.options, **texts}
        if mistakes and is_complete:
            mistakes += schema.find_missing(given)
        options = {**self.options, **values}
        self._refuse(mistakes, given, options)
        return replace(self, options=options, when=self.when if when is None else when)

    def moved(self, base: Path) -> Self:
        """The same layer for another folder, with absolute paths in its references to files."""
        if self.base is None or self.base == base:
            return self
        given = cast("dict[str, object]", make_absolute(dict(self.options), base=self.base))
        return replace(self, options=given, when=make_absolute(self.when, base=self.base), base=base)

    def factory(self) -> Factory:
        """Find what ``use`` means."""
        if not isinstance(self.use, str):
            return self.use
        if self.use not in self.found:
            with self._placing_mistakes("use"):
                self.found[self.use] = registry.find(self.use)
        return self.found[self.use]

    def schema(self) -> Schema:
        """Read which options there are."""
        factory = self.factory()
        with self._placing_mistakes():
            misfit = find_misfit(factory)
            if misfit and misfit.kind in ("asgi", "async"):  # its arguments would look like options
                raise misfit.make_error(f"{self.name} is", "a WSGI middleware", _ASGI_HINTS)
            return read_schema(factory)

    def check(self) -> Self:
        """The same layer, with its options as the factory takes them; references stay as they are written."""
        schema = self.schema()
        values, mistakes = schema.convert(self.options, base=self.base, resolving=False)
        mistakes += [*self._find_mistaken(schema), *schema.find_missing(self.options)]
        self._refuse(mistakes, self.options, values)
        return replace(self, options=values)

    def resolve(self) -> dict[str, object]:
        """The options as the factory takes them, with their references filled in."""
        schema = self.schema()
        values, mistakes = schema.convert(self.options, base=self.base, resolving=True)
        mistakes += [*self._find_mistaken(schema), *schema.find_missing(self.options)]
        with self._placing_mistakes():
            mistakes.raise_if_any()
        return values

    def _find_mistaken(self, schema: Schema) -> Iterator[Mistake]:
        """Report keys that mean the layer itself, but are the name of an option, too."""
        for key in sorted(self.keys & schema.options.keys()):
            problem = f"belongs to the layer itself, but {schema.factory} has an option {key!r}, too"
            yield Mistake(problem, key, hint=f"write options = {{ {key} = … }}, or options = {{}}")

    def _refuse(self, mistakes: Mistakes, given: Mapping[str, object], values: Mapping[str, object]) -> None:
        """Raise the mistakes together with those of references and of the factory itself, so that all come at once.

        :param given: the options as they are written.
        :param values: those that fit.
        """
        if not mistakes:
            return
        schema = self.schema()
        filled, unfilled = schema.convert(values, base=self.base, resolving=True)
        mistakes += unfilled
        known = {"", *(each.key for each in mistakes)}
        try:
            self.factory()(cast(App, tuple), **filled)  # any callable will do
        except ConfigError as error:
            secrets = schema.find_secrets(given, filled)
            new = (each for each in error.mistakes if each.key not in known)
            mistakes += (redact_mistake(secrets, each, find_referenced(given)) for each in new)
        except (Exception, SystemExit) as error:  # it may need an option that does not fit
            if is_by_signal(error):
                raise
        with self._placing_mistakes():
            mistakes.raise_if_any()

    def build(self, app: App, pipeline: list[tuple[str, App]] | None = None) -> App:
        """Build the layer around an application.

        :param pipeline: the layers further inside, which this one is added to.
        """
        mistakes = Mistakes()
        with mistakes.collect():
            applies = condition(self.when, base=self.base) if self.when is not None else None
        with mistakes.collect():
            values = self.resolve()
        with self._placing_mistakes():
            mistakes.raise_if_any()
            secrets = read_schema(self.factory()).find_secrets(self.options, values)
            referenced = find_referenced(self.options)
            with hide_secrets(secrets, f"cannot build {self.name}", referenced=referenced):
                built = self.factory()(app, **values)
                if isinstance(built, Middleware):
                    built.check_configuration(self.global_conf)
            built = check_application(built, f"{self.name} returns", _ASGI_HINTS)
        if isinstance(built, Middleware):
            built.secret_options = referenced
        if pipeline is not None:
            pipeline.insert(0, (self.name, built))
            if isinstance(built, Middleware):
                built.pipeline = pipeline
        observe = _observer.get()
        if observe and (other := observe(self, built, app, applies)) is not None:
            return other
        return built if applies is None else Conditional(built, app, applies, self.when)

    def belongs(self, side: str, other: "Spec") -> str:
        """The reason why this layer must be inside or outside of another one, or not with it; empty without one.

        :param side: ``must_be_inside``, ``must_be_outside`` or ``must_not_be_with``.
        """
        reasons = getattr(registry.origin_of(self.factory()), side, None)
        if not isinstance(reasons, Mapping) or not reasons:
            return ""
        return next((reasons[name] for name in other.known_as if name in reasons), "")

    @cached_property
    def known_as(self) -> tuple[str, ...]:
        """What others may have a reason for: its names, alone and with each option, what it does, and what it reads."""
        declared = getattr(registry.origin_of(self.factory()), "changes", None)
        flags = declared._asdict().items() if isinstance(declared, Changes) else ()
        does = (f"changes.{name}" for name, flag in flags if flag is True)
        names = (self.registered_name, *registry.names_of(self.factory()))
        with_options = (f"{name}.{option}" for name in names for option, value in self.options.items() if value)
        return (*names, *with_options, *does, *name_reads(self.when))

    @property
    def is_partial(self) -> bool:
        """Whether it is perhaps only for some requests: it has a condition, or an option like one."""
        return self.when is not None or bool(self.options.get("under"))

    def openings(self) -> list[Mistake]:
        """Report how clients can avoid this layer by its condition, if it is a guard."""
        found = find_openings(self.when, self.name, self.base) if self.is_guard else []
        return [*map(self._place, found)]

    def stray_paths(self) -> list[Mistake]:
        """Report texts that name a file in the folder of the configuration, but mean one in the working directory.

        The factory gets such a text as it is written, because its signature does not say Path.
        """
        named = {name: value for name, value in self.options.items() if _PATH_NAME.search(name)}
        if not named or self.base is None or not self.base.exists() or self.base.samefile(os.curdir):
            return []
        problem = "is a relative path, which depends on the working directory"
        return [
            self._place(
                Mistake(problem, name, value, hint=_PATH_HINT.format(self.base / value, value.replace("%", "%%")))
            )
            for name, value in show_options(self.schema, named).items()
            if isinstance(value, str) and value and not Path(value).is_absolute()
            if os.path.exists(self.base / value)  # noqa: PTH110 - Path.exists fails if a name is too long
        ]

    @property
    def is_guard(self) -> bool:
        """Whether its class says that it protects what is inside."""
        return getattr(registry.origin_of(self.factory()), "is_guard", False) is True

    def is_like(self, other: "Spec") -> bool:
        """Whether the other one is the same kind of layer, with whichever options."""
        return registry.origin_of(self.factory()) is registry.origin_of(other.factory())

    @property
    def registered_name(self) -> str:
        """The name that the layer is registered under; empty if it is not registered."""
        if isinstance(self.use, str) and registry.has(self.use):
            return registry.normalize_name(self.use)
        return registry.name_of(self.factory())

    def shown(self, *, has_units: bool = True) -> dict[str, object]:
        """The options for people to read: without secrets, and with units as in a file.

        :param has_units: whether sizes and durations have a unit; otherwise they are numbers, for programs.
        """
        return show_options(self.schema, self.options, has_units=has_units)

    def __repr__(self) -> str:
        """As the item of a list that describes it, without its secrets."""
        named = {"name": self.name} if self.name != Spec(self.use).name else {}
        when = {} if self.when is None else {"when": self.when}
        shown = self.shown()
        own = {name: value for name, value in shown.items() if name not in _OF_THE_ITEM}
        more = {"options": {name: shown[name] for name in shown if name not in own}} if len(own) < len(shown) else {}
        item = {"use": self.use, **named, **own, **more, **when}
        return repr(item if len(item) > 1 else self.use)

    @contextmanager
    def _placing_mistakes(self, key: str = "") -> Iterator[None]:
        """Add file, line and section to the mistakes of a ConfigError.

        :param key: the setting that they are about, where they do not say it.
        """
        try:
            yield
        except ConfigError as error:
            placed = (self._place(each._replace(key=key or each.key)) for each in error.mistakes)
            raise ConfigError(*placed) from error.__cause__

    def _place(self, mistake: Mistake) -> Mistake:
        """Add file, line and section to a mistake. In an ini file, a condition has a key of its own."""
        key = mistake.key if mistake.key in self.lines else find_setting(mistake.key, self.lines)
        own = mistake.where
        line = self.lines.get(f"{key}.{own.line - 1}", 0)  # of an item that has only a number
        if own.file or own.section:
            line = own.line if own._replace(line=0) == self.where._replace(line=0) else 0  # it has its place already
        line = line or self.lines.get(key) or self.lines.get(key.partition(".")[0]) or self.where.line
        return mistake._replace(key=key, where=self.where._replace(line=line))


Observer: TypeAlias = Callable[[Spec, App, App, Predicate | None], App | None]
"""Gets a layer that was built, the application inside of it, and its condition. May return what takes their place."""

_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observe_layers(observe: Observer) -> Iterator[None]:
    """See every layer of an application that is built meanwhile, also inside of composites."""
    token = _observer.set(observe)
    try:
        yield
    finally:
        _observer.reset(token)


Item: TypeAlias = str | Callable[..., App] | Mapping[str, object] | Spec
"""What a list of layers may hold."""
