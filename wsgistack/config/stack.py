"""What a configuration describes: an application, and the layers around it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from wsgistack import registry
from wsgistack.config.paste import APP_FACTORY
from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.imports import import_object
from wsgistack.pipeline import Pipeline
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Application", "Stack", "in_order", "stand_in"]


@dataclass(frozen=True)
class Application:
    """An application as it is configured.

    :param use: an import string of a WSGI application, or ``egg:Distribution#name`` or ``call:module:callable`` for a
        factory of PasteDeploy's, which is called with the global configuration and the options, all of them text.
    """

    use: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, repr=False)
    where: Where = field(default=Where(), compare=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False)

    def load(self) -> App:
        """Import the application, or make it.

        :raises ConfigError: that fails, or gives no WSGI application.
        """
        try:
            return self._loaded()
        except ConfigError as error:
            raise ConfigError(
                *(each._replace(where=self.places.get(each.key, self.where)) for each in error.mistakes)
            ) from error

    def _loaded(self) -> App:
        scheme, _, rest = self.use.partition(":")
        factory: Callable[..., Any]
        match scheme:
            case "egg":
                factory = registry.load(registry.egg_entry_point(rest, (APP_FACTORY,)))
            case "call":
                factory = _callable(rest)
            case _:
                return self._plain()
        try:
            app = factory(dict(self.global_conf), **self.options)
        except Exception as error:
            problem = f"{self.use} can't make the application: {type(error).__name__}: {error}"
            raise ConfigError(Mistake(problem)) from error
        if not callable(app):
            problem = f"{self.use} makes something of type {type(app).__name__}"
            raise ConfigError(Mistake(problem, expected="a WSGI application"))
        made: App = app
        return made

    def _plain(self) -> App:
        app = _callable(self.use)
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
class Stack:
    """An application and the layers around it, as read from a configuration.

    :param mistakes: what was found wrong so far; what is not in them can still be built and checked.
    """

    application: Application | None
    pipeline: Pipeline
    mistakes: tuple[Mistake, ...] = ()

    def build(self) -> App:
        """Load the application and wrap it.

        :raises ConfigError: it holds every mistake of the configuration, in the order of the file.
        """
        mistakes = list(self.mistakes)
        app: App = stand_in
        try:
            if self.application:
                app = self.application.load()
        except ConfigError as error:
            mistakes += error.mistakes
        try:
            app = self.pipeline.wrap(app)
        except ConfigError as error:
            mistakes += error.mistakes
        if mistakes:
            raise ConfigError(*in_order(mistakes))
        return app


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Mistakes by file and line, each once."""
    return sorted({str(each): each for each in mistakes}.values(), key=lambda each: each.where[:2])


def stand_in(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Stand where no application could be loaded, so that the layers can be checked."""
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _callable(text: str) -> Callable[..., Any]:
    found = import_object(text)
    if not callable(found):
        raise ConfigError(Mistake(f"{text!r} is of type {type(found).__name__}", value=text, expected="a callable"))
    return found
