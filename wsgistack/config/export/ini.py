"""The contents of a configuration as an ini file in PasteDeploy's dialect."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from wsgistack.conditions import format_settings
from wsgistack.config.contents import Contents, is_composite
from wsgistack.config.export.names import is_bare
from wsgistack.config.export.plain import import_string
from wsgistack.config.export.texts import option_text, setting
from wsgistack.config.parts import Application, Server
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS, is_factory
from wsgistack.config.stack import Stack
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.pipeline import registry
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Spec

__all__ = ["ini_text"]

_TAKEN = ("filter-with", "require", "use", *FILTER_PROTOCOLS)
_PROTOCOLS = (*APP_PROTOCOLS, *FILTER_PROTOCOLS, *SERVER_PROTOCOLS)


def ini_text(target: Contents) -> str:
    """Write sections from which the same contents are read.

    :param target: with names for all layers that tell them apart.
    :raises ConfigError: an ini file has no form for a value.
    """
    writer = _Writer(target)
    for name, stack in target.applications.items():
        writer.add_application(name, stack)
    for name, spec in target.filters.items():
        writer.add_filter(name, spec)
    for name, server in target.servers.items():
        writer.add(f"server:{name}", writer.part(server), server.where, server.places)
    writer.mistakes.raise_if_any()
    return "\n\n".join(writer.sections.values()) + "\n"


class _Writer:
    def __init__(self, target: Contents) -> None:
        self.sections: dict[str, str] = {}
        self.mistakes = Mistakes()
        self._target = target
        self._names = {*target.applications}
        if target.global_conf:
            self.add("DEFAULT", target.global_conf, Where(str(target.file)))

    def add(
        self,
        section: str,
        settings: Mapping[str, str],
        where: Where,
        places: Mapping[str, Where] = MappingProxyType({}),
    ) -> None:
        lines = [f"[{section}]"]
        for key, text in settings.items():
            with self.mistakes.collect(key, places.get(key, where)):
                lines.append(setting(key, text))
        self.sections[section] = "\n".join(lines)

    def add_application(self, name: str, stack: Stack) -> None:
        application = cast(Application, stack.application)
        last, depth = self._target.within(stack)
        if len(last.split()) != 1:  # in a list, a name with blanks would be several
            last, depth = "", 0
        outer = stack.pipeline.specs[: len(stack.pipeline) - depth]
        settings = self.part(application)
        needs_section = not last and (not outer or [*settings] != ["use"])
        own = self._free(f"{name}-app") if needs_section and outer else name
        if outer:
            names = [*(spec.name for spec in outer), last or (own if needs_section else settings["use"])]
            self.add(f"pipeline:{name}", {"pipeline": " ".join(names)}, outer[0].where)
        for spec in outer:
            if not is_bare(self._target, spec):
                self.add_filter(spec.name, spec)
        if needs_section:
            kind = "composite" if is_composite(application) else "app"
            self.add(f"{kind}:{own}", settings, application.where, application.places)

    def add_filter(self, name: str, spec: Spec) -> None:
        self.add(f"filter:{name}", self._layer(name, spec), spec.where)

    def _free(self, name: str) -> str:
        name = "-".join(name.split())
        while name in self._names:
            name += "-app"
        self._names.add(name)
        return name

    def _registered(self, use: str, name: str) -> str:
        """What a section uses, in another way where its name means a filter of the file."""
        others = {normalize_name(each) for each in self._target.filters if each != name}
        is_hidden = normalize_name(use) in others and registry.has(use)
        return registry.import_string(registry.names()[normalize_name(use)][0]) if is_hidden else use

    def _layer(self, name: str, spec: Spec) -> dict[str, str]:
        settings = _use(import_string(spec.use) if callable(spec.use) else self._registered(spec.use, name))
        with self.mistakes.collect("when", spec.where):
            settings |= {} if spec.when is None else format_settings(spec.when)
        for option in spec.options:
            with self.mistakes.collect(option, spec.where):
                if option in _TAKEN or option.startswith(("get ", "set ")):
                    raise ConfigError(Mistake("can't stand in an ini file: it has another meaning there", key=option))
                settings[option] = option_text(self._target, spec, option)
        return settings | {f"set {key}": value for key, value in self._target.own_values(spec).items()}

    def part(self, part: Application | Server) -> dict[str, str]:
        """The settings of an application or a server."""
        settings = _use(str(part.use))
        for key, value in part.options.items():
            if not isinstance(value, str | bool | int | float):
                problem = f"is of type {type(value).__name__}"
                where = part.places.get(key, part.where)
                self.mistakes.append(Mistake(problem, key=key, expected="text, for an ini file", where=where))
            settings[key] = as_text(value)
        if is_factory(part.use):
            settings |= {f"set {key}": value for key, value in self._target.own_values(part).items()}
        return settings


def _use(use: str) -> dict[str, str]:
    protocol, _, rest = use.partition(":")
    return {protocol: rest} if protocol in _PROTOCOLS else {"use": use}
