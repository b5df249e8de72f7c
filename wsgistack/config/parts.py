"""The parts of a configuration around the layers: applications and servers, as they are configured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import iscoroutinefunction, signature
from pathlib import Path
from typing import Any, Protocol, Self

from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, find_factory, is_factory
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.imports import import_object, import_string_of
from wsgistack.options.references import resolve, unwrap_resolved
from wsgistack.options.schema import read_schema, show_options
from wsgistack.options.secrets import hide_secrets
from wsgistack.types import App

__all__ = ["Application", "Loader", "Server"]


class Loader(Protocol):
    """Gives the factory of a composite its parts."""

    def finish(self) -> None:
        """Raise the mistakes of all parts. From now on, a mistake is raised at once."""


@dataclass(frozen=True)
class _Part:
    use: str | App
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, repr=False)
    where: Where = field(default=Where(), compare=False)
    key: str = field(default="", repr=False, compare=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False)

    def over(self, options: Mapping[str, object], places: Mapping[str, Where], global_conf: Mapping[str, str]) -> Self:
        """The same part with more options and global configuration, which override its own."""
        return replace(
            self,
            options={**self.options, **options},
            places={**self.places, **places},
            global_conf={**self.global_conf, **global_conf},
        )

    def call_factory(self, protocols: tuple[str, ...], first: object) -> Any:
        """Call the factory that ``use`` names.

        :raises ConfigError: the factory is unknown, its options do not fit, or it fails.
        """
        factory, values = self.fitted(protocols)
        hidden = read_schema(factory).find_secrets(self.options, values)
        with hide_secrets(hidden, f"{self.use} fails", may_exit=protocols == SERVER_PROTOCOLS):
            return factory(first, **values)

    def fitted(self, protocols: tuple[str, ...]) -> tuple[PasteFactory, dict[str, object]]:
        """The factory that ``use`` names, and the options with their references filled in.

        :raises ConfigError: the factory is unknown, or its options do not fit.
        """
        factory = find_factory(str(self.use), protocols, self.global_conf)
        schema = read_schema(factory)
        values, mistakes = schema.check(self.options)
        mistakes += schema.find_missing(self.options)
        for name, value in values.items():
            file = self.places.get(name, self.where).file
            with mistakes.collect(name):
                values[name] = unwrap_resolved(resolve(value, base=Path(file).absolute().parent if file else None))
        mistakes.raise_if_any()
        return factory, values

    def shown(self, protocols: tuple[str, ...]) -> dict[str, object]:
        """The options without secrets, to show them to people."""
        return show_options(lambda: read_schema(find_factory(str(self.use), protocols, self.global_conf)), self.options)

    def locate(self, error: ConfigError) -> ConfigError:
        """The same error, with the place of each mistake."""
        mistakes = []
        for each in error.mistakes:
            place = self.places.get(each.key, self.where)
            key = each.key or ("" if each.where.section else self.key)
            section = f"{place.section} {each.where.section}".strip()
            if not each.where.file:
                each = each._replace(key=key, where=place._replace(section=section))
            elif not each.where.line and Path(each.where.file).absolute() == Path(place.file).absolute():
                each = each._replace(where=place)
            mistakes.append(each)
        return ConfigError(*mistakes)


@dataclass(frozen=True)
class Application(_Part):
    """An application as it is configured.

    :param use: an import string of a WSGI application, or the application itself; or a factory for PasteDeploy, as
        ``egg:Distribution#name``, ``call:module:callable``, or a protocol and an import string.
    :param options: those of the factory.
    :param global_conf: the global configuration that the factory gets.
    :param loader: gives a composite the parts that its options name.
    """

    loader: Callable[[Mapping[str, object]], Loader] | None = field(default=None, repr=False, compare=False)

    def load(self) -> App:
        """Import the application, or make it.

        :raises ConfigError: that fails, or the result is not a WSGI application.
        """
        loader = self.loader(self.options) if self.loader else None
        try:
            app = self._make(loader) if is_factory(self.use) else self._import()
        except ConfigError as error:
            mistakes = Mistakes()
            if loader:
                with mistakes.collect():
                    loader.finish()
            is_all = not mistakes  # otherwise the parts may be the reason why the composite fails
            own = ConfigError(*(each for each in error.mistakes if is_all or each.key))
            raise ConfigError(*mistakes, *self.locate(own).mistakes) from mistakes.cause or error.__cause__
        if loader:
            loader.finish()
        return app

    def _make(self, loader: Loader | None) -> App:
        app = self.call_factory(APP_PROTOCOLS, loader)
        if not callable(app):
            problem = f"{self.use} returns a value of type {type(app).__name__}"
            raise ConfigError(Mistake(problem, expected="a WSGI application"))
        made: App = app
        return made

    def _import(self) -> App:
        app = _import_callable(self.use) if isinstance(self.use, str) else self.use
        name = self.use if isinstance(self.use, str) else import_string_of(self.use)
        factory_hint = f"for a factory, write use = call:{name}"
        try:
            shape = signature(app)
        except ValueError:  # a callable made in C may have no signature
            return app
        try:
            shape.bind(None, None)
        except TypeError as error:
            is_asgi = iscoroutinefunction(app) or iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004
            expected = "a callable that takes environ and start_response"
            hint = "for an ASGI application, use an ASGI server, or wrap it by a2wsgi.ASGIMiddleware" if is_asgi else ""
            if not is_asgi and shape.parameters:
                hint = factory_hint
            problem = f"{name!r} is not a WSGI application"
            raise ConfigError(Mistake(problem, value=self.use, expected=expected, hint=hint)) from error
        for key in self.options:
            hint = "remove this setting" if [*shape.parameters][1:] == ["start_response"] else factory_hint
            raise ConfigError(Mistake(f"{name!r} is a WSGI application, which takes no options", key=key, hint=hint))
        return app


@dataclass(frozen=True)
class Server(_Part):
    """A server as it is configured: a factory for PasteDeploy, and its options."""

    def run(self, app: App) -> object:
        """Serve an application, until the server ends.

        :raises ConfigError: the server is unknown, or its options do not fit.
        """
        try:
            return self.call_factory(SERVER_PROTOCOLS, app)
        except ConfigError as error:
            raise self.locate(error) from error.__cause__

    def check(self) -> list[Mistake]:
        """Find its mistakes, without starting it."""
        try:
            self.fitted(SERVER_PROTOCOLS)
        except ConfigError as error:
            return [*self.locate(error).mistakes]
        return []


def _import_callable(text: str) -> App:
    found = import_object(text)
    if not callable(found):
        problem = f"{text!r} is of type {type(found).__name__}"
        raise ConfigError(Mistake(problem, value=text, expected="a WSGI application"))
    app: App = found
    return app
