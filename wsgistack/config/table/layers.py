"""The layers of a table: in lists, and as filters that have names."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from wsgistack.config.place import Place
from wsgistack.config.protocols import used
from wsgistack.config.stack import Stack
from wsgistack.config.table import lines
from wsgistack.config.table.tree import Tree
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.spec import Item, Spec
from wsgistack.types import Factory

__all__ = ["Layers"]

_FILTERS = "filters"


class Layers:
    """What a table says of layers.

    :param folder: where relative paths start.
    :param applications: the names of those that are no layers.
    :ivar filters: layers by name, for lists to name, and for composites to ask for.
    """

    def __init__(self, tree: Tree, folder: Path | None, applications: Collection[str]) -> None:
        self.filters = tree.tables(_FILTERS)
        self._tree = tree
        self._folder = folder
        self._applications = applications

    def filter(self, name: str, asked: Place) -> Spec:
        """The filter of a name, or else a layer that is called so everywhere.

        :raises ConfigError: there is none, or something is wrong with it.
        """
        if meant := self._meant(name):
            return self._filter(meant, asked.global_conf)
        return Spec(used(name, asked.global_conf), where=asked.where)

    def listed(self, given: object, at: lines.Path, global_conf: Mapping[str, str]) -> Stack:
        """The layers of a list.

        :param at: the path of the list.
        """
        if not isinstance(given, (list, tuple)):
            return Stack.broken(*self._tree.wrong(at, describe_type(given), "a list").mistakes)
        mistakes = Mistakes()
        specs = []
        for number, item in enumerate(given, 1):
            with mistakes.collect():
                if isinstance(item, str) and (name := self._meant(item)):
                    specs.append(self._filter(name, global_conf))
                else:
                    specs.append(self._layer(item, number, (*at, number - 1), global_conf))
        return Stack(pipeline=Pipeline(specs), mistakes=tuple(mistakes))

    def _meant(self, name: str) -> str:
        """The filter of a name, as it is written; empty if there is none."""
        alike = (each for each in self.filters if normalize_name(each) == normalize_name(name))
        return name if name in self.filters else next(alike, "")

    def _filter(self, name: str, global_conf: Mapping[str, str]) -> Spec:
        return self._layer({"name": name, **self.filters[name]}, 1, (_FILTERS, name), global_conf)

    def _layer(self, item: object, number: int, at: lines.Path, global_conf: Mapping[str, str]) -> Spec:
        is_listed = isinstance(at[-1], int)
        within = ".".join(map(str, at[:-2] if is_listed else at))

        def place(key: str, section: str) -> Where:
            section = f"{within} {section}".strip() if is_listed else within
            return self._tree.where((*at, *key.split(".")))._replace(section=section)

        where = place("use", f"layer {number}")
        if isinstance(item, Mapping) and "use" in item:
            item = {**item, "use": self._tree.name(item["use"], "use", where, self._folder)}
        elif isinstance(item, str):
            item = self._tree.name(item, "", where, self._folder)
        try:
            spec = Spec.of(cast(Item, item), number)
        except ConfigError as error:
            mistakes = Mistakes(each._replace(where=place(each.key, each.where.section)) for each in error.mistakes)
            if isinstance(item, Mapping) and all(each.key.startswith("when") for each in mistakes):
                with mistakes.collect():  # what else is wrong
                    self._layer({**item, "when": None}, number, at, global_conf)
            raise ConfigError(*mistakes) from error
        below = {path[len(at) :]: line for path, line in self._tree.lines.items() if path[: len(at)] == at}
        numbers = {".".join(map(str, path)).removeprefix("options."): line for path, line in below.items()}
        mistakes = Mistakes()
        with mistakes.collect("use", place("use", spec.where.section)):
            use = self._used(spec.use, global_conf) if isinstance(spec.use, str) else spec.use
            where = place("", spec.where.section)
            return replace(spec, use=use, name=spec.name, where=where, lines=numbers).check(base=self._folder)
        raise ConfigError(*mistakes)

    def _used(self, use: str, global_conf: Mapping[str, str]) -> str | Factory:
        try:
            return used(use, global_conf)
        except ConfigError as error:
            if use in self._applications:
                raise ConfigError(Mistake(f"{use!r} is an application", expected="a layer")) from error
            if self._meant(use):
                raise ConfigError(Mistake(f"{use!r} is one of {_FILTERS}", hint="name it alone, as text")) from error
            raise
