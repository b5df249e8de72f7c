"""The parts of a configuration, as they are configured: applications, the layers around them, and servers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, find_factory, is_factory
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.imports import import_object, import_string_of
from wsgistack.options.references import find_referenced, unwrap_resolved
from wsgistack.options.schema import parse_settings, read_schema, show_options
from wsgistack.options.secrets import hide_secrets
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.shape import Kind, check_application
from wsgistack.pipeline.spec import Spec
from wsgistack.serving.address import find_wrong_addresses
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Application", "ServerSection", "Stack", "drop_consequences", "in_order", "stand_in"]


@dataclass(frozen=True)
class _Part:
    protocols: ClassVar[tuple[str, ...]]
    use: str | App
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, repr=False)
    where: Where = field(default=Where(), compare=False)
    key: str = field(default="", repr=False, compare=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False)

    def over(self, options: Mapping[str, object], places: Mapping[str, Where], global_conf: Mapping[str, str]) -> Self:
        """The same part with more options and global configuration, which override its own."""
        own = self.global_conf
        places = {**self.places, **places}
        return replace(self, options={**self.options, **options}, places=places, global_conf={**own, **global_conf})

    def factory(self) -> PasteFactory:
        """The factory that ``use`` names."""
        return find_factory(str(self.use), self.protocols, self.global_conf)

    def fitted(self) -> tuple[PasteFactory, dict[str, object]]:
        """The factory, and the options with their references filled in."""
        factory = self.factory()
        schema = read_schema(factory)
        values: dict[str, object] = {}
        mistakes = Mistakes()
        texts = {name: each for name, each in self.options.items() if isinstance(each, str)}
        given = parse_settings(texts) if len(texts) == len(self.options) else self.options  # an ini file has only text
        for name in given:
            file = self.places.get(name, self.where).file
            base = Path(file).absolute().parent if file else None
            resolved, unfit = schema.convert({name: given[name]}, base=base, resolving=True)
            values[name] = unwrap_resolved(resolved.get(name))
            mistakes += unfit
        mistakes += schema.find_missing(self.options)
        mistakes.raise_if_any()
        return factory, values

    def shown(self, *, has_units: bool = True) -> dict[str, object]:
        """The options for people to read, like those of a layer."""
        return show_options(lambda: read_schema(self.factory()), self.options, has_units=has_units)

    def _call_factory(self, first: object) -> Any:
        factory, values = self.fitted()
        hidden = read_schema(factory).find_secrets(self.options, values)
        may_exit, referenced = factory.protocol in SERVER_PROTOCOLS, find_referenced(self.options)
        with hide_secrets(hidden, f"{self.use} fails", may_exit=may_exit, referenced=referenced):
            return factory(first, **values)

    def locate(self, mistakes: Iterable[Mistake]) -> list[Mistake]:
        """The same mistakes, each with its place."""
        return [self._place(each, self.places.get(each.key, self.where)) for each in mistakes]

    def _place(self, mistake: Mistake, place: Where) -> Mistake:
        own = mistake.where
        if own.file and (own.line or Path(own.file).absolute() != Path(place.file).absolute()):
            return mistake
        section = place.section if own.file else f"{place.section} {own.section}".strip()
        key = mistake.key or ("" if own.section else self.key)
        return mistake._replace(key=key, where=place._replace(section=section))


@dataclass(frozen=True)
class Application(_Part):
    """An application as it is configured.

    :param use: an import string of a WSGI application, or the application itself; or an import string of a factory and
        ``()``; or a factory for PasteDeploy, as ``egg:Distribution#name``, ``call:module:callable``, or a protocol and
        an import string.
    :param loader: returns the loader with which a composite gets the parts that its options name.
    """

    protocols: ClassVar[tuple[str, ...]] = APP_PROTOCOLS
    loader: Callable[[Mapping[str, object]], Any] | None = field(default=None, repr=False, compare=False)

    def load(self) -> App:
        """Import the application, or make it."""
        loader = self.loader(self.options) if self.loader else None
        own = Mistakes()
        with own.collect():
            if is_factory(self.use):
                app = check_application(self._call_factory(loader), f"{self.use} returns")
            else:
                app = self._import()
        mistakes: Mistakes = loader.finish() if loader else Mistakes()
        if mistakes or own:  # the parts may be the reason why the composite fails
            mistakes += self.locate(each for each in own if each.key or not mistakes)
            raise ConfigError(*mistakes) from mistakes.cause or own.cause
        return app

    def _import(self) -> App:
        given = import_object(self.use) if isinstance(self.use, str) else self.use
        name = self.use if isinstance(self.use, str) else import_string_of(given)
        hints: dict[Kind, str] = {"factory": f"to call it, write {name}()", "paste": f"to call it, write call:{name}"}
        if not isinstance(given, type):
            wrapped = f"in a file, use = a2wsgi:ASGIMiddleware() and app = {name}"
            hints["asgi"] = f"run it on an ASGI server, or wrap it in a2wsgi.ASGIMiddleware: {wrapped}"
        app = check_application(given, f"{name!r} is", hints)
        for key in self.options:
            problem = f"{name!r} is a WSGI application, which takes no options"
            raise ConfigError(Mistake(problem, key=key, hint="remove this setting"))
        return app


@dataclass(frozen=True)
class ServerSection(_Part):
    """A server as it is configured: a factory for PasteDeploy, and its options."""

    protocols: ClassVar[tuple[str, ...]] = SERVER_PROTOCOLS

    @property
    def package(self) -> str:
        """Which package ``use`` names, such as ``egg:waitress``."""
        return str(self.use).partition("#")[0].lower()

    @property
    def has_waitress_options(self) -> bool:
        """Whether its options are those of Waitress."""
        return self.package in ("egg:waitress", "egg:wsgistack")

    def run(self, app: App) -> object:
        """Serve an application, until the server ends."""
        try:
            return self._call_factory(app)
        except ConfigError as error:
            raise ConfigError(*self.locate(error.mistakes)) from error.__cause__

    def check(self) -> list[Mistake]:
        """Find its mistakes, without starting it."""
        mistakes = Mistakes()
        with mistakes.collect():
            _, values = self.fitted()
            if self.has_waitress_options:
                mistakes += find_wrong_addresses(values)
        return self.locate(mistakes)


@dataclass(frozen=True)
class Stack:
    """Layers, and the application that they are around.

    :param application: None for filters alone, or after a mistake.
    :param mistakes: those found so far. All other parts can still be built and checked.
    :param filter_app: the section of a filter-app, whose options PasteDeploy takes for those of the application.
    """

    application: Application | None = None
    pipeline: Pipeline = field(default_factory=Pipeline)
    mistakes: tuple[Mistake, ...] = ()
    filter_app: Application | None = None

    def around(self, inner: "Stack") -> "Stack":
        """These layers around another stack."""
        return Stack(inner.application, Pipeline([*self.pipeline, *inner.pipeline]), (*self.mistakes, *inner.mistakes))

    def with_mistakes(self, mistakes: Iterable[Mistake]) -> "Stack":
        """The same stack with more mistakes."""
        return replace(self, mistakes=(*self.mistakes, *mistakes))

    def fitted(self) -> "Stack":
        """The same stack. Missing options of its layers are added to its mistakes."""
        specs: list[Spec] = []
        mistakes = Mistakes(self.mistakes)
        for spec in self.pipeline:
            with mistakes.collect():
                specs.append(spec.check())
        return replace(self, pipeline=Pipeline(specs), mistakes=tuple(mistakes))

    def build(self) -> App:
        """Load the application and wrap it."""
        mistakes = Mistakes(self.mistakes)
        app: App = stand_in
        with mistakes.collect():
            app = self.application.load() if self.application else app
        of_layers = Mistakes()
        with of_layers.collect():
            app = self.pipeline.wrap(app)
        mistakes += drop_consequences(self.mistakes, of_layers)
        if mistakes:
            raise ConfigError(*in_order(mistakes)) from mistakes.cause or of_layers.cause
        return app


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Mistakes by file and line, each once."""
    return sorted({str(each): each for each in mistakes}.values(), key=lambda each: each.where[:2])


def drop_consequences(known: Iterable[Mistake], mistakes: Iterable[Mistake]) -> list[Mistake]:
    """The mistakes without others about the same options as the known ones, because a wrong reference causes more."""
    first = {(each.where, each.key): each for each in known}
    return [each for each in mistakes if first.get((each.where, each.key), each) == each]


def stand_in(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Replace an application that could not be loaded, so that the layers can be checked."""
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []
