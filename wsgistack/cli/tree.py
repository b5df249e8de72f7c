"""Draws an application as a tree: its layers from the outside in, and the applications that it is made of."""

from collections.abc import Iterator, Mapping
from typing import cast

from wsgistack.config.contents import is_composite
from wsgistack.config.document import Document
from wsgistack.config.parts import Application, Stack
from wsgistack.config.words import describe_condition, describe_use, describe_value
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec

__all__ = ["align", "draw_tree"]


def draw_tree(
    document: Document, name: str, stack: Stack, outer: tuple[str, ...] = (), indent: str = "", *, is_whole: bool = True
) -> Iterator[str]:
    """Draw an application without mistakes, in lines.

    :param document: the configuration that names the parts of composites.
    :param outer: the applications that this one is a part of.
    :param is_whole: whether to show options and conditions, and to mark layers in the wrong place.
    """
    first, further = (f"{indent}└─ ", f"{indent}   ") if outer else ("", "")
    for position, spec in enumerate(stack.pipeline):
        used = Spec(spec.use).name
        yield f"{first}{spec.name}" + (f" ({used})" if used != spec.name else "")
        if is_whole:
            yield from (f"{further}│  {detail}" for detail in _iterate_details(stack.pipeline, position))
        first, further = f"{further}└─ ", f"{further}   "
    application = cast(Application, stack.application)  # only a stack with mistakes, or a filter, has none
    yield f"{first}{describe_use(application.use)}"
    branches = _find_branches(document, application)
    for number, (label, part) in enumerate(branches, 1):
        is_circular = part in (*outer, name)
        is_last = number == len(branches)
        yield f"{further}{'└─ ' if is_last else '├─ '}{label}{' (circular reference)' if is_circular else ''}"
        if part and not is_circular:
            inner = document.application(part, document.start()).fitted()
            deeper = further + ("   " if is_last else "│  ")
            if inner.application and (inner.pipeline or inner.application.use != part):
                yield from draw_tree(document, part, inner, (*outer, name), deeper, is_whole=is_whole)


def _iterate_details(pipeline: Pipeline, position: int) -> Iterator[str]:
    spec = pipeline.specs[position]
    yield from (f"! {each.problem}; {each.hint}" for each in pipeline.misplaced_at(position))
    yield from (f"{key} = {text}" for key, text in describe_condition(spec.when).items())
    yield from align(spec.shown())


def _find_branches(document: Document, application: Application) -> list[tuple[str, str]]:
    """The options of a composite that name other applications, and these names; empty for objects."""
    if not is_composite(application) or application.where.file != document.start().where.file:
        return []  # in another file, the same names may mean other applications
    known = [*document.applications]  # a value may be of any type
    return [
        (f"{key} = {describe_use(value)}", value if isinstance(value, str) else "")
        for key, value in application.options.items()
        if callable(value) or value in known or ":" in str(value)
    ]


def align(options: Mapping[str, object]) -> list[str]:
    """Describe options, one in each line, with their values below each other."""
    width = max(map(len, options), default=0)
    return [f"{name:{width}} = {describe_value(value)}" for name, value in options.items()]
