"""What the factory of a composite asks for the other parts of its configuration (PasteDeploy's loader)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from wsgistack.config.parts import Application, Server
from wsgistack.config.place import Place
from wsgistack.config.stack import Stack, stand_in
from wsgistack.errors import ConfigError, Mistakes
from wsgistack.options.references import Resolved
from wsgistack.types import App

if TYPE_CHECKING:
    from wsgistack.config.log import LoggingSetup

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

    def logging(self) -> "LoggingSetup | None":
        """What it says of logging, if it does."""


class DocumentLoader:
    """The parts of a document, built for the factory of a composite.

    What is wrong with a part is kept, and something harmless stands in for it, so that the factory asks for all.

    :param asked: the place of the composite.
    :param options: those of the composite, among which are the names that it asks for.
    """

    def __init__(self, document: Document, asked: Place, options: Mapping[str, object]) -> None:
        self._mistakes = Mistakes()
        self._is_finished = False
        self._document = document
        self._asked = asked
        self._options = options

    def get_app(self, name: str | App | None = None, global_conf: Mapping[str, str] | None = None) -> App:
        """The application of a name, or one that in Python stands there itself."""
        with self._noted():
            asked = self._asking(name, global_conf)
            if callable(name):
                return Application(name, where=asked.where, key=asked.key).load()
            return self._document.application(name or _MAIN, asked).fitted().build()
        return stand_in

    def get_filter(self, name: str | None = None, global_conf: Mapping[str, str] | None = None) -> Callable[[App], App]:
        """The filter of a name."""
        with self._noted():
            stack = self._document.filter(name or _MAIN, self._asking(name, global_conf)).fitted()
            stack.build()
            return stack.pipeline.wrap
        return lambda app: app

    def get_server(
        self, name: str | None = None, global_conf: Mapping[str, str] | None = None
    ) -> Callable[[App], object]:
        """The server of a name."""
        with self._noted():
            server = self._document.server(name or _MAIN, self._asking(name, global_conf))
            if found := server.check():
                raise ConfigError(*found)
            return server.run
        return lambda app: None

    def finish(self) -> None:
        """Raise all that was wrong with the parts that were asked for. From now on, that is raised at once."""
        self._is_finished = True
        self._mistakes.raise_if_any()

    def _noted(self) -> AbstractContextManager[None]:
        return nullcontext() if self._is_finished else self._mistakes.collect()

    def _asking(self, name: str | App | None, global_conf: Mapping[str, str] | None) -> Place:
        key = next((key for key, value in self._options.items() if value in (name or _MAIN,)), "")
        conf = {  # without that of the composite, as with PasteDeploy
            each: self._asked.global_conf.get(each, value) if isinstance(value, Resolved) else value
            for each, value in (global_conf or {}).items()  # and references as they were, to be filled in once
        }
        return self._asked.at(key)._replace(global_conf=conf)
