"""A configuration as a table, from TOML or from Python: what its keys mean."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wsgistack.config.document import Document
from wsgistack.config.hints import make_kind_error, make_unknown_error
from wsgistack.config.parts import Application, ServerSection, Stack
from wsgistack.config.place import Place
from wsgistack.config.protocols import find_layer
from wsgistack.config.table.toml import KeyPath, Table
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type
from wsgistack.options.references import resolve
from wsgistack.pipeline import Pipeline, registry
from wsgistack.pipeline.spec import Item, Spec
from wsgistack.types import App

if TYPE_CHECKING:
    from wsgistack.config.logging import LoggingSetup

__all__ = ["MOUNTS", "TableFile"]

MOUNTS = "egg:wsgistack#mount"
"""The composite that ``mounts`` means."""

_OF_APPLICATION = ("app", "mounts", "layers")
_KEYS = (*_OF_APPLICATION, "apps", "filters", "servers", "global", "logging")
_USABLE = "an import string, or a table with use"
_LIST = 'a list such as ["request_id", "gzip"]'
_OTHER_FILE = "only an ini file can use another file"


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
    """

    def __init__(
        self,
        content: Mapping[str, object],
        path: Path | None,
        lines: Mapping[KeyPath, int],
        passed: Mapping[str, str] | None = None,
    ) -> None:
        self.file: str = str(path or "")
        self.folder: Path | None = path.absolute().parent if path else None
        self.table: Table = Table(content, self.file, lines)
        table = self.table
        self.mistakes: Mistakes = table.mistakes
        table.check_keys((), table.content, _KEYS)
        self.servers: dict[str, dict[str, object]] = table.get_tables("servers", '{ use = "egg:wsgistack" }')
        if path:
            self._find_swallowed()
        self.filters: dict[str, dict[str, object]] = table.get_tables("filters", '{ use = "gzip" }')
        top = {key: table.content[key] for key in _OF_APPLICATION if key in table.content}
        self.applications: dict[str, tuple[KeyPath, Mapping[str, object], Mapping[str, str]]] = {}
        if top:
            self.applications["main"] = ((), top, {})
        for name, entry in table.get_tables("apps", '{ app = "shop:application" }').items():
            at: KeyPath = ("apps", name)
            table.check_keys(at, entry, (*_OF_APPLICATION, "global"))
            if name in self.applications:
                problem = f"duplicate application 'main'; {next(iter(top))!r} at the top already defines it"
                hint = "rename it, or move its keys to the top"
                self.mistakes.append(table.place(at).mistake(problem, hint=hint))
            self.applications[name] = at, entry, table.get_texts(entry, (*at, "global"))
        built_in = {"here": str(self.folder), "__file__": str(self.folder / path.name)} if path and self.folder else {}
        self.global_conf: Mapping[str, str] = {
            **built_in,
            **table.get_texts(table.content, ("global",)),
            **(passed or {}),
        }

    def _find_swallowed(self) -> None:
        """Report what belongs to the top of a TOML file, but is below the header of a server."""
        for name, options in self.servers.items():
            for key in [each for each in _OF_APPLICATION if each in options and each not in self.table.content]:
                del options[key]
                problem = f"unknown option of {options.get('use', 'a server')}"
                hint = "write app and layers above the first [table]"
                self.mistakes.append(self.table.place(("servers", name, key)).mistake(problem, hint=hint))

    def logging(self) -> "LoggingSetup | None":
        if "logging" not in self.table.content:
            return None
        from wsgistack.config.logging import read_table_logging  # slow to import; only check and serve need it

        return read_table_logging(self.table, self.folder or Path.cwd())

    def _server(self, name: str, asked: Place) -> ServerSection:
        if name not in self.servers:
            raise ConfigError(asked.mistake(_OTHER_FILE))
        options = dict(self.servers[name])
        place = self.table.place(("servers", name, "use"))
        use = self._pop_use(options, place, "a server factory such as egg:waitress")
        conf = {**self.global_conf, **asked.global_conf}
        return ServerSection(
            cast(str, use), options, conf, place.where, place.key, self.table.places(("servers", name), options)
        )

    def _application(self, name: str | App, asked: Place) -> Stack:
        if isinstance(name, str) and name.startswith("config:"):
            raise ConfigError(asked.mistake(_OTHER_FILE))
        if callable(name) or (":" in name and name not in self.applications):
            loader = self._make_loader(asked)
            return Stack(Application(name, {}, asked.global_conf, asked.where, asked.key, loader=loader))
        if name not in self.applications:
            if registry.has(name):
                raise make_kind_error(name, "a layer", asked)
            raise make_unknown_error(name, asked, [each for each in self.applications if each not in asked.trail])
        at, entry, own = self.applications[name]
        conf = {**self.global_conf, **asked.global_conf, **own}
        asked = asked._replace(trail=asked.step(name), global_conf=conf)
        mistakes = Mistakes()
        stack = self._read_layers(entry.get("layers", []), (*at, "layers"), conf)
        with mistakes.collect():
            stack = stack.around(self._read_inner(entry, at, asked))
        return stack.with_mistakes(mistakes)

    def _read_inner(self, entry: Mapping[str, object], at: KeyPath, asked: Place) -> Stack:
        """The application that the layers of an entry are around."""
        if "app" in entry and "mounts" in entry:
            conflict = self.table.place((*at, "mounts")).mistake("conflicts with 'app'", hint="keep one of them")
            raise ConfigError(conflict)
        key = "mounts" if "mounts" in entry else "app"
        if key not in entry:
            raise ConfigError(self.table.place((*at, key)).mistake("missing key", expected=f"{_USABLE}, or mounts"))
        given, at = entry[key], (*at, key)
        is_table = isinstance(given, Mapping)
        options = self.table.check_table(given, at) if is_table or key == "mounts" else {"use": given}
        use: str | App = MOUNTS
        if key == "app":
            use = self._pop_use(options, self.table.place((*at, "use") if is_table else at), _USABLE)
        for prefix, value in options.items() if key == "mounts" else ():
            if not (isinstance(value, str) or callable(value)):
                wrong = self.table.place((*at, prefix))
                raise ConfigError(wrong.mistake(describe_type(value), expected="the name of an application"))
        places = self.table.places(at, options)
        lines = {name: each.line for name, each in places.items()}
        place = Place(self.table.place(at).where, key, asked.trail, asked.global_conf, lines)
        stack = self.application(use, place)
        if stack.application is None or not options:
            return stack
        loader = self._make_loader(place._replace(where=self.table.place((*at, "")).where))
        return replace(stack, application=replace(stack.application.over(options, places, {}), loader=loader))

    def _pop_use(self, options: dict[str, object], place: Place, expected: str) -> str | App:
        """Take ``use`` out of a table, with its references filled in."""
        use = options.pop("use", None)
        if not (isinstance(use, str) or callable(use)):
            raise ConfigError(place.mistake(describe_type(use), expected=expected))
        mistakes = Mistakes()
        with mistakes.collect(place.key, place.where):
            return str(resolve(use, base=self.folder)) if isinstance(use, str) else use
        raise ConfigError(*mistakes)

    def _filter(self, name: str, asked: Place) -> Stack:
        mistakes = Mistakes()
        with mistakes.collect(asked.key, asked.where):
            if self._find_filter(name):
                spec = self._read_layer(name, 1, (), asked.global_conf)
            else:
                spec = replace(find_layer(name, asked.global_conf), where=asked.where)
            return Stack(pipeline=Pipeline([spec]))
        raise ConfigError(*mistakes)

    def _read_layers(self, given: object, at: KeyPath, global_conf: Mapping[str, str]) -> Stack:
        if not isinstance(given, (list, tuple)):
            names = filter(registry.has, map(str, given)) if isinstance(given, Mapping) else ()
            hint = next((f'write [[layers]], and use = "{name}" below it' for name in names), "")
            return Stack(mistakes=(self.table.place(at).mistake(describe_type(given), expected=_LIST, hint=hint),))
        mistakes = Mistakes()
        specs = []
        for number, item in enumerate(given, 1):
            with mistakes.collect():
                specs.append(self._read_layer(item, number, (*at, number - 1), global_conf))
        return Stack(pipeline=Pipeline(specs), mistakes=tuple(mistakes))

    def _read_layer(self, item: object, number: int, at: KeyPath, global_conf: Mapping[str, str]) -> Spec:
        if isinstance(item, str):
            name = self._find_filter(item)
            item, at = ({"name": name, **self.filters[name]}, ("filters", name)) if name else ({"use": item}, at)
        is_listed = isinstance(at[-1], int)
        within = ".".join(map(str, at[:-2] if is_listed else at))

        def locate(key: str, section: str) -> Where:
            section = f"{within} {section}".strip() if is_listed else within
            return self.table.place((*at, *key.split("."))).where._replace(section=section)

        if isinstance(item, Mapping) and "use" in item:
            item = dict(item)
            place = Place(locate("use", f"layer {number}"), "use")
            item["use"] = self._pop_use(item, place, "a name, an import string or a callable")
        try:
            spec = Spec.of(cast(Item, item), number)
        except ConfigError as error:
            found = (each._replace(where=locate(each.key, each.where.section)) for each in error.mistakes)
            raise ConfigError(*found) from error
        below = {path[len(at) :]: line for path, line in self.table.lines.items() if path[: len(at)] == at}
        lines = {".".join(map(str, path)).removeprefix("options."): line for path, line in below.items()}
        lines |= _number_lines(spec.options, lines)
        mistakes = Mistakes()
        with mistakes.collect("use", locate("use", spec.where.section)):
            if isinstance(spec.use, str) and self._find_filter(spec.use) and not registry.has(spec.use):
                hint = f"write {spec.use!r} alone, without a table"
                raise ConfigError(Mistake(f"{spec.use!r} is a name in filters", hint=hint))
            layer = (
                find_layer(spec.use, global_conf)
                if isinstance(spec.use, str)
                else replace(spec, global_conf=global_conf)
            )
            where, base = locate("", spec.where.section), self.folder or layer.base
            own_name = frozenset() if is_listed or "name" in self.filters[str(at[-1])] else {"name"}  # of the filter
            layer = replace(layer, options=spec.options, name=spec.name, when=spec.when, keys=spec.keys - own_name)
            return replace(layer, where=where, lines=lines, base=base).check()
        raise ConfigError(*mistakes)


def _number_lines(options: Mapping[str, object], lines: Mapping[str, int], prefix: str = "") -> dict[str, int]:
    """The lines of the items of mappings, by number. A layer knows no line, and a name may be a secret."""
    numbered: dict[str, int] = {}
    for name, value in options.items():
        if isinstance(value, Mapping):
            key = f"{prefix}{name}"
            numbered |= {f"{key}.{number}": lines.get(f"{key}.{each}", 0) for number, each in enumerate(value)}
            numbered |= _number_lines(value, lines, f"{key}.")
    return numbered
