"""A configuration as a table, from TOML or from Python: what its keys mean."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wsgistack.config.document import Document
from wsgistack.config.hints import make_kind_error, make_unknown_error
from wsgistack.config.parts import Application, Server, Stack
from wsgistack.config.place import Place
from wsgistack.config.protocols import find_layer
from wsgistack.config.table.table import Table
from wsgistack.config.table.toml import KeyPath
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type
from wsgistack.pipeline import Pipeline, registry
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Item, Spec
from wsgistack.types import App, Factory

if TYPE_CHECKING:
    from wsgistack.config.logging import LoggingSetup

__all__ = ["MOUNTS", "TableFile"]

MOUNTS = "egg:wsgistack#mount"
"""The composite that ``mounts`` means."""

_MAIN = "main"
_FILTERS = "filters"
_OF_APPLICATION = ("app", "mounts", "layers")
_KEYS = (*_OF_APPLICATION, "apps", _FILTERS, "servers", "global", "logging")
_KEYS_OF_ENTRY = (*_OF_APPLICATION, "global")
_USABLE = "an import string, or a table with use"
_USABLE_SERVER = "a server factory such as egg:waitress"


class TableFile(Document):
    """A configuration as a table.

    Its keys are

    - ``app``: an import string of a WSGI application; or a name of ``apps``; or a factory for PasteDeploy, as
      ``egg:Distribution#name`` or ``call:module:callable``; or a table with one of these as ``use``, and the options of
      the factory;
    - ``mounts``: instead of ``app``, a table of path prefixes and names of ``apps``, or in Python applications;
    - ``layers``: a list as :class:`~wsgistack.pipeline.Pipeline` takes it, around that application;
    - ``apps``: a table of more applications by name, each a table of ``app`` or ``mounts``, ``layers``, and its own
      ``global``, which overrides that of the file, also for what is inside;
    - ``filters``: a table of layers by name, which lists of layers can name and composites can ask for;
    - ``servers``: a table of servers by name, each a table of ``use`` and the options of the server;
    - ``global``: the values that factories for PasteDeploy get as global configuration;
    - ``logging``: what :func:`logging.config.dictConfig` takes.

    :param path: the file. Paths in it are relative to its folder; without a file, to the current folder.
    :param lines: the line of each key, by its path from the top.
    :param passed: more global configuration. It overrides that of the file.
    """

    def __init__(
        self,
        content: Mapping[str, object],
        path: Path | None,
        lines: Mapping[KeyPath, int],
        passed: Mapping[str, str] | None = None,
    ) -> None:
        self.file = str(path or "")
        self.folder = path.absolute().parent if path else None
        self.table = table = Table(content, self.file, lines)
        self.mistakes = table.mistakes
        table.check_keys((), table.content, _KEYS)
        self._servers = table.get_tables("servers")
        self._apps = table.get_tables("apps")
        self._filters = table.get_tables(_FILTERS)
        for name, entry in self._apps.items():
            table.check_keys(("apps", name), entry, _KEYS_OF_ENTRY)
        self._top = {key: table.content[key] for key in _OF_APPLICATION if key in table.content}
        if self._top and _MAIN in self._apps:
            problem = f"duplicate application {_MAIN!r}; {next(iter(self._top))!r} at the top describes it too"
            self.mistakes.append(table.place(("apps", _MAIN)).mistake(problem))
        built_in = {"here": str(self.folder), "__file__": str(self.folder / path.name)} if path and self.folder else {}
        self.global_conf = {**built_in, **table.get_texts(table.content, ("global",)), **(passed or {})}
        self._own = {name: table.get_texts(entry, ("apps", name, "global")) for name, entry in self._apps.items()}

    def applications(self) -> list[str]:
        return [*([_MAIN] if self._top else []), *self._apps]

    def filters(self) -> list[str]:
        return list(self._filters)

    def servers(self) -> list[str]:
        return list(self._servers)

    def logging(self) -> "LoggingSetup | None":
        if "logging" not in self.table.content:
            return None
        from wsgistack.config.logging import read_table_logging  # slow to import; only check and serve need it

        return read_table_logging(self.table.content["logging"], Path(self.file), self.table.lines)

    def _server(self, name: str, asked: Place) -> Server:
        if name not in self._servers:
            raise ConfigError(asked.mistake("another file can be used in an ini file only"))
        options = dict(self._servers[name])
        place = self.table.place(("servers", name, "use"))
        use = self.table.resolve_name(options.pop("use", None), place, self.folder)
        if not isinstance(use, str):
            raise ConfigError(place.mistake(describe_type(use), expected=_USABLE_SERVER))
        conf = {**self.global_conf, **asked.global_conf}
        return Server(use, options, conf, place.where, place.key, self.table.places(("servers", name), options))

    def _application(self, name: str | App, asked: Place) -> Stack:
        is_top = name == _MAIN and bool(self._top)
        if isinstance(name, str) and name.startswith("config:"):
            raise ConfigError(asked.mistake("another file can be used in an ini file only"))
        if callable(name) or (":" in name and name not in self._apps):
            loader = self._make_loader(asked)
            return Stack(Application(name, {}, asked.global_conf, asked.where, asked.key, loader=loader))
        if not is_top and name not in self._apps:
            if registry.has(name):
                raise make_kind_error(name, "a layer", asked)
            raise make_unknown_error(name, asked, [each for each in self.applications() if each not in asked.trail])
        entry = self._top if is_top else self._apps[name]
        at: KeyPath = () if is_top else ("apps", name)
        conf = {**self.global_conf, **asked.global_conf, **({} if is_top else self._own[name])}
        asked = asked._replace(trail=asked.step(name), global_conf=conf)
        mistakes = Mistakes()
        stack = self._read_layers(entry.get("layers", []), (*at, "layers"), conf)
        with mistakes.collect():
            stack = stack.around(self._read_inner(entry, at, asked))
        return stack.with_mistakes(mistakes)

    def _read_inner(self, entry: Mapping[str, object], at: KeyPath, asked: Place) -> Stack:
        """The application that the layers of an entry are around."""
        given = [key for key in ("app", "mounts") if key in entry]
        if not given:
            raise ConfigError(self.table.place((*at, "app")).mistake("missing key", expected=f"{_USABLE}, or mounts"))
        if len(given) > 1:
            raise ConfigError(
                self.table.place((*at, "mounts")).mistake("conflicts with 'app'", hint="keep one of them")
            )
        at = (*at, given[0])
        use, options = self._read_use(entry[given[0]], at)
        places = self.table.places(at, options)
        lines = {name: each.line for name, each in places.items()}
        place = Place(self.table.place(at).where, given[0], asked.trail, asked.global_conf, lines)
        stack = self.application(use, place)
        if stack.application is None or not options:
            return stack
        loader = self._make_loader(place._replace(where=self.table.place((*at, "")).where))
        return replace(stack, application=replace(stack.application.over(options, places, {}), loader=loader))

    def _read_use(self, given: object, at: KeyPath) -> tuple[str | App, dict[str, object]]:
        """What an application uses, and its options."""
        if at[-1] == "mounts":
            options = self.table.check_table(given, at)
            if mistakes := [
                self.table.place((*at, prefix)).mistake(describe_type(each), expected="the name of an application")
                for prefix, each in options.items()
                if not (isinstance(each, str) or callable(each))
            ]:
                raise ConfigError(*mistakes)
            return MOUNTS, options
        options = self.table.check_table(given, at) if isinstance(given, Mapping) else {"use": given}
        place = self.table.place((*at, "use") if isinstance(given, Mapping) else at)
        use = self.table.resolve_name(options.pop("use", None), place, self.folder)
        if not (isinstance(use, str) or callable(use)):
            raise ConfigError(place.mistake(describe_type(use), expected=_USABLE))
        return use, options

    def _filter(self, name: str, asked: Place) -> Stack:
        mistakes = Mistakes()
        with mistakes.collect(asked.key, asked.where):
            if found := self._find_filter(name):
                return Stack(pipeline=Pipeline([self._read_filter(found, asked.global_conf)]))
            return Stack(pipeline=Pipeline([Spec(find_layer(name, asked.global_conf), where=asked.where)]))
        raise ConfigError(*mistakes)

    def _find_filter(self, name: str) -> str:
        """The filter of a name, as it is written; or an empty text."""
        alike = (each for each in self._filters if normalize_name(each) == normalize_name(name))
        return name if name in self._filters else next(alike, "")

    def _read_filter(self, name: str, global_conf: Mapping[str, str]) -> Spec:
        return self._read_layer({"name": name, **self._filters[name]}, 1, (_FILTERS, name), global_conf)

    def _read_layers(self, given: object, at: KeyPath, global_conf: Mapping[str, str]) -> Stack:
        if not isinstance(given, (list, tuple)):
            return Stack.broken(self.table.place(at).mistake(describe_type(given), expected="a list"))
        mistakes = Mistakes()
        specs = []
        for number, item in enumerate(given, 1):
            with mistakes.collect():
                if isinstance(item, str) and (name := self._find_filter(item)):
                    specs.append(self._read_filter(name, global_conf))
                else:
                    specs.append(self._read_layer(item, number, (*at, number - 1), global_conf))
        return Stack(pipeline=Pipeline(specs), mistakes=tuple(mistakes))

    def _read_layer(self, item: object, number: int, at: KeyPath, global_conf: Mapping[str, str]) -> Spec:
        is_listed = isinstance(at[-1], int)
        within = ".".join(map(str, at[:-2] if is_listed else at))

        def place(key: str, section: str) -> Where:
            section = f"{within} {section}".strip() if is_listed else within
            return self.table.place((*at, *key.split("."))).where._replace(section=section)

        where = place("use", f"layer {number}")
        if isinstance(item, Mapping) and "use" in item:
            item = {**item, "use": self.table.resolve_name(item["use"], Place(where, "use"), self.folder)}
        elif isinstance(item, str):
            item = self.table.resolve_name(item, Place(where), self.folder)
        try:
            spec = Spec.of(cast(Item, item), number)
        except ConfigError as error:
            mistakes = Mistakes(each._replace(where=place(each.key, each.where.section)) for each in error.mistakes)
            if isinstance(item, Mapping) and all(each.key.startswith("when") for each in mistakes):
                with mistakes.collect():  # the mistakes in its options
                    self._read_layer({**item, "when": None}, number, at, global_conf)
            raise ConfigError(*mistakes) from error
        below = {path[len(at) :]: line for path, line in self.table.lines.items() if path[: len(at)] == at}
        lines = {".".join(map(str, path)).removeprefix("options."): line for path, line in below.items()}
        mistakes = Mistakes()
        with mistakes.collect("use", place("use", spec.where.section)):
            use = self._find_used(spec.use, global_conf) if isinstance(spec.use, str) else spec.use
            where = place("", spec.where.section)
            return replace(spec, use=use, name=spec.name, where=where, lines=lines).check(base=self.folder)
        raise ConfigError(*mistakes)

    def _find_used(self, use: str, global_conf: Mapping[str, str]) -> str | Factory:
        try:
            return find_layer(use, global_conf)
        except ConfigError as error:
            if use in self._apps:
                raise ConfigError(Mistake(f"{use!r} is an application", expected="a layer")) from error
            if self._find_filter(use):
                hint = f"write {use!r} alone, without a table"
                raise ConfigError(Mistake(f"{use!r} is a name in {_FILTERS}", hint=hint)) from error
            raise
