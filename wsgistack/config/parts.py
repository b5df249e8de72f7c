"""The parts of a configuration that are no layers: applications and servers, as they are configured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path
from typing import Any, Protocol, Self

from wsgistack import options
from wsgistack.config.paste import APP_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, is_factory, paste_factory
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.imports import import_object
from wsgistack.redaction import texts_in, without
from wsgistack.references import has_references
from wsgistack.types import App

__all__ = ["Application", "Loader", "Server"]


class Loader(Protocol):
    """What PasteDeploy hands to the factory of a composite, to ask it for the other parts of the configuration."""

    mistakes: Mistakes
    """What was wrong with the parts that were asked for."""

    def get_app(self, name: str | None = None, global_conf: Mapping[str, str] | None = None) -> App:
        """The application of a name."""

    def get_filter(self, name: str | None = None, global_conf: Mapping[str, str] | None = None) -> Callable[[App], App]:
        """The filter of a name."""

    def get_server(
        self, name: str | None = None, global_conf: Mapping[str, str] | None = None
    ) -> Callable[[App], object]:
        """The server of a name."""


@dataclass(frozen=True)
class _Part:
    use: str | App
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, repr=False)
    where: Where = field(default=Where(), compare=False)
    key: str = field(default="", repr=False, compare=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False)

    @property
    def folder(self) -> Path | None:
        """Where relative paths start."""
        return Path(self.where.file).absolute().parent if self.where.file else None

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
        factory = paste_factory(str(self.use), protocols, self.global_conf)
        values, mistakes = options.fit(factory, self.options, base=self.folder)
        if mistakes:
            raise ConfigError(*mistakes)
        try:
            return factory(first, **values)
        except Exception as error:
            hidden = [
                text for name, value in values.items() if has_references(self.options[name]) for text in texts_in(value)
            ]
            found = error.mistakes if isinstance(error, ConfigError) else (_failed(factory, error),)
            raise ConfigError(*(without(hidden, each) for each in found)) from (None if hidden else error)

    def located(self, error: ConfigError) -> ConfigError:
        """The error with the places of its mistakes."""
        return ConfigError(
            *(
                each
                if each.where.file
                else each._replace(key=each.key or self.key, where=self.places.get(each.key, self.where))
                for each in error.mistakes
            )
        )


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
        try:
            return self._made() if is_factory(self.use) else self._plain()
        except ConfigError as error:
            raise self.located(error) from error.__cause__

    def _made(self) -> App:
        loader = self.loader(self.options) if self.loader else None
        app = self.called(APP_PROTOCOLS, loader)
        if loader and loader.mistakes:
            raise ConfigError(*loader.mistakes)
        if not callable(app):
            problem = f"{self.use} makes something of type {type(app).__name__}"
            raise ConfigError(Mistake(problem, expected="a WSGI application"))
        made: App = app
        return made

    def _plain(self) -> App:
        app = _callable(self.use) if isinstance(self.use, str) else self.use
        if self.options:
            name = next(iter(self.options))
            hint = f"for a factory that takes options, use = call:{self.use}"
            raise ConfigError(Mistake("the application itself takes no options", name, hint=hint))
        try:
            signature(app).bind(None, None)
        except TypeError as error:
            hint = f"for a factory, use = call:{self.use}"
            expected = "a WSGI application, which takes environ and start_response"
            raise ConfigError(Mistake(f"found {self.use!r}", "", self.use, expected, hint)) from error
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
            factory = paste_factory(str(self.use), SERVER_PROTOCOLS, self.global_conf)
            _, mistakes = options.fit(factory, self.options, base=self.folder)
        except ConfigError as error:
            mistakes = [*error.mistakes]
        return [*self.located(ConfigError(*mistakes)).mistakes]


def _failed(factory: PasteFactory, error: Exception) -> Mistake:
    return Mistake(f"{factory.uri} fails: {type(error).__name__}: {error}")


def _callable(text: str) -> App:
    found = import_object(text)
    if not callable(found):
        raise ConfigError(Mistake(f"{text!r} is of type {type(found).__name__}", value=text, expected="a callable"))
    app: App = found
    return app
