"""Which errors count as the same one."""

import hashlib
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Literal

from wsgistack.errors import class_name
from wsgistack.imports import is_own_code
from wsgistack.middleware.catch_errors.attributes import cause_of, members_of, traceback_of

__all__ = ["Owner", "find_fingerprint", "find_origin", "find_owner"]

Owner = Literal["application", "library", "wsgistack"]

_HERE = Path(__file__).parents[2]
_MAX_FRAMES = 3
"""So many frames of the application distinguish errors. More would separate the callers of one broken function."""

_LENGTH = 16
"""Hexadecimal digits."""


def find_fingerprint(error: BaseException) -> str:
    """A short text that is the same for the same error, also in another process, and after unrelated changes.

    Made of the kinds of the error and its causes, and of the innermost frames of the application's code: their
    modules, their functions, and the lines counted from the beginning of each function. If none of the
    application's own code was running, the innermost frames of all code count.
    """
    places = [_describe_place(*each) for each in _list_frames(error)]
    if issubclass(type(error), RecursionError):  # it may happen at any of the frames that repeat
        places = sorted(set(places))
    facts = [*_list_kinds(error), *places[-_MAX_FRAMES:]]
    return hashlib.sha256("\n".join(facts).encode("utf-8", "replace")).hexdigest()[:_LENGTH]


def find_origin(error: BaseException) -> str:
    """Where the application's own code failed, as ``pay in shop, line 12``; empty without any frame."""
    for frame, line in reversed(_list_frames(error)):
        return f"{frame.f_code.co_qualname} in {frame.f_globals.get('__name__')}, line {line}"
    return ""


@lru_cache(maxsize=4096)
def find_owner(file: str) -> Owner:
    """Whose code a file is."""
    if Path(file).is_relative_to(_HERE):
        return "wsgistack"
    return "application" if not file.startswith("<frozen") and is_own_code(file) else "library"


def _list_frames(error: BaseException) -> list[tuple[FrameType, int]]:
    found = [*walk_tb(traceback_of(error))]
    return [each for each in found if _is_application_code(each[0].f_code.co_filename)] or found


def _is_application_code(file: str) -> bool:
    # code without a file has no line that stays the same
    return file[:1] != "<" and find_owner(file) == "application"


def _describe_place(frame: FrameType, line: int | None) -> str:
    code = frame.f_code
    return f"{frame.f_globals.get('__name__')} {code.co_qualname} {(line or 0) - code.co_firstlineno}"


def _list_kinds(error: BaseException) -> list[str]:
    kinds = [class_name(type(error))]
    if issubclass(type(error), BaseExceptionGroup):  # not isinstance(), which asks an error for its __class__
        kinds += sorted({class_name(type(each)) for each in members_of(error)})
    cause = cause_of(error)
    if cause is not None:
        kinds.append(class_name(type(cause)))
    return kinds
