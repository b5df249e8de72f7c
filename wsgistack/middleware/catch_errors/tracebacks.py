"""The text of a traceback, however long or broken its error is."""

from collections import deque
from collections.abc import Callable, Iterable
from traceback import TracebackException, format_tb

from wsgistack.middleware.catch_errors.attributes import traceback_of
from wsgistack.middleware.catch_errors.values import cut

__all__ = ["MAX_TRACEBACK", "format_error", "message_of"]

MAX_TRACEBACK = 65_536
"""Characters: more than any traceback of which a person reads all."""

_MAX_PART = 8192
"""Characters of one frame, message or note."""


def format_error(error: BaseException, edit: Callable[[str], str] = str) -> tuple[str, bool]:
    """The traceback of an error with its causes, groups and notes, and whether something of it was cut off.

    The beginning and the end of a very long one remain.

    :param edit: changes each part of it: a frame, a message or a note.
    """
    try:
        summary = TracebackException.from_exception(error)
        is_cut = _shorten(summary)
        text, has_gap = _join(summary.format(), edit)
    except Exception as failure:
        # the error, or what caused it, has a broken attribute; its frames have none
        said = f"{type(error).__name__}, which can't be shown: {type(failure).__name__}\n"
        return _join([*format_tb(traceback_of(error)), said], edit)[0], True
    return text, is_cut or has_gap


def _shorten(summary: TracebackException) -> bool:
    """Cut long messages and notes before ``format()`` makes a list of their lines."""
    pending: list[TracebackException | None] = [summary]
    is_cut = False
    while pending:
        each = pending.pop()
        if each is None:
            continue
        pending += [each.__cause__, each.__context__, *(each.exceptions or ())]
        said = getattr(each, "_str", None)  # there is no public way
        if type(said) is str and len(said) > _MAX_PART:
            each._str = cut(said, _MAX_PART)  # type: ignore[attr-defined]  # noqa: SLF001
            is_cut = True
        notes = each.__notes__
        if type(notes) is list and any(type(note) is str and len(note) > _MAX_PART for note in notes):
            each.__notes__ = [cut(note, _MAX_PART) if type(note) is str else note for note in notes]
            is_cut = True
    return is_cut


def message_of(error: BaseException) -> str:
    """What an error says, even if its ``str()`` fails."""
    try:
        return str(error)
    except Exception as failure:
        return f"<str() raises {type(failure).__name__}>"


def _join(parts: Iterable[str], edit: Callable[[str], str]) -> tuple[str, bool]:
    first: list[str] = []
    last: deque[str] = deque()
    room = left = MAX_TRACEBACK // 2
    is_cut = has_gap = False
    for part in parts:
        text = edit(part[: 2 * _MAX_PART])
        if len(part) > _MAX_PART:
            is_cut = True
            text = cut(text, _MAX_PART) + "\n"
        room -= len(text)
        if room >= 0:
            first.append(text)
            continue
        last.append(text)
        left -= len(text)
        while left < 0:
            left += len(last.popleft())
            has_gap = True
    return "".join([*first, *([_GAP] if has_gap else []), *last]), is_cut or has_gap


_GAP = "  [...]\n"
