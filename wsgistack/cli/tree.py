"""An application drawn as a tree: its layers from the outside in, and what it is made of."""

from collections.abc import Iterator
from typing import cast

from wsgistack.config.contents import is_composite
from wsgistack.config.loader import Document
from wsgistack.config.parts import Application
from wsgistack.config.stack import Stack
from wsgistack.config.words import condition_in_words, in_words, use_in_words
from wsgistack.errors import Mistake
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec

__all__ = ["Tree"]


class Tree:
    """Draws applications.

    :param document: where those are found that others are made of.
    :param is_whole: with options, conditions, and marks at layers that stand in the wrong place.
    """

    def __init__(self, document: Document, *, is_whole: bool) -> None:
        self.misplaced: list[Mistake] = []
        """What was found of the order of layers."""
        self._document = document
        self._is_whole = is_whole

    def draw(self, name: str, stack: Stack) -> str:
        """Draw an application that has no mistakes."""
        return "\n".join(self._lines(stack, "", "", (name,)))

    def _lines(self, stack: Stack, first: str, further: str, within: tuple[str, ...]) -> Iterator[str]:
        for position, spec in enumerate(stack.pipeline):
            used = Spec(spec.use).name
            yield f"{first}{spec.name}" + (f" ({used})" if used != spec.name else "")
            if self._is_whole:
                yield from (f"{further}│  {detail}" for detail in self._details(stack.pipeline, position))
            first, further = f"{further}└─ ", f"{further}   "
        application = cast(Application, stack.application)  # there is one where there are no mistakes
        yield f"{first}{use_in_words(application.use)}"
        branches = self._branches(application)
        for number, (label, name) in enumerate(branches, 1):
            is_circle = name in within
            is_last = number == len(branches)
            yield f"{further}{'└─ ' if is_last else '├─ '}{label}{' (a circle)' if is_circle else ''}"
            if name and not is_circle:
                inner = self._document.application(name, self._document.start()).fitted()
                deeper = further + ("   " if is_last else "│  ")
                if inner.application and (inner.pipeline or inner.application.use != name):
                    yield from self._lines(inner, f"{deeper}└─ ", f"{deeper}   ", (*within, name))

    def _details(self, pipeline: Pipeline, position: int) -> list[str]:
        spec = pipeline.specs[position]
        misplaced = pipeline.misplaced_at(position)
        self.misplaced += misplaced
        when = [] if spec.when is None else condition_in_words(spec.when)
        options = [f"{name} = {in_words(value)}" for name, value in spec.shown().items()]
        return [*(f"! {each.problem}; {each.hint}" for each in misplaced), *when, *options]

    def _branches(self, application: Application) -> list[tuple[str, str]]:
        """The options of a composite that stand for other applications, and their names; none for objects."""
        if not is_composite(application) or application.where.file != self._document.start().where.file:
            return []  # in another file, the same names may mean others
        known = self._document.applications()
        return [
            (f"{key} = {use_in_words(value)}", value if isinstance(value, str) else "")
            for key, value in application.options.items()
            if callable(value) or value in known or ":" in str(value)
        ]
