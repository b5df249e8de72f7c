"""A configuration in any format, and what the factory of a composite asks it for (PasteDeploy's loader)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from wsgistack.config.parts import Application, Server
from wsgistack.config.place import Place
from wsgistack.config.protocols import is_factory
from wsgistack.config.stack import Stack, stand_in
from wsgistack.errors import ConfigError, Mistakes, Where, suggest
from wsgistack.options.references import Resolved
from wsgistack.types import App

if TYPE_CHECKING:
    from wsgistack.config.logging import LoggingSetup

__all__ = ["Document", "DocumentLoader"]

_MAIN = "main"


class Document(ABC):
    """A configuration in any format: named parts.

    :ivar file: its name; empty without a file.
    :ivar mistakes: those of the file as a whole.
    :ivar global_conf: PasteDeploy's global configuration.
    """

    file: str
    mistakes: Mistakes
    global_conf: Mapping[str, str]

    @abstractmethod
    def applications(self) -> list[str]:
        """The names of all applications, composites and pipelines."""

    @abstractmethod
    def filters(self) -> list[str]:
        """The names of all filters."""

    @abstractmethod
    def servers(self) -> list[str]:
        """The names of all servers."""

    @abstractmethod
    def logging(self) -> "LoggingSetup | None":
        """Its logging, if it describes any."""

    def start(self) -> Place:
        """The place from which a reader of the configuration asks."""
        return Place(Where(self.file), global_conf=self.global_conf)

    def application(self, name: str | App, asked: Place) -> Stack:
        """What a name or URI means in the place of an application."""
        try:
            return self._application(name, asked)
        except ConfigError as error:
            return Stack.broken(*error.mistakes)

    def filter(self, name: str, asked: Place) -> Stack:
        """What a name or URI means in the place of a filter: layers, without an application."""
        try:
            return self._filter(name, asked)
        except ConfigError as error:
            return Stack.broken(*error.mistakes)

    def server(self, name: str, asked: Place) -> Server:
        """What a name or URI means in the place of a server.

        :raises ConfigError: it means no server.
        """
        if name in self.servers() or name.startswith("config:"):
            return self._server(name, asked)
        if is_factory(name):
            return Server(name, {}, asked.global_conf, asked.where, asked.key)
        known = [each for each in self.servers() if f"[server:{each}]" != asked.where.section]
        expected = "" if known or not asked.key else "egg:…, call:… or another server"
        raise ConfigError(asked.mistake(f"unknown server {name!r}", expected=expected, hint=suggest(name, known)))

    @abstractmethod
    def _application(self, name: str | App, asked: Place) -> Stack: ...

    @abstractmethod
    def _filter(self, name: str, asked: Place) -> Stack: ...

    @abstractmethod
    def _server(self, name: str, asked: Place) -> Server: ...

    def _make_loader(self, asked: Place) -> "Callable[[Mapping[str, object]], DocumentLoader]":
        return lambda options: DocumentLoader(self, asked, options)


class DocumentLoader:
    """The parts of a document, built for the factory of a composite.

    The mistakes of a part are kept, and something harmless takes its place, so that the factory asks for all parts.

    :param asked: the place of the composite.
    :param options: those of the composite. Some of them are the names that it asks for.
    """

    def __init__(self, document: Document, asked: Place, options: Mapping[str, object]) -> None:
        self._mistakes = Mistakes()
        self._is_finished = False
        self._document = document
        self._asked = asked
        self._options = options

    def get_app(self, name: str | App | None = None, global_conf: Mapping[str, str] | None = None) -> App:
        """The application of a name. In Python, the application itself may be given."""
        with self._collect():
            asked = self._make_place(name, global_conf)
            if callable(name):
                return Application(name, where=asked.where, key=asked.key).load()
            return self._document.application(name or _MAIN, asked).fitted().build()
        return stand_in

    def get_filter(self, name: str | None = None, global_conf: Mapping[str, str] | None = None) -> Callable[[App], App]:
        """The filter of a name."""
        with self._collect():
            stack = self._document.filter(name or _MAIN, self._make_place(name, global_conf)).fitted()
            stack.build()
            return stack.pipeline.wrap
        return lambda app: app

    def get_server(
        self, name: str | None = None, global_conf: Mapping[str, str] | None = None
    ) -> Callable[[App], object]:
        """The server of a name."""
        with self._collect():
            server = self._document.server(name or _MAIN, self._make_place(name, global_conf))
            if found := server.check():
                raise ConfigError(*found)
            return server.run
        return lambda app: None

    def finish(self) -> None:
        """Raise the mistakes of all parts. From now on, a mistake is raised at once."""
        self._is_finished = True
        self._mistakes.raise_if_any()

    def _collect(self) -> AbstractContextManager[None]:
        return nullcontext() if self._is_finished else self._mistakes.collect()

    def _make_place(self, name: str | App | None, global_conf: Mapping[str, str] | None) -> Place:
        key = next((key for key, value in self._options.items() if value in (name or _MAIN,)), "")
        conf = {  # without that of the composite, as with PasteDeploy
            each: self._asked.global_conf.get(each, value) if isinstance(value, Resolved) else value
            for each, value in (global_conf or {}).items()  # the references are filled in later, once
        }
        return self._asked.at(key)._replace(global_conf=conf)
