"""The text of a traceback, of bounded length, however long or broken its error is."""

from collections.abc import Iterable, Iterator

from wsgistack.middleware.catch_errors.frames import Frame, Raised, capture_error
from wsgistack.middleware.catch_errors.values import Values

__all__ = ["MAX_TRACEBACK", "format_error", "write_traceback"]

MAX_TRACEBACK = 65_536
"""Characters: more than any traceback of which a person reads all. The beginning and the end remain."""

_LEADS = {
    "caused by": "The above exception was the direct cause of the following exception:",
    "while handling": "During handling of the above exception, another exception occurred:",
}


def format_error(error: BaseException, values: Values) -> str:
    """The traceback of an error with its causes, groups and notes."""
    return write_traceback(capture_error(error, values))


def write_traceback(error: Raised) -> str:
    """The traceback in the form that Python prints: causes first, the last call last."""
    text = "\n".join(_write_error(error))
    half = MAX_TRACEBACK // 2
    return text if len(text) <= MAX_TRACEBACK else f"{text[:half]}\n  [...]\n{text[-half:]}"


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
        yield from (f"  | {line}" for line in _split_lines(_write_error(each)))


def _write_frame(frame: Frame) -> Iterator[str]:
    yield f'  File "{frame.file}", line {frame.line}, in {frame.function.rpartition(".")[2]}'
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


def _split_lines(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        yield from part.split("\n")
