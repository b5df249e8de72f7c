"""The text of a traceback, however long or broken its error is."""

from collections import deque
from collections.abc import Callable, Iterable
from traceback import TracebackException, format_tb

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
        parts: Iterable[str] = TracebackException.from_exception(error).format()
        return _join(parts, edit)
    except Exception as failure:
        # the error, or what caused it, has a broken attribute; its frames have none
        said = f"{type(error).__name__}, which can't be shown: {type(failure).__name__}\n"
        return _join([*format_tb(error.__traceback__), said], edit)[0], True


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
