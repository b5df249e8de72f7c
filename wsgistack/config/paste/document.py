"""PasteDeploy's dialect of ini: what its sections mean."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from wsgistack.config.hints import hint_of_use, meant, no_application, of_other_kind, with_hints
from wsgistack.config.loader import DocumentLoader
from wsgistack.config.parts import Application, Server
from wsgistack.config.paste.sections import PROTOCOLS, Sections, Values
from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, is_factory, used
from wsgistack.config.source import read_source
from wsgistack.config.stack import Stack
from wsgistack.errors import ConfigError, Mistakes, Where, suggest
from wsgistack.pipeline import Pipeline, registry
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

if TYPE_CHECKING:
    from wsgistack.config.log import LoggingSetup

__all__ = ["IniFile"]

_P = TypeVar("_P", Application, Server)

_APPS = ("app", "application", "composite", "composit", "pipeline", "filter-app")
_COMPOSITES = ("composite", "composit")


class IniFile:
    """An ini file in PasteDeploy's dialect.

    :param path: the file. Paths in it are relative to its folder.
    :param passed: the global configuration of a file that refers to this one, or of who loads it.
    :param text: what is in the file, if it need not be read.
    :raises ConfigError: it can't be read.
    """

    def __init__(self, path: Path, passed: Mapping[str, str] | None = None, text: str | None = None) -> None:
        self.path = path
        kinds = {"application": _APPS, "filter": ("filter",), "server": ("server",)}
        self.sections = Sections(path, read_source(path) if text is None else text, passed or {}, kinds)
        self.folder = self.sections.folder
        self.mistakes = self.sections.mistakes
        self.global_conf = self.sections.global_conf
        self._apps, self._filters, self._servers = self.sections.named.values()

    def applications(self) -> list[str]:
        """The names of all applications, composites and pipelines."""
        return list(self._apps)

    def filters(self) -> list[str]:
        """The names of all filters."""
        return list(self._filters)

    def servers(self) -> list[str]:
        """The names of all servers."""
        return list(self._servers)

    def start(self) -> Place:
        """The place from where whoever reads the file asks."""
        return Place(Where(str(self.path)), global_conf=self.global_conf)

    def application(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where an application has to be."""
        try:
            return self._application(name, asked)
        except ConfigError as error:
            return Stack.broken(*error.mistakes)

    def filter(self, name: str, asked: Place) -> Stack:
        """What a name or URI means where a filter has to be: layers, without an application."""
        try:
            return self._filter(name, asked)
        except ConfigError as error:
            return Stack.broken(*error.mistakes)

    def server(self, name: str, asked: Place) -> Server:
        """What a name or URI means where a server has to be.

        :raises ConfigError: there is no such server.
        """
        if name.startswith("config:"):
            other, fragment = self._other_file(name, asked)
            other.mistakes.raise_if_any()
            return other.server(fragment, asked)
        if name not in self._servers:
            if is_factory(name):
                return Server(name, {}, asked.global_conf, asked.where, asked.key)
            raise asked.wrong(f"no server {name!r}", suggest(name, self.servers()))
        values, mistakes = self.sections.values(self._servers[name], asked)
        server = self._over(values, self.server(*self._use(values, SERVER_PROTOCOLS)))
        if mistakes:
            raise ConfigError(*mistakes, *server.check())
        return server

    def logging(self) -> "LoggingSetup | None":
        """What its sections say of logging, if there are such."""
        from wsgistack.config.log import ini_logging  # it imports a lot that only a process that serves needs

        return ini_logging(self.path, self.sections.all, self.sections.defaults)

    def _application(self, name: str, asked: Place) -> Stack:
        if name.startswith("config:"):
            other, fragment = self._other_file(name, asked)
            return other.application(fragment, asked).with_mistakes(other.mistakes)
        section = self._apps.get(name)
        if section is None and ":" in name:
            if hint := meant(name):
                raise asked.wrong(f"{name!r} is not an import string", hint)
            return Stack(Application(name, {}, asked.global_conf, asked.where, asked.key, loader=self._loader(asked)))
        if section is None:
            raise self._no_application(name, asked)
        values, mistakes = self.sections.values(section, asked)
        kinds: Mapping[str, Callable[[Values], Stack]] = {"pipeline": self._pipeline, "filter-app": self._filter_app}
        stack = self._filtering(values)
        with mistakes.collect():
            stack = stack.around(kinds.get(section.kind, self._app)(values))
        return stack.with_mistakes(mistakes)

    def _app(self, values: Values) -> Stack:
        is_composite = values.part.kind in _COMPOSITES
        use, place = self._use(values, APP_PROTOCOLS)
        if is_composite and use.startswith("call:"):
            use = use.replace("call", APP_PROTOCOLS[1], 1)
        stack = self.application(use, place)
        base = stack.application
        if base is None:
            return stack
        application = replace(self._over(values, base), loader=self._loader(values.place))
        return replace(stack, application=application)

    def _over(self, values: Values, base: _P) -> _P:
        """What a section makes of the part that it uses."""
        places = {key: values.place.at(key).where for key in values.values}
        file = values.place.global_conf["__file__"]  # of the section that was asked for, as with PasteDeploy
        return base.over(values.values, places, {**values.sets, "__file__": file})

    def _pipeline(self, values: Values) -> Stack:
        mistakes = Mistakes()
        place = values.place.at("pipeline")
        for key in values.values:
            if key != "pipeline":
                hint = suggest(key, ["pipeline", "filter-with"])
                mistakes += values.place.at(key).wrong("no setting of a pipeline", hint).mistakes
        names = values.values.get("pipeline", "").split()
        if not names:
            mistakes += place.wrong("is missing or empty", "name filters, outermost first, and then the app").mistakes
            return Stack.broken(*mistakes)
        stack = Stack(mistakes=tuple(mistakes))
        for name in names[:-1]:
            stack = stack.around(self.filter(name, place))
        return stack.around(self.application(names[-1], place))

    def _filter_app(self, values: Values) -> Stack:
        following = values.values.pop("next", "").strip()
        place = values.place.at("next")
        missing = place.wrong("is missing", "next = the application that it filters").mistakes
        inner = self.application(following, place) if following else Stack.broken(*missing)
        mistakes = Mistakes(inner.mistakes)
        with mistakes.collect():
            return self._configured(values, *self._use(values, FILTER_PROTOCOLS)).around(inner)
        return Stack.broken(*mistakes)

    def _filtering(self, values: Values) -> Stack:
        """The layers that ``filter-with`` puts around."""
        name = values.values.pop("filter-with", "").strip()
        return self.filter(name, values.place.at("filter-with")) if name else Stack()

    def _filter(self, name: str, asked: Place) -> Stack:
        if name.startswith("config:"):
            other, fragment = self._other_file(name, asked)
            return other.filter(fragment, asked).with_mistakes(other.mistakes)
        alike = (each for key, each in self._filters.items() if normalize_name(key) == normalize_name(name))
        section = self._filters.get(name) or next(alike, None)
        is_itself = section is not None and self.sections.step(section) in asked.trail[-1:]
        if section is None or (is_itself and (":" in name or registry.has(name))):
            return Stack(pipeline=Pipeline([self._layer(name, asked)]))
        values, mistakes = self.sections.values(section, asked)
        stack = self._filtering(values)
        with mistakes.collect():
            is_used = asked.key == "use"  # by a section that may have more options for it
            stack = stack.around(self._configured(values, *self._use(values, FILTER_PROTOCOLS, name), is_used))
        return stack.with_mistakes(mistakes)

    def _configured(self, values: Values, use: str, asked: Place, is_used: bool = False) -> Stack:
        """The filter that a section uses, with the options that the section has for it."""
        stack = self.filter(use, asked)
        if not stack.pipeline:
            return stack
        *before, base = (spec.moved(self.folder) for spec in stack.pipeline)
        factory = base.use
        if isinstance(factory, PasteFactory):
            factory = replace(factory, global_conf={**factory.global_conf, **values.sets})
        place = values.place
        with with_hints(values.values):
            own = Spec.from_settings(
                factory,
                values.values,
                values.part.name,
                where=place.where,
                lines=place.lines,
                base=self.folder,
                inherited=None if is_used else base.options,
            )
        when = base.when if own.when is None else own.when
        merged = replace(own, options={**base.options, **own.options}, when=when)
        return Stack(pipeline=Pipeline([*before, merged]), mistakes=stack.mistakes)

    def _layer(self, use: str, asked: Place) -> Spec:
        """A layer that no section describes."""
        try:
            section = f"{asked.where.section} {use}".strip()
            return Spec(used(use, asked.global_conf), where=asked.where._replace(section=section))
        except ConfigError as error:
            if use in self._apps:
                raise of_other_kind(use, "an application", asked) from error
            known = (":" in use and not meant(use)) or registry.has(use)
            hints = {} if known else {"hint": meant(use) or suggest(use, [*self.filters(), *registry.names()])}
            raise ConfigError(
                *(each._replace(key=asked.key, where=asked.where, **hints) for each in error.mistakes)
            ) from error

    def _use(self, values: Values, protocols: tuple[str, ...], default: str = "") -> tuple[str, Place]:
        """What a section uses, as ``use`` says, or by the protocol of a factory; and where that stands."""
        given = [name for name in ("use", *protocols) if name in values.values]
        if len(given) > 1:
            raise values.place.at(given[1]).wrong(f"stands beside {given[0]}, which says the same", "keep one of them")
        for key in PROTOCOLS & values.values.keys() - set(given):
            raise values.place.at(key).wrong("makes something else", expected=" or ".join(protocols))
        if not given and default:
            return default, values.place.at("use")
        key = given[0] if given else "use"
        place = values.place.at(key)
        value = values.values.pop(key, "").strip()
        if not value:
            raise place.wrong("is missing", hint_of_use(values.values, protocols))
        return (value if key == "use" else f"{key}:{value}"), place

    def _other_file(self, uri: str, asked: Place) -> tuple["IniFile", str]:
        path, _, fragment = uri.removeprefix("config:").partition("#")
        try:
            return IniFile(self.path.parent / unquote(path), asked.global_conf), fragment or "main"
        except ConfigError as error:
            raise asked.wrong(f"{uri!r} can't be read: {error}") from error

    def _loader(self, asked: Place) -> Callable[[Mapping[str, object]], DocumentLoader]:
        return lambda options: DocumentLoader(self, asked, options)

    def _no_application(self, name: str, asked: Place) -> ConfigError:
        if name in self._filters or registry.has(name):
            return of_other_kind(name, "a filter", asked)
        if name in self._servers and asked.key:
            return of_other_kind(name, "a server", asked)
        return no_application(name, asked, self.applications(), self.sections.all)
