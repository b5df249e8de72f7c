"""The meaning of the sections of an ini file in PasteDeploy's dialect."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import unquote

from wsgistack.config.document import Document, read_source
from wsgistack.config.hints import add_hints, make_kind_error, make_unknown_error, suggest_key, suggest_name
from wsgistack.config.parts import Application, ServerSection, Stack, drop_consequences
from wsgistack.config.paste.sections import PROTOCOLS, STRUCTURE_KEYS, Part, Sections, Values
from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS, PasteFactory, find_layer
from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean, suggest
from wsgistack.pipeline import Pipeline, registry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App

if TYPE_CHECKING:
    from wsgistack.config.logging import LoggingSetup

__all__ = ["IniFile"]

_P = TypeVar("_P", Application, ServerSection)


class IniFile(Document):
    """An ini file in PasteDeploy's dialect.

    :param path: the file. Paths in it are relative to its folder.
    :param passed: the global configuration of a file that refers to this one, or of the caller.
    """

    def __init__(self, path: Path, passed: Mapping[str, str] | None = None) -> None:
        self.file: str = str(path)
        self.path = path
        self.sections: Sections = Sections(path, read_source(path), passed or {})
        self.folder: Path = self.sections.folder
        self.mistakes: Mistakes = self.sections.mistakes
        self.global_conf: Mapping[str, str] = self.sections.global_conf
        self.applications: dict[str, Part]
        self.filters: dict[str, Part]
        self.servers: dict[str, Part]
        self.applications, self.filters, self.servers = self.sections.named.values()

    def logging(self) -> "LoggingSetup | None":
        from wsgistack.config.paste.logging import read_ini_logging  # slow to import; only check and serve need it

        return read_ini_logging(self.path, self.sections.all, self.sections.defaults)

    def _server(self, name: str, asked: Place) -> ServerSection:
        if name not in self.servers:
            other, fragment = self.open_other(name, asked)
            other.mistakes.raise_if_any()
            return other.server(fragment, asked)
        values, mistakes = self.sections.values(self.servers[name], asked)
        server = self._override(values, self.server(*self._read_use(values, SERVER_PROTOCOLS)))
        if mistakes:
            raise ConfigError(*_drop_consequences(mistakes, [*mistakes, *server.check()]))
        return server

    def _application(self, name: str | App, asked: Place) -> Stack:
        name = cast(str, name)  # an ini file holds text alone
        if name.startswith("config:"):
            other, fragment = self.open_other(name, asked)
            return other.application(fragment, asked).with_mistakes(other.mistakes)
        section = self.applications.get(name)
        if section is None and ":" in name:
            loader = self._make_loader(asked)
            return Stack(Application(name, {}, asked.global_conf, asked.where, asked.key, loader=loader))
        if section is None:
            raise self._make_unknown_error(name, asked)
        kinds: Mapping[str, Callable[[Values], Stack]] = {"pipeline": self._pipeline, "filter-app": self._filter_app}
        return self._read(section, asked, kinds.get(section.kind, self._app))

    def _read(self, part: Part, asked: Place, read: Callable[[Values], Stack]) -> Stack:
        """What a section describes, with the layers of its ``filter-with`` around."""
        values, own = self.sections.values(part, asked)
        around = values.values.pop("filter-with", "").strip()
        stack = self.filter(around, values.place.at("filter-with")) if around else Stack()
        mistakes = Mistakes(own)
        with mistakes.collect():
            inner = read(values)
            stack = replace(stack.around(inner), filter_app=inner.filter_app)
        return replace(stack, mistakes=_drop_consequences(own, [*stack.mistakes, *mistakes]))

    def _app(self, values: Values) -> Stack:
        use, place = self._read_use(values, APP_PROTOCOLS)
        if values.part.kind.startswith("composit") and use.startswith("call:"):
            use = use.replace("call", APP_PROTOCOLS[1], 1)
        stack = self.application(use, place)
        if stack.application is None:
            return stack
        application = self._override(values, stack.application)
        if not stack.pipeline:  # inside of layers, a composite asks where these are described
            application = replace(application, loader=self._make_loader(values.place))
        filter_app = stack.filter_app and self._override(values, stack.filter_app)
        return replace(stack, application=application, filter_app=filter_app)

    def _override(self, values: Values, base: _P) -> _P:
        """The part that a section uses, with the settings of the section."""
        places = {key: values.place.at(key).where for key in values.values}
        file = values.place.global_conf["__file__"]  # of the section that was asked for, as with PasteDeploy
        return base.over(values.values, places, {**values.sets, "__file__": file})

    def _pipeline(self, values: Values) -> Stack:
        mistakes = Mistakes()
        place = values.place.at("pipeline")
        for key in values.values:
            if key != "pipeline":
                hint = suggest(key, ["pipeline", "filter-with"])
                mistakes.append(values.place.at(key).mistake("unknown setting of a pipeline", hint=hint))
        names = values.values.get("pipeline", "").split()
        if not names:
            expected = "filters, outermost first, and last an application"
            return Stack(mistakes=(*mistakes, place.mistake("missing value", expected=expected)))
        stack = Stack(mistakes=tuple(mistakes))
        for name in names[:-1]:
            stack = stack.around(self.filter(name, place))
        return stack.around(self.application(names[-1], place))

    def _filter_app(self, values: Values) -> Stack:
        following = values.values.pop("next", "").strip()
        place = values.place.at("next")
        missing = place.mistake("missing value", expected="the application that it filters")
        inner = self.application(following, place) if following else Stack(mistakes=(missing,))
        mistakes = Mistakes(inner.mistakes)
        with mistakes.collect():
            stack = self._configure(values, *self._read_use(values, FILTER_PROTOCOLS)).around(inner)
            return replace(stack, filter_app=Application("", values.values, values.place.global_conf))
        return Stack(mistakes=tuple(mistakes))

    def _filter(self, name: str, asked: Place) -> Stack:
        if name.startswith("config:"):
            other, fragment = self.open_other(name, asked)
            return other.filter(fragment, asked).with_mistakes(other.mistakes)
        section = self.filters.get(self._find_filter(name))
        is_itself = section is not None and self.sections.step(section) in asked.trail[-1:]
        if section is None or (is_itself and (":" in name or registry.has(name))):
            return Stack(pipeline=Pipeline([self._layer(name, asked)]))
        is_used = asked.key == "use"  # by a section that may have more options for it

        def read(values: Values) -> Stack:
            return self._configure(values, *self._read_use(values, FILTER_PROTOCOLS, name), is_used)

        return self._read(section, asked, read)

    def _configure(self, values: Values, use: str, asked: Place, is_used: bool = False) -> Stack:
        """The filter that a section uses, with the options of the section."""
        stack = self.filter(use, asked)
        if not stack.pipeline:
            return stack
        *before, base = (spec.moved(self.folder) for spec in stack.pipeline)
        if isinstance(base.use, PasteFactory):
            base = replace(base, use=replace(base.use, global_conf={**base.use.global_conf, **values.sets}))
        place, conf = values.place, {**base.global_conf, **values.sets}
        named = replace(base, name=values.part.name, where=place.where, lines=place.lines)
        own = replace(named, base=self.folder, global_conf=conf)
        with add_hints(values.values):
            merged = own.parse(values.values, is_complete=not is_used)
        return Stack(pipeline=Pipeline([*before, merged]), mistakes=stack.mistakes)

    def _layer(self, use: str, asked: Place) -> Spec:
        """A layer that no section describes."""
        try:
            section = f"{asked.where.section} {use}".strip()
            return replace(find_layer(use, asked.global_conf), where=asked.where._replace(section=section))
        except ConfigError as error:
            if use in self.applications:
                raise make_kind_error(use, "an application", asked) from error
            others = [each for each, part in self.filters.items() if self.sections.step(part) not in asked.trail]
            known = ":" in use or registry.has(use)
            if known:
                raise ConfigError(
                    *(each._replace(key=asked.key, where=asked.where) for each in error.mistakes)
                ) from error
            hint = suggest_name(use, [*others, *registry.names()], asked)
            raise ConfigError(asked.mistake(self._name_file(f"unknown layer {use!r}", asked), hint=hint)) from error

    def _read_use(self, values: Values, protocols: tuple[str, ...], default: str = "") -> tuple[str, Place]:
        """What a section uses, by ``use`` or by the protocol of a factory, and its place."""
        given = [name for name in ("use", *protocols) if name in values.values]
        if len(given) > 1:
            place = values.place.at(given[1])
            raise ConfigError(place.mistake(f"conflicts with {given[0]!r}", hint="keep one of them"))
        for key in PROTOCOLS & values.values.keys() - set(given):
            problem = f"not for a section [{values.part.kind}:…]"
            raise ConfigError(values.place.at(key).mistake(problem, expected=" or ".join(protocols)))
        place = values.place.at(given[0] if given else "use")
        if not given and default:
            if ":" in default or registry.has(default):
                return default, place
            near = did_you_mean(default, registry.names()).replace("'", "")
            hint = near.replace("mean", "mean use =") or suggest_key(values.values, protocols)
            raise ConfigError(place.mistake(f"unknown layer {default!r}", hint=hint))
        value = values.values.pop(place.key, "").strip()
        if not value:
            raise ConfigError(place.mistake("missing value", hint=suggest_key(values.values, protocols)))
        return (value if place.key == "use" else f"{place.key}:{value}"), place

    def open_other(self, uri: str, asked: Place) -> tuple["IniFile", str]:
        """The file that ``config:file#name`` means, and the name in it."""
        path, _, fragment = uri.removeprefix("config:").partition("#")
        try:
            return IniFile(self.path.parent / unquote(path), asked.global_conf), fragment or "main"
        except ConfigError as error:
            raise ConfigError(asked.mistake(f"cannot read {uri!r}: {error}")) from error

    def _make_unknown_error(self, name: str, asked: Place) -> ConfigError:
        if name in self.filters or registry.has(name):
            return make_kind_error(name, "a filter", asked)
        if name in self.servers and asked.key:
            return make_kind_error(name, "a server", asked)
        others = [each for each, part in self.applications.items() if self.sections.step(part) not in asked.trail]
        error = make_unknown_error(name, asked, others, has_sections=True)
        return ConfigError(*(each._replace(problem=self._name_file(each.problem, asked)) for each in error.mistakes))


def _drop_consequences(own: Mistakes, mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """The mistakes of a section without those that its wrong references cause.

    :param own: those of its references, and of what names other parts.
    """
    return (*drop_consequences((each for each in own if each.key not in STRUCTURE_KEYS), mistakes),)
