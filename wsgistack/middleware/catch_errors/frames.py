"""An exception as data: its message, its frames, and the exceptions that led to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType, TracebackType
from typing import Any, cast

from wsgistack.errors import class_name
from wsgistack.middleware.catch_errors.attributes import (
    attributes_of,
    cause_of,
    context_of,
    hides_context,
    members_of,
    traceback_of,
)
from wsgistack.middleware.catch_errors.fingerprints import Owner, find_owner
from wsgistack.middleware.catch_errors.source import MAX_LINE, Line, Span, find_span, read_lines
from wsgistack.middleware.catch_errors.values import Values

__all__ = ["Frame", "Raised", "capture_error", "list_scopes"]

MAX_MESSAGE = 5000
"""In characters."""

MAX_ERRORS = 40
MAX_FRAMES = 60
"""Of one exception: the first third and the last two thirds."""

MAX_CYCLE = 6
"""In frames: how many functions may call each other in turn, so that their repetitions are folded."""

MAX_LOCALS = 40
MAX_SIZE = 600_000
"""In characters: source and local variables of all frames. What does not fit is left out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that an exception passed.

    :param owner: whose code it is.
    :param omitted: what is left out after it, in words; empty if nothing is.
    :param variables: names and values, as texts.
    """

    file: str
    line: int
    function: str
    owner: Owner
    lines: list[Line]
    variables: list[tuple[str, str]]
    omitted: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception.

    :param relation: how it belongs to the one before it, in words; empty for the first one.
    :param frames: the outermost call first.
    :param is_new: whether it is not shown before.
    """

    number: int
    kind: str
    message: str
    relation: str = ""
    notes: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    inner: list["Raised"] = field(default_factory=list)
    is_new: bool = True

    def walk(self) -> Iterator["Raised"]:
        """Go through this exception and all that led to it."""
        yield self
        for each in self.inner:
            yield from each.walk()


def capture_error(error: BaseException, values: Values) -> Raised:
    """Describe an exception with its causes, contexts and members."""
    return _Description(values).describe(error)


def _walk_errors(error: BaseException) -> Iterator[BaseException]:
    """An exception, and the first ones that led to it."""
    seen: dict[int, BaseException] = {}
    waiting = [error]
    while waiting and len(seen) < MAX_ERRORS:
        each = waiting.pop(0)
        if id(each) not in seen:
            seen[id(each)] = each
            waiting += [found for found, _ in _find_related(each)]
            yield each


def list_scopes(error: BaseException) -> Iterator[Mapping[str, object]]:
    """The local variables of the frames that are shown."""
    for each in _walk_errors(error):
        for found, _ in _fold([*_walk(traceback_of(each))]):
            yield dict(found.tb_frame.f_locals)


class _Description:
    def __init__(self, values: Values) -> None:
        self._values = values
        self._seen: dict[int, int] = {}
        self._room = MAX_SIZE

    def describe(self, error: BaseException, relation: str = "") -> Raised:
        number = self._seen[id(error)] = len(self._seen) + 1
        raised = Raised(number, class_name(type(error)), self._read_message(error), relation, self._read_notes(error))
        raised.frames.extend(self._describe_frame(*each) for each in _fold([*_walk(traceback_of(error))]))
        if issubclass(type(error), SyntaxError):
            raised.frames.extend(self._describe_syntax(cast(SyntaxError, error)))
        for each, how in _find_related(error):
            if id(each) in self._seen:
                kind = f"exception {self._seen[id(each)]}, which is shown above"
                raised.inner.append(Raised(self._seen[id(each)], kind, "", how, is_new=False))
            elif len(self._seen) >= MAX_ERRORS:
                raised.inner.append(Raised(0, "more exceptions", "", "and", is_new=False))
                break
            else:
                raised.inner.append(self.describe(each, how))
        return raised

    def _read_message(self, error: BaseException) -> str:
        try:
            if issubclass(type(error), SyntaxError) and type(cast(SyntaxError, error).msg) is str:
                return self._values.cut(cast(SyntaxError, error).msg, MAX_MESSAGE)
            return self._values.cut(str(error), MAX_MESSAGE)
        except (Exception, SystemExit, GeneratorExit):
            return "(its text can't be shown)"

    def _read_notes(self, error: BaseException) -> list[str]:
        notes: Any = attributes_of(error).get("__notes__")
        if type(notes) not in (list, tuple):
            return [] if notes is None else [self._values.show(notes)]
        return [
            self._values.cut(each, MAX_MESSAGE) if type(each) is str else self._values.show(each) for each in notes[:20]
        ]

    def _describe_frame(self, found: TracebackType, omitted: str) -> Frame:
        frame, span = found.tb_frame, find_span(found)
        code = frame.f_code
        lines = self._read_source(code.co_filename, span, frame)
        variables = [*self._read_variables(frame)]
        return Frame(
            code.co_filename,
            span.line,
            code.co_qualname,
            find_owner(code.co_filename),
            lines,
            variables,
            omitted,
            str(frame.f_globals.get("__name__")),
        )

    def _describe_syntax(self, error: SyntaxError) -> Iterator[Frame]:
        """The line that is not valid, as if it were one more frame."""
        line, column, end = error.lineno, error.offset, error.end_offset
        if type(line) is not int:
            return
        file = error.filename if type(error.filename) is str else "<unknown>"
        start = max(column - 1, 0) if type(column) is int else None
        stop = end - 1 if type(end) is int and start is not None and end - 1 > start else (start or 0) + 1
        lines = self._read_source(file, Span(line, line, start, stop if start is not None else None))
        if not lines and type(error.text) is str:
            lines = [Line(line, self._values.cut(error.text.rstrip("\r\n"), MAX_LINE, is_code=True))]
        yield Frame(file, line, "(not valid)", find_owner(file), lines, [])

    def _read_source(self, file: str, span: Span, frame: FrameType | None = None) -> list[Line]:
        if self._room <= 0:
            return []
        lines = [self._cut(each) for each in read_lines(file, span, frame.f_globals if frame else None)]
        self._room -= sum(len(each.text) for each in lines)
        return lines

    def _cut(self, line: Line) -> Line:
        cut = partial(self._values.cut, limit=MAX_LINE, is_code=True)
        text = cut(line.text)
        if line.mark is None:
            return Line(line.number, text)
        start, end = line.mark
        before, marked = cut(line.text[:start]), cut(line.text[start:end])
        mark = (len(before), len(before) + len(marked))
        return Line(line.number, text, mark if text.startswith(before + marked) else None)

    def _read_variables(self, frame: FrameType) -> Iterator[tuple[str, str]]:
        named = [item for item in dict(frame.f_locals).items() if not item[0].startswith("__")]
        for name, value in named[:MAX_LOCALS]:
            if self._room <= 0:
                yield "…", "left out, because the page is long enough"
                return
            shown = self._values.show(value, name)
            self._room -= len(shown)
            yield name, shown
        if len(named) > MAX_LOCALS:
            yield "…", f"{len(named) - MAX_LOCALS} more"


def _find_related(error: BaseException) -> list[tuple[BaseException, str]]:
    """The exceptions that led to one, and how."""
    related: list[tuple[BaseException, str]] = []
    if issubclass(type(error), BaseExceptionGroup):
        related += [(each, "in this group") for each in members_of(error)[: MAX_ERRORS + 1]]
    cause, context = cause_of(error), context_of(error)
    if cause is not None:
        related.append((cause, "caused by"))
    elif context is not None and not hides_context(error):
        related.append((context, "while handling"))
    return related


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _fold(found: list[TracebackType]) -> list[tuple[TracebackType, str]]:
    """The frames to show, each with what is left out after it: repetitions, and the middle of very many."""
    places = [(each.tb_frame.f_code, each.tb_lasti) for each in found]
    kept: list[tuple[TracebackType, str]] = []
    position = 0
    while position < len(found):
        size, times = _find_cycle(places, position)
        kept += [(each, "") for each in found[position : position + size]]
        if times > 1:
            what = "this call" if size == 1 else f"these {size} calls"
            kept[-1] = (kept[-1][0], f"{what} repeated {times - 1} more times")
        position += size * times
    if len(kept) > MAX_FRAMES:
        first, last = kept[: MAX_FRAMES // 3], kept[-(MAX_FRAMES - MAX_FRAMES // 3) :]
        first[-1] = (first[-1][0], f"{len(kept) - MAX_FRAMES} frames left out")
        kept = first + last
    return kept


def _find_cycle(places: Sequence[tuple[object, int]], position: int) -> tuple[int, int]:
    """How many frames from a position on are repeated, and how often; once is (1, 1)."""
    for size in range(1, MAX_CYCLE + 1):
        block = places[position : position + size]
        times = 1
        while places[position + size * times : position + size * (times + 1)] == block:
            times += 1
        if times > 2:  # twice may be two calls in a row
            return size, times
    return 1, 1
