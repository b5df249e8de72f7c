"""What the factory of a composite asks for the other parts of its configuration (PasteDeploy's loader)."""

from collections.abc import Callable, Mapping
from typing import Protocol

from wsgistack.config.parts import Server
from wsgistack.config.place import Place
from wsgistack.config.stack import Stack, stand_in
from wsgistack.errors import ConfigError, Mistakes
from wsgistack.types import App

__all__ = ["Document", "DocumentLoader"]

_MAIN = "main"


class Document(Protocol):
    """A configuration, whatever it is written in: parts that have names."""

    mistakes: Mistakes
    """What is wrong with it as a whole."""

    def applications(self) -> list[str]:
        """The names of all applications, composites and pipelines."""

    def filters(self) -> list[str]:
        """The names of all filters."""

    def servers(self) -> list[str]:
        """The names of all servers."""

    def start(self) -> Place:
        """The place from where whoever reads the configuration asks."""

    def application(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where an application has to be."""

    def filter(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where a filter has to be."""

    def server(self, name: str, asked: Place) -> Server:
        """What a name or URI means where a server has to be."""


class DocumentLoader:
    """The parts of a document, built for the factory of a composite.

    What is wrong with a part is kept, and something harmless stands in for it, so that the factory asks for all.

    :param asked: the place of the composite.
    :param options: those of the composite, among which are the names that it asks for.
    """

    def __init__(self, document: Document, asked: Place, options: Mapping[str, object]) -> None:
        self.mistakes = Mistakes()
        self._document = document
        self._asked = asked
        self._keys = {value: key for key, value in options.items() if isinstance(value, str)}

    def get_app(self, name: str | None = None, global_conf: Mapping[str, str] | None = None) -> App:
        """The application of a name."""
        with self.mistakes.caught():
            return self._document.application(name or _MAIN, self._asking(name, global_conf)).fitted().build()
        return stand_in

    def get_filter(self, name: str | None = None, global_conf: Mapping[str, str] | None = None) -> Callable[[App], App]:
        """The filter of a name."""
        with self.mistakes.caught():
            stack = self._document.filter(name or _MAIN, self._asking(name, global_conf)).fitted()
            stack.build()
            return stack.pipeline.wrap
        return lambda app: app

    def get_server(
        self, name: str | None = None, global_conf: Mapping[str, str] | None = None
    ) -> Callable[[App], object]:
        """The server of a name."""
        with self.mistakes.caught():
            server = self._document.server(name or _MAIN, self._asking(name, global_conf))
            if found := server.check():
                raise ConfigError(*found)
            return server.run
        return lambda app: None

    def _asking(self, name: str | None, global_conf: Mapping[str, str] | None) -> Place:
        asked = self._asked.at(self._keys.get(name or _MAIN, ""))
        return asked._replace(global_conf={**asked.global_conf, **(global_conf or {})})
