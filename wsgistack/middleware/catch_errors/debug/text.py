"""A failed request as plain text and as Markdown."""

import re
from collections.abc import Iterable, Iterator
from textwrap import indent

from wsgistack.middleware.catch_errors.debug.failure import Failure
from wsgistack.middleware.catch_errors.debug.frames import Frame, Raised

__all__ = ["write_markdown", "write_text", "write_traceback"]

_FENCES = re.compile(r"`{3,}")
_LEADS = {
    "caused by": "The above exception was the direct cause of the following exception:",
    "while handling": "During handling of the above exception, another exception occurred:",
}


def write_traceback(error: Raised) -> str:
    """The traceback in the form that Python prints: causes first, the last call last."""
    return "\n".join(_write_error(error))


def write_text(failure: Failure) -> str:
    """The traceback, the request, the pipeline and the log as plain text."""
    parts = [failure.title, write_traceback(failure.error)]
    parts += [f"{name}\n{indent(text, '  ')}" for name, text in _list_parts(failure)]
    return "\n\n".join(parts) + "\n"


def write_markdown(failure: Failure) -> str:
    """The same as Markdown, for an issue or a chat."""
    parts = [f"## {_escape(failure.title)}", _fence(write_traceback(failure.error), "pytb")]
    parts += [f"### {name}\n\n{_fence(text)}" for name, text in _list_parts(failure)]
    return "\n\n".join(parts) + "\n"


def _list_parts(failure: Failure) -> Iterator[tuple[str, str]]:
    request = failure.request
    yield "Request", "\n".join([request.line, *(f"{name}: {value}" for name, value in request.headers)])
    if request.form:
        yield "Form", "\n".join(f"{name}: {value}" for name, value in request.form)
    stages = (f"{each.name} ({each.kind}){'  <-- failed' if each.is_failing else ''}" for each in failure.stages)
    yield "Pipeline", "\n".join(stages)
    if failure.records:
        yield "Log", "\n".join(" ".join(each) for each in failure.records)
    identity = [f"Request id {failure.request_id}"] if failure.request_id else []
    yield "Versions", "\n".join([*identity, failure.python])


def _write_error(error: Raised) -> Iterator[str]:
    members = [each for each in error.inner if each.relation not in _LEADS]
    for each in error.inner:
        if each.relation in _LEADS:
            yield from _write_error(each)
            yield from ("", _LEADS[each.relation], "")
    if error.frames:
        yield "Traceback (most recent call last):"
        for frame in error.frames:
            yield from _write_frame(frame)
    yield f"{error.kind}: {error.message}" if error.message else error.kind
    yield from error.notes
    for number, each in enumerate(members, 1):
        yield f"  +- {number} of {len(members)}"
        yield from (f"  | {line}" for line in _lines(_write_error(each)))


def _write_frame(frame: Frame) -> Iterator[str]:
    yield f'  File "{frame.file}", line {frame.line}, in {frame.function}'
    for line in frame.lines:
        marked = line.mark or ((0, 0) if line.number == frame.line else None)
        if marked is None:
            continue
        text = line.text.lstrip()
        yield f"    {text}"
        start, end = (max(each - (len(line.text) - len(text)), 0) for each in marked)
        if 0 < end - start < len(text.rstrip()):
            yield f"    {' ' * start}{'^' * (end - start)}"
    if frame.omitted:
        yield f"  [{frame.omitted}]"


def _lines(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        yield from part.split("\n")


def _fence(text: str, language: str = "") -> str:
    longest = max(map(len, _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~@&-])", r"\\\1", text)
