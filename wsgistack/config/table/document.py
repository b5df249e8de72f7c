"""A configuration as a table of tables, whether it is written in TOML or in Python: what its keys mean."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wsgistack.config.hints import no_application, of_other_kind
from wsgistack.config.loader import DocumentLoader
from wsgistack.config.parts import Application, Server
from wsgistack.config.place import Place
from wsgistack.config.protocols import is_factory
from wsgistack.config.stack import Stack
from wsgistack.config.table import lines
from wsgistack.config.table.layers import Layers
from wsgistack.config.table.tree import Table, Tree
from wsgistack.errors import ConfigError, Mistakes, Where, describe_type, suggest
from wsgistack.pipeline import Pipeline, registry
from wsgistack.types import App

if TYPE_CHECKING:
    from wsgistack.config.log import LoggingSetup

__all__ = ["MOUNTS", "TableFile"]

MOUNTS = "egg:wsgistack#mount"
"""The composite that ``mounts`` means."""

_MAIN = "main"
_OF_AN_APPLICATION = ("app", "mounts", "layers")
_KEYS = (*_OF_AN_APPLICATION, "apps", "filters", "servers", "global", "logging")
_KEYS_OF_AN_ENTRY = (*_OF_AN_APPLICATION, "global")
_USABLE = "an import string, or a table with use"


class TableFile:
    """A configuration as a table.

    Its keys are

    - ``app``: an import string of a WSGI application; or a name of ``apps``; or a factory of PasteDeploy's, as
      ``egg:Distribution#name`` or ``call:module:callable``; or a table with one of these as ``use``, and the options of
      the factory;
    - ``mounts``: instead of ``app``, a table of path prefixes and names of ``apps``, or in Python applications;
    - ``layers``: a list of what a :class:`~wsgistack.pipeline.Pipeline` takes, around that application;
    - ``apps``: a table of further applications by name, each a table of ``app`` or ``mounts``, ``layers``, and a
      ``global`` of its own, which goes before that of the file, for what is inside as well;
    - ``filters``: a table of layers by name, for lists of layers to name, and for composites to ask for;
    - ``servers``: a table of servers by name, each a table of ``use`` and the options of the server;
    - ``global``: the values that PasteDeploy's factories are given as global configuration;
    - ``logging``: what :func:`logging.config.dictConfig` takes.

    :param path: the file. Paths in it are relative to its folder; without a file, to the folder of the process.
    :param places: the line of each key, by its path from the top.
    :param passed: the global configuration of who loads it.
    """

    def __init__(
        self,
        content: Mapping[str, object],
        path: Path | None,
        places: Mapping[lines.Path, int],
        passed: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = path.absolute().parent if path else None
        self.tree = tree = Tree(content, str(path or ""), places)
        self.mistakes = tree.mistakes
        tree.know((), tree.content, _KEYS)
        self._servers = tree.tables("servers")
        self._apps = tree.tables("apps")
        self._layers = Layers(tree, self.folder, self._apps)
        for name, entry in self._apps.items():
            tree.know(("apps", name), entry, _KEYS_OF_AN_ENTRY)
        self._top = {key: tree.content[key] for key in _OF_AN_APPLICATION if key in tree.content}
        if self._top and _MAIN in self._apps:
            problem = f"{next(iter(self._top))!r} at the top is of the same application"
            self.mistakes += tree.wrong(("apps", _MAIN), problem).mistakes
        built_in = {"here": str(self.folder), "__file__": str(self.folder / path.name)} if path and self.folder else {}
        self.global_conf = {**built_in, **tree.texts(tree.content, ("global",)), **(passed or {})}
        self._own = {name: tree.texts(entry, ("apps", name, "global")) for name, entry in self._apps.items()}

    def applications(self) -> list[str]:
        """The names of all applications."""
        return [*([_MAIN] if self._top else []), *self._apps]

    def filters(self) -> list[str]:
        """The names of all filters."""
        return list(self._layers.filters)

    def servers(self) -> list[str]:
        """The names of all servers."""
        return list(self._servers)

    def start(self) -> Place:
        """The place from where whoever reads the file asks."""
        return Place(Where(self.tree.file), global_conf=self.global_conf)

    def application(self, name: str | App, asked: Place) -> Stack:
        """What a name or URI means where an application has to be."""
        try:
            return self._application(name, asked)
        except ConfigError as error:
            return Stack.broken(*error.mistakes)

    def filter(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where a filter has to be: a layer, without an application."""
        mistakes = Mistakes()
        with mistakes.collect(asked.key, asked.where):
            return Stack(pipeline=Pipeline([self._layers.filter(name, asked)]))
        return Stack.broken(*mistakes)

    def server(self, name: str, asked: Place) -> Server:
        """What a name or URI means where a server has to be.

        :raises ConfigError: there is no such server.
        """
        if name not in self._servers:
            if is_factory(name):
                return Server(name, {}, asked.global_conf, asked.where, asked.key)
            raise asked.wrong(f"no server {name!r}", suggest(name, self.servers()))
        options = dict(self._servers[name])
        at = ("servers", name, "use")
        use = self.tree.name(options.pop("use", None), str(at[-1]), self.tree.where(at), self.folder)
        if not isinstance(use, str):
            raise self.tree.wrong(at, describe_type(use), "a factory of a server, as egg:…")
        where = self.tree.where(at)
        conf = {**self.global_conf, **asked.global_conf}
        return Server(use, options, conf, where, "use", self.tree.places(("servers", name), options))

    def logging(self) -> "LoggingSetup | None":
        """What the table ``logging`` says, if there is one."""
        if "logging" not in self.tree.content:
            return None
        from wsgistack.config.log import table_logging  # it imports a lot that only a process that serves needs

        return table_logging(self.tree.content["logging"], Path(self.tree.file), self.tree.lines)

    def _application(self, name: str | App, asked: Place) -> Stack:
        is_top = name == _MAIN and bool(self._top)
        if isinstance(name, str) and name.startswith("config:"):
            raise asked.wrong("another file can be used in an ini file alone")
        if callable(name) or (":" in name and name not in self._apps):
            return Stack(Application(name, {}, asked.global_conf, asked.where, asked.key, loader=self._loader(asked)))
        if not is_top and name not in self._apps:
            if registry.has(name):
                raise of_other_kind(name, "a layer", asked)
            raise no_application(name, asked, self.applications())
        entry = self._top if is_top else self._apps[name]
        at: lines.Path = () if is_top else ("apps", name)
        conf = {**self.global_conf, **asked.global_conf, **({} if is_top else self._own[name])}
        asked = asked._replace(trail=asked.step(name), global_conf=conf)
        mistakes = Mistakes()
        stack = self._layers.listed(entry.get("layers", []), (*at, "layers"), conf)
        with mistakes.collect():
            stack = stack.around(self._inner(entry, at, asked))
        return stack.with_mistakes(mistakes)

    def _inner(self, entry: Table, at: lines.Path, asked: Place) -> Stack:
        """The application that the layers of an entry are around."""
        given = [key for key in ("app", "mounts") if key in entry]
        if not given:
            raise self.tree.wrong((*at, "app"), "is missing", f"{_USABLE}, or mounts")
        if len(given) > 1:
            raise self.tree.wrong((*at, "mounts"), "stands beside app", hint="keep one of them")
        at = (*at, given[0])
        use, options = self._use(entry[given[0]], at)
        places = self.tree.places(at, options)
        numbers = {name: each.line for name, each in places.items()}
        place = Place(self.tree.where(at), given[0], asked.trail, asked.global_conf, numbers)
        stack = self.application(use, place)
        if stack.application is None or not options:
            return stack
        inside = place._replace(where=self.tree.where((*at, "")))
        return replace(
            stack, application=replace(stack.application.over(options, places, {}), loader=self._loader(inside))
        )

    def _use(self, given: object, at: lines.Path) -> tuple[str | App, dict[str, object]]:
        """What is used for an application, and its options."""
        if at[-1] == "mounts":
            options = self.tree.named(given, at)
            mistakes = Mistakes()
            for prefix, each in options.items():
                if not (isinstance(each, str) or callable(each)):
                    mistakes += self.tree.wrong(
                        (*at, prefix), describe_type(each), "the name of an application"
                    ).mistakes
            mistakes.raise_if_any()
            return MOUNTS, options
        options = self.tree.named(given, at) if isinstance(given, Mapping) else {"use": given}
        at = (*at, "use") if isinstance(given, Mapping) else at
        use = self.tree.name(options.pop("use", None), str(at[-1]), self.tree.where(at), self.folder)
        if not (isinstance(use, str) or callable(use)):
            raise self.tree.wrong(at, describe_type(use), _USABLE)
        return use, options

    def _loader(self, asked: Place) -> Callable[[Mapping[str, object]], DocumentLoader]:
        return lambda options: DocumentLoader(self, asked, options)
