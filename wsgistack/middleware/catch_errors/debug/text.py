"""A failed request as plain text and as Markdown."""

import re
from collections.abc import Iterator
from textwrap import indent

from wsgistack.middleware.catch_errors.debug.failure import Failure
from wsgistack.middleware.catch_errors.tracebacks import write_traceback

__all__ = ["write_markdown", "write_text"]

_FENCES = re.compile(r"`{3,}")


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


def _fence(text: str, language: str = "") -> str:
    longest = max(map(len, _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~@&-])", r"\\\1", text)
