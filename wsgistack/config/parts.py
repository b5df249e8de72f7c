"""The parts of a configuration that are no layers: applications and servers, as they are configured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path
from typing import Any, Protocol, Self

from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, is_factory, paste_factory
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.imports import import_object, import_string_of
from wsgistack.options.references import resolve, unwrap_resolved
from wsgistack.options.schema import read_schema, show_options
from wsgistack.options.secrets import hide_secrets
from wsgistack.types import App

__all__ = ["Application", "Loader", "Server"]


class Loader(Protocol):
    """What gives the factory of a composite its parts, as far as an application has to know it."""

    def finish(self) -> None:
        """Raise all that was wrong with the parts that were asked for. From now on, that is raised at once."""


@dataclass(frozen=True)
class _Part:
    use: str | App
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, repr=False)
    where: Where = field(default=Where(), compare=False)
    key: str = field(default="", repr=False, compare=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False)

    def over(self, options: Mapping[str, object], places: Mapping[str, Where], global_conf: Mapping[str, str]) -> Self:
        """The same, with more options and global configuration, which go before its own."""
        return replace(
            self,
            options={**self.options, **options},
            places={**self.places, **places},
            global_conf={**self.global_conf, **global_conf},
        )

    def called(self, protocols: tuple[str, ...], first: object) -> Any:
        """Call the factory that ``use`` names.

        :raises ConfigError: there is none, it refuses its options, or fails.
        """
        factory, values = self.fitted(protocols)
        hidden = read_schema(factory).find_secrets(self.options, values)
        with hide_secrets(hidden, f"{self.use} fails", may_exit=protocols == SERVER_PROTOCOLS):
            return factory(first, **values)

    def fitted(self, protocols: tuple[str, ...]) -> tuple[PasteFactory, dict[str, object]]:
        """The factory that ``use`` names, and the options with their references filled in.

        :raises ConfigError: there is none, or the options don't fit.
        """
        factory = paste_factory(str(self.use), protocols, self.global_conf)
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
        """The options for the eyes of people: without secrets."""
        return show_options(
            lambda: read_schema(paste_factory(str(self.use), protocols, self.global_conf)), self.options
        )

    def located(self, error: ConfigError) -> ConfigError:
        """The error with the places of its mistakes."""
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

    :param use: an import string of a WSGI application, or the application itself; or a factory of PasteDeploy's, as
        ``egg:Distribution#name``, ``call:module:callable``, or a protocol and an import string.
    :param options: of a factory.
    :param global_conf: the global configuration that PasteDeploy's factories are given.
    :param loader: gives a composite its parts, whose names are among its options.
    """

    loader: Callable[[Mapping[str, object]], Loader] | None = field(default=None, repr=False, compare=False)

    def load(self) -> App:
        """Import the application, or make it.

        :raises ConfigError: that fails, or gives no WSGI application.
        """
        loader = self.loader(self.options) if self.loader else None
        try:
            app = self._made(loader) if is_factory(self.use) else self._plain()
        except ConfigError as error:
            mistakes = Mistakes()
            if loader:
                with mistakes.collect():
                    loader.finish()
            is_all = not mistakes  # or else these may be all that made the composite fail, if it names no option
            own = ConfigError(*(each for each in error.mistakes if is_all or each.key))
            raise ConfigError(*mistakes, *self.located(own).mistakes) from mistakes.cause or error.__cause__
        if loader:
            loader.finish()
        return app

    def _made(self, loader: Loader | None) -> App:
        app = self.called(APP_PROTOCOLS, loader)
        if not callable(app):
            problem = f"{self.use} returns a value of type {type(app).__name__}"
            raise ConfigError(Mistake(problem, expected="a WSGI application"))
        made: App = app
        return made

    def _plain(self) -> App:
        app = _callable(self.use) if isinstance(self.use, str) else self.use
        if self.options:
            name = next(iter(self.options))
            hint = f"for a factory that takes options, use = call:{_name(self.use)}"
            raise ConfigError(Mistake("the application itself takes no options", key=name, hint=hint))
        try:
            signature(app).bind(None, None)
        except TypeError as error:
            hint = f"for a factory, use = call:{_name(self.use)}"
            expected = "a WSGI application, which takes environ and start_response"
            raise ConfigError(
                Mistake(f"found {_name(self.use)!r}", value=self.use, expected=expected, hint=hint)
            ) from error
        except ValueError:  # a callable made in C may have no signature
            pass
        return app


@dataclass(frozen=True)
class Server(_Part):
    """A server as it is configured: a factory of PasteDeploy's, and its options."""

    def run(self, app: App) -> object:
        """Serve an application, until the server ends.

        :raises ConfigError: there is no such server, or it refuses its options.
        """
        try:
            return self.called(SERVER_PROTOCOLS, app)
        except ConfigError as error:
            raise self.located(error) from error.__cause__

    def check(self) -> list[Mistake]:
        """Say what is wrong with it, without starting it."""
        try:
            self.fitted(SERVER_PROTOCOLS)
        except ConfigError as error:
            return [*self.located(error).mistakes]
        return []


def _name(use: str | App) -> str:
    return use if isinstance(use, str) else import_string_of(use)


def _callable(text: str) -> App:
    found = import_object(text)
    if not callable(found):
        raise ConfigError(Mistake(f"{text!r} is of type {type(found).__name__}", value=text, expected="a callable"))
    app: App = found
    return app
