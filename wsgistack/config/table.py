"""A configuration as a table of tables, whether it is written in TOML or in Python: what its keys mean."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from wsgistack.config.loader import DocumentLoader
from wsgistack.config.parts import Application, Server
from wsgistack.config.paste import is_factory, used
from wsgistack.config.place import Place
from wsgistack.config.stack import Stack
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, nearest
from wsgistack.pipeline import Pipeline
from wsgistack.spec import Item, Spec
from wsgistack.types import App

__all__ = ["MOUNTS", "TableFile"]

MOUNTS = "egg:wsgistack#mount"
"""The composite that ``mounts`` means."""

_MAIN = "main"
_OF_AN_APPLICATION = ("app", "mounts", "layers")
_KEYS = (*_OF_AN_APPLICATION, "apps", "servers", "global", "logging")
_USABLE = "an import string, or a table with use"

_Path = tuple[str | int, ...]
_Table = Mapping[str, object]


class TableFile:
    """A configuration as a table.

    Its keys are

    - ``app``: an import string of a WSGI application; or a name of ``apps``; or a factory of PasteDeploy's, as
      ``egg:Distribution#name`` or ``call:module:callable``; or a table with one of these as ``use``, and the options of
      the factory;
    - ``mounts``: instead of ``app``, a table of path prefixes and names of ``apps``;
    - ``layers``: a list of what a :class:`~wsgistack.pipeline.Pipeline` takes, around that application;
    - ``apps``: a table of further applications by name, each a table of ``app`` or ``mounts``, and ``layers``;
    - ``servers``: a table of servers by name, each a table of ``use`` and the options of the server;
    - ``global``: the values that PasteDeploy's factories are given as global configuration;
    - ``logging``: what :func:`logging.config.dictConfig` takes.

    :param path: the file. Paths in it are relative to its folder; without a file, to the folder of the process.
    :param lines: the line of each key, by its path from the top.
    :param passed: the global configuration of who loads it.
    """

    def __init__(
        self, content: _Table, path: Path | None, lines: Mapping[_Path, int], passed: Mapping[str, str] | None = None
    ) -> None:
        self.file = str(path or "")
        self.folder = path.absolute().parent if path else None
        self.content = content
        self.mistakes = Mistakes()
        self._lines = lines
        self._know((), content, _KEYS)
        self._servers = self._tables("servers")
        self._apps = self._tables("apps")
        for name, entry in self._apps.items():
            self._know(("apps", name), entry, _OF_AN_APPLICATION)
        self._top = {key: content[key] for key in _OF_AN_APPLICATION if key in content}
        if self._top and _MAIN in self._apps:
            problem = f"{next(iter(self._top))!r} at the top is of the same application"
            self.mistakes.append(Mistake(problem, _MAIN, where=self._where(("apps", _MAIN))))
        built_in = {"here": str(self.folder), "__file__": str(self.folder / path.name)} if path and self.folder else {}
        self.global_conf = {**built_in, **self._globals(), **(passed or {})}

    def applications(self) -> list[str]:
        """The names of all applications."""
        return [*([_MAIN] if self._top else []), *self._apps]

    def filters(self) -> list[str]:
        """None: a layer has a name in its list alone."""
        return []

    def servers(self) -> list[str]:
        """The names of all servers."""
        return list(self._servers)

    def start(self) -> Place:
        """The place from where whoever reads the file asks."""
        return Place(Where(self.file), global_conf=self.global_conf)

    def application(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where an application has to be."""
        try:
            if name == _MAIN and self._top:
                return self._stack(self._top, (), asked._replace(trail=asked.step(name)))
            if name in self._apps:
                return self._stack(self._apps[name], ("apps", name), asked._replace(trail=asked.step(name)))
            if ":" in name:
                return Stack(
                    Application(name, {}, asked.global_conf, asked.where, asked.key, loader=self._loader(asked))
                )
            raise asked.wrong(f"no application {name!r}", nearest(name, self.applications()))
        except ConfigError as error:
            return Stack.broken(*error.mistakes)

    def filter(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where a filter has to be: a layer, without an application."""
        mistakes = Mistakes()
        with mistakes.caught(asked.key, asked.where):
            return Stack(pipeline=Pipeline([Spec(used(name, asked.global_conf), where=asked.where)]))
        return Stack.broken(*mistakes)

    def server(self, name: str, asked: Place) -> Server:
        """What a name or URI means where a server has to be.

        :raises ConfigError: there is no such server.
        """
        if name not in self._servers:
            if is_factory(name):
                return Server(name, {}, asked.global_conf, asked.where, asked.key)
            raise asked.wrong(f"no server {name!r}", nearest(name, self.servers()))
        options = dict(self._servers[name])
        where = self._where(("servers", name))
        use = options.pop("use", None)
        if not isinstance(use, str):
            raise ConfigError(Mistake(_type(use), "use", expected="a factory of a server, as egg:…", where=where))
        return Server(use, options, asked.global_conf, where, "use", self._places(("servers", name), options))

    def _stack(self, entry: _Table, at: _Path, asked: Place) -> Stack:
        outer = self._layers(entry.get("layers", []), (*at, "layers"))
        given = [key for key in ("app", "mounts") if key in entry]
        if not given:
            wrong = Mistake("is missing", "app", expected=f"{_USABLE}, or mounts", where=self._where((*at, "app")))
            return outer.with_mistakes([wrong])
        if len(given) > 1:
            where = self._where((*at, given[1]))
            return outer.with_mistakes([Mistake("stands beside app", given[1], hint="keep one of them", where=where)])
        key = given[0]
        where = self._where((*at, key))
        found = _use_and_options(key, entry[key])
        if found is None:
            expected = "a table of prefixes and names" if key == "mounts" else _USABLE
            return outer.with_mistakes([Mistake(_type(entry[key]), key, expected=expected, where=where)])
        use, options = found
        places = self._places((*at, key), options)
        place = Place(where, key, asked.trail, asked.global_conf, {name: each.line for name, each in places.items()})
        inner = self.application(use, place) if isinstance(use, str) else Stack(Application(use, where=where))
        base = inner.application
        if base is None or not options:
            return outer.around(inner)
        application = replace(base.over(options, places, {}), loader=self._loader(place))
        return outer.around(replace(inner, application=application))

    def _layers(self, given: object, at: _Path) -> Stack:
        if not isinstance(given, (list, tuple)):
            return Stack.broken(Mistake(_type(given), "layers", expected="a list", where=self._where(at)))
        mistakes = Mistakes()
        specs = []
        for number, item in enumerate(given, 1):
            with mistakes.caught():
                specs.append(self._layer(item, number, (*at, number - 1)))
        return Stack(pipeline=Pipeline(specs), mistakes=tuple(mistakes))

    def _layer(self, item: object, number: int, at: _Path) -> Spec:
        within = ".".join(map(str, at[:-2]))

        def place(key: str, section: str) -> Where:
            return self._where((*at, key))._replace(section=f"{within} {section}".strip())

        try:
            spec = Spec.of(cast(Item, item), number)
        except ConfigError as error:
            placed = (each._replace(where=place(each.key, each.where.section)) for each in error.mistakes)
            raise ConfigError(*placed) from error
        below = {path[len(at) :]: line for path, line in self._lines.items() if path[: len(at)] == at}
        lines = {".".join(map(str, path)).removeprefix("options."): line for path, line in below.items()}
        mistakes = Mistakes()
        with mistakes.caught("use", place("use", spec.where.section)):
            use = used(spec.use, self.global_conf) if isinstance(spec.use, str) else spec.use
            where = place("", spec.where.section)
            return replace(spec, use=use, name=spec.name, where=where, lines=lines).fitted(base=self.folder)
        raise ConfigError(*mistakes)

    def _globals(self) -> dict[str, str]:
        found = {}
        for key, value in self._table("global").items():
            if isinstance(value, (str, int, float)):
                found[key] = str(value).lower() if isinstance(value, bool) else str(value)
            else:
                self.mistakes.append(Mistake(_type(value), key, expected="text", where=self._where(("global", key))))
        return found

    def _tables(self, key: str) -> dict[str, _Table]:
        """The tables of a table."""
        found = {}
        for name, value in self._table(key).items():
            if isinstance(value, Mapping):
                found[name] = value
            else:
                self.mistakes.append(Mistake(_type(value), name, expected="a table", where=self._where((key, name))))
        return found

    def _table(self, key: str) -> _Table:
        value = self.content.get(key, {})
        if isinstance(value, Mapping):
            return value
        self.mistakes.append(Mistake(_type(value), key, expected="a table", where=self._where((key,))))
        return {}

    def _know(self, at: _Path, table: _Table, known: Collection[str]) -> None:
        """Refuse keys that a table can't have."""
        for key in table:
            if key not in known:
                self.mistakes.append(
                    Mistake("no such key", key, hint=nearest(key, known), where=self._where((*at, key)))
                )

    def _places(self, at: _Path, options: Collection[str]) -> dict[str, Where]:
        return {name: self._where((*at, name)) for name in options}

    def _where(self, at: _Path) -> Where:
        """The place of a key, or of what it stands in."""
        line = next((self._lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in self._lines), 0)
        return Where(self.file, line, ".".join(map(str, at[:-1])))

    def _loader(self, asked: Place) -> Callable[[Mapping[str, object]], DocumentLoader]:
        return lambda options: DocumentLoader(self, asked, options)


def _use_and_options(key: str, given: object) -> tuple[str | App, dict[str, object]] | None:
    if key == "mounts":
        return (MOUNTS, dict(given)) if isinstance(given, Mapping) else None
    options = dict(given) if isinstance(given, Mapping) else {"use": given}
    use = options.pop("use", None)
    return (use, options) if isinstance(use, str) or callable(use) else None


def _type(value: object) -> str:
    return "is missing" if value is None else f"is of type {type(value).__name__}"
