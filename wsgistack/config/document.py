"""A configuration in any format: its text, its parts by name, and what the factory of a composite asks it for."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from wsgistack.config.parts import ServerSection, Stack, stand_in
from wsgistack.config.place import Place
from wsgistack.config.protocols import is_factory
from wsgistack.errors import ConfigError, Mistakes, Where, did_you_mean, make_file_error, suggest
from wsgistack.options.references import Resolved
from wsgistack.pipeline.registry import normalize_name
from wsgistack.types import App

if TYPE_CHECKING:
    from wsgistack.config.logging import LoggingSetup

__all__ = ["Document", "DocumentLoader", "read_source"]

_Conf: TypeAlias = Mapping[str, str] | None


def read_source(path: Path) -> str:
    """Read a configuration file as UTF-8, with or without a byte order mark."""
    sys.audit("wsgistack.read", str(path))  # for serve --reload, which watches what is read
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig") if b"\0" not in content else ""
    except FileNotFoundError as error:
        if path.is_symlink():
            raise make_file_error(path, "broken link: its target does not exist") from error
        meant = Path(str(path).removeprefix("config:"))
        siblings = [each.name for each in meant.parent.iterdir()] if meant.parent.is_dir() else []
        file, _, name = meant.name.partition("#")
        hint = did_you_mean(meant.name, siblings)
        if file in siblings:
            fragment = f" with --name {name} (or name={name!r} in Python)" if name else ""
            hint = f"did you mean the file {str(meant.with_name(file))!r}{fragment}?"
        raise make_file_error(path, "file does not exist", hint=hint) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {content[error.start]:#04x} is not UTF-8"
        raise make_file_error(path, problem, line=line, hint="save the file in UTF-8") from error
    except (OSError, ValueError) as error:  # a ValueError: this is not a valid name of a file
        reason = error.strerror if isinstance(error, OSError) else error
        raise make_file_error(path, f"cannot be read: {reason}") from error
    if b"\0" in content:
        raise make_file_error(path, "not a text file", hint="save it in UTF-8")
    if not text.strip():
        raise make_file_error(path, "the file is empty")
    return text


class Document(ABC):
    """A configuration in any format: named parts.

    :ivar file: its name; empty without a file.
    :ivar applications: all applications, composites and pipelines by name. What describes one depends on the format.
    """

    file: str
    mistakes: Mistakes
    global_conf: Mapping[str, str]
    applications: Mapping[str, Any]
    filters: Mapping[str, Any]
    servers: Mapping[str, Any]

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
            return Stack(mistakes=error.mistakes)

    def filter(self, name: str, asked: Place) -> Stack:
        """What a name or URI means in the place of a filter: layers, without an application."""
        try:
            return self._filter(name, asked)
        except ConfigError as error:
            return Stack(mistakes=error.mistakes)

    def server(self, name: str, asked: Place) -> ServerSection:
        """What a name or URI means in the place of a server."""
        if name in self.servers or name.startswith("config:"):
            return self._server(name, asked)
        if is_factory(name):
            return ServerSection(name, {}, asked.global_conf, asked.where, asked.key)
        known = [each for each in self.servers if f"[server:{each}]" != asked.where.section]
        expected = "" if known or not asked.key else "egg:…, call:… or another server"
        hint = suggest(name, known) if known or asked.key else "the file describes no server: add a section for it"
        problem = self._name_file(f"unknown server {name!r}", asked)
        raise ConfigError(asked.mistake(problem, expected=expected, hint=hint))

    @abstractmethod
    def _application(self, name: str | App, asked: Place) -> Stack: ...

    @abstractmethod
    def _filter(self, name: str, asked: Place) -> Stack: ...

    @abstractmethod
    def _server(self, name: str, asked: Place) -> ServerSection: ...

    def _find_filter(self, name: str) -> str:
        """The filter that a name means, with ``-`` or ``_`` in it; empty without one."""
        alike = (each for each in self.filters if normalize_name(each) == normalize_name(name))
        return name if name in self.filters else next(alike, "")

    def _name_file(self, problem: str, asked: Place) -> str:
        """The problem with the name of this file, if another file asks."""
        return problem if asked.where.file == self.file else f"{problem} in {self.file}"

    def _make_loader(self, asked: Place) -> "Callable[[Mapping[str, object]], DocumentLoader]":
        return lambda options: DocumentLoader(self, asked, options)


class DocumentLoader:
    """The parts of a document, built for the factory of a composite (PasteDeploy's loader).

    The mistakes of a part are kept, and something harmless takes its place, so that the factory asks for all parts.

    :param options: those of the composite. Some of them are the names that it asks for.
    """

    def __init__(self, document: Document, asked: Place, options: Mapping[str, object]) -> None:
        self._mistakes = Mistakes()
        self._is_finished = False
        self._document = document
        self._asked = asked
        self._options = options

    def get_app(self, name: str | App | None = None, global_conf: _Conf = None) -> App:
        """The application of a name. In Python, the application itself may be given."""
        with self._collect():
            return self._document.application(name or "main", self._make_place(name, global_conf)).fitted().build()
        return stand_in

    def get_filter(self, name: str | None = None, global_conf: _Conf = None) -> Callable[[App], App]:
        """The filter of a name."""
        with self._collect():
            stack = self._document.filter(name or "main", self._make_place(name, global_conf)).fitted()
            stack.build()
            return stack.pipeline.wrap
        return lambda app: app

    def get_server(self, name: str | None = None, global_conf: _Conf = None) -> Callable[[App], object]:
        """The server of a name."""
        with self._collect():
            server = self._document.server(name or "main", self._make_place(name, global_conf))
            Mistakes(server.check()).raise_if_any()
            return server.run
        return lambda app: None

    def finish(self) -> Mistakes:
        """Give the mistakes of all parts. From now on, a mistake is raised at once."""
        self._is_finished = True
        return self._mistakes

    def _collect(self) -> AbstractContextManager[None]:
        return nullcontext() if self._is_finished else self._mistakes.collect()

    def _make_place(self, name: str | App | None, global_conf: _Conf) -> Place:
        key = next((key for key, value in self._options.items() if value in (name or "main",)), "")
        conf = {  # without that of the composite, as with PasteDeploy
            each: self._asked.global_conf.get(each, value) if isinstance(value, Resolved) else value
            for each, value in (global_conf or {}).items()  # the references are filled in later, once
        }
        return self._asked.at(key)._replace(global_conf=conf)
