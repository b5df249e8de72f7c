"""Composing layers from a list that reads outermost first."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.pipeline.registry import normalize_name
from wsgistack.pipeline.shape import check_application
from wsgistack.pipeline.spec import Item, Spec
from wsgistack.types import App

__all__ = ["OrderWarning", "Pipeline"]


class OrderWarning(UserWarning):
    """A layer that does less than it could, because of its place, its condition or a relative path.

    Its only argument is the :class:`~wsgistack.errors.Mistake`.
    """


class Pipeline:
    """A list of layers, outermost first, that can be wrapped around any WSGI application.

    It is a value: it never changes, and the methods that edit it return a new one.

    :param items: each of them is one of

        - a name, ``"gzip"``, that a distribution registers as entry point in the group ``wsgistack.middleware``;
        - an import string, ``"werkzeug.middleware.proxy_fix:ProxyFix"``;
        - a callable that takes the application first;
        - a mapping, ``{"use": "gzip", "minimum_size": 1000, "name": "small"}``: ``use`` is any of the above, ``name``
          the name of the layer in this pipeline, and all other keys are its options;
        - a :class:`Spec`.
    :raises ConfigError: an item is none of these.
    """

    __slots__ = ("_specs",)

    def __init__(self, items: Iterable[Item] = ()) -> None:
        if not isinstance(items, Iterable) or isinstance(items, (str, Mapping)):
            problem = f"a pipeline cannot be made of type {type(items).__name__}"
            raise ConfigError(Mistake(problem, value=items, expected="a list of layers"))
        specs = []
        mistakes = Mistakes()
        for number, item in enumerate(items, 1):
            with mistakes.collect():
                specs.append(Spec.of(item, number))
        mistakes.raise_if_any()
        self._specs = tuple(specs)

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The layers as they are configured."""
        return self._specs

    def wrap(self, app: App, /) -> App:
        """Build the layers around an application, and return the outermost one.

        :raises ConfigError: some layers can't be built; it holds the mistakes of all of them.
        :warns OrderWarning: a layer says that it belongs elsewhere, clients can avoid a guard by its condition, or a
            path in an option depends on the working directory.
        """
        mistakes = Mistakes()
        with mistakes.collect():
            check_application(app, "the application is")
        pipeline = [("application", app)]
        for spec in reversed(self.specs):
            inner = mistakes.copy()
            mistakes.clear()
            with mistakes.collect():
                app = spec.build(app, pipeline)
            mistakes += inner
        mistakes.raise_if_any()
        for misplaced in self.misplaced():
            warnings.warn(OrderWarning(misplaced), stacklevel=2)
        return app

    def misplaced(self) -> list[Mistake]:
        """Report layers in the wrong place or in conflict with another one, open guards, and paths that are unsure.

        A layer says by its attributes ``must_be_inside`` and ``must_be_outside`` where it belongs, by
        ``must_not_be_with`` which others do the same work, and by ``is_guard`` that it protects what is inside.
        """
        return [each for position in range(len(self.specs)) for each in self.misplaced_at(position)]

    def misplaced_at(self, position: int) -> list[Mistake]:
        """Report the layers further inside that belong outside of the one at a position, and what is wrong with it."""
        outer = self.specs[position]
        found = [*outer.openings(), *outer.stray_paths()]
        for inner in self.specs[position + 1 :]:
            reason = outer.belongs("must_not_be_with", inner) or inner.belongs("must_not_be_with", outer)
            if reason and not outer.is_partial:
                problem = f"{outer.name} is used with {inner.name}: {reason}"
                found.append(Mistake(problem, where=outer.where, hint="remove one of them"))
            if any(inner.is_like(other) for other in self.specs[:position]):  # another one is in the right place
                continue
            reason = outer.belongs("must_be_inside", inner) or inner.belongs("must_be_outside", outer)
            if reason:
                problem = f"{outer.name} is outside {inner.name}: {reason}"
                found.append(Mistake(problem, where=outer.where, hint=f"put {inner.name} before {outer.name}"))
        return found

    def replace(self, name: str, *items: Item) -> Self:
        """The pipeline with other layers in the place of the one of a name."""
        return self._edit(name, items, 0, 1)

    def insert_before(self, name: str, *items: Item) -> Self:
        """The pipeline with more layers outside of the one of a name."""
        return self._edit(name, items, 0, 0)

    def insert_after(self, name: str, *items: Item) -> Self:
        """The pipeline with more layers inside of the one of a name."""
        return self._edit(name, items, 1, 1)

    def without(self, *names: str) -> Self:
        """The pipeline without all layers of some names."""
        gone = {self.specs[self._position(name)].name for name in names}
        return type(self)(spec for spec in self.specs if spec.name not in gone)

    def __iter__(self) -> Iterator[Spec]:
        return iter(self.specs)

    def __len__(self) -> int:
        return len(self.specs)

    def __eq__(self, other: object) -> bool:
        return self.specs == other.specs if isinstance(other, Pipeline) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(spec.name for spec in self.specs))

    def __repr__(self) -> str:
        return f"Pipeline({list(self.specs)!r})"

    def _edit(self, name: str, items: Iterable[Item], start: int, stop: int) -> Self:
        position = self._position(name)
        return type(self)([*self.specs[: position + start], *items, *self.specs[position + stop :]])

    def _position(self, name: str) -> int:
        wanted = normalize_name(name)
        for position, spec in enumerate(self.specs):
            if normalize_name(spec.name) == wanted:
                return position
        hint = suggest(name, [spec.name for spec in self.specs])
        raise ConfigError(Mistake(f"unknown layer {name!r} in the pipeline", value=name, hint=hint))
