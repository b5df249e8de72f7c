"""Draws an application as a tree: its layers from the outside in, and the applications that it is made of."""

from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from textwrap import wrap

from wsgistack.config.contents import is_composite
from wsgistack.config.document import Document
from wsgistack.config.parts import Application, Stack
from wsgistack.config.words import describe_condition, describe_use, describe_value
from wsgistack.errors import Mistake
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec

__all__ = ["LayerTree", "align"]

_MIN_WIDTH = 40


class LayerTree:
    """Draws applications.

    :param document: the configuration that names the parts of composites.
    :param is_whole: whether to show options and conditions, and to mark layers in the wrong place.
    """

    def __init__(self, document: Document, *, is_whole: bool) -> None:
        self.misplaced: list[Mistake] = []
        """The layers in the wrong place that were found while drawing."""
        self._document = document
        self._is_whole = is_whole

    def draw(self, name: str, stack: Stack) -> str:
        """Draw an application or a filter without mistakes."""
        return "\n".join(self._lines(stack, "", "", (name,)))

    def _lines(self, stack: Stack, first: str, further: str, within: tuple[str, ...]) -> Iterator[str]:
        for position, spec in enumerate(stack.pipeline):
            used = Spec(spec.use).name
            yield f"{first}{spec.name}" + (f" ({used})" if used != spec.name else "")
            if self._is_whole:
                prefix = f"{further}│  "
                yield from (f"{prefix}{detail}" for detail in self._details(stack.pipeline, position, len(prefix)))
            first, further = f"{further}└─ ", f"{further}   "
        if stack.application is None:  # a filter
            return
        yield f"{first}{describe_use(stack.application.use)}"
        branches = self._branches(stack.application)
        for number, (label, name) in enumerate(branches, 1):
            is_circular = name in within
            is_last = number == len(branches)
            yield f"{further}{'└─ ' if is_last else '├─ '}{label}{' (circular reference)' if is_circular else ''}"
            if name and not is_circular:
                inner = self._document.application(name, self._document.start()).fitted()
                deeper = further + ("   " if is_last else "│  ")
                if inner.application and (inner.pipeline or inner.application.use != name):
                    yield from self._lines(inner, f"{deeper}└─ ", f"{deeper}   ", (*within, name))

    def _details(self, pipeline: Pipeline, position: int, indent: int) -> Iterator[str]:
        spec = pipeline.specs[position]
        misplaced = pipeline.misplaced_at(position)
        self.misplaced += misplaced
        width = max(get_terminal_size().columns - indent, _MIN_WIDTH)
        for each in misplaced:
            yield from wrap(f"! {each.problem}; {each.hint}", width, subsequent_indent="  ")
        yield from [] if spec.when is None else describe_condition(spec.when)
        yield from align(spec.shown())

    def _branches(self, application: Application) -> list[tuple[str, str]]:
        """The options of a composite that name other applications, and these names; empty for objects."""
        if not is_composite(application) or application.where.file != self._document.start().where.file:
            return []  # in another file, the same names may mean other applications
        known = self._document.applications()
        return [
            (f"{key} = {describe_use(value)}", value if isinstance(value, str) else "")
            for key, value in application.options.items()
            if callable(value) or value in known or ":" in str(value)
        ]


def align(options: Mapping[str, object]) -> list[str]:
    """Describe options, one in each line, with their values below each other."""
    width = max(map(len, options), default=0)
    return [f"{name:{width}} = {describe_value(value)}" for name, value in options.items()]
