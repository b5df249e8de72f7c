"""Signatures and annotations of callables. Some annotations can be read by a type checker only.

They have names that are imported under ``TYPE_CHECKING``. From Python 3.14 on, the function that has them is defined
all the same, and they fail where they are read.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from inspect import Signature, signature
from types import SimpleNamespace
from typing import Any, get_type_hints

__all__ = ["read_hints", "read_signature"]

_FORWARD: Any = import_module("annotationlib").Format.FORWARDREF if sys.version_info >= (3, 14) else None
"""Gives a ForwardRef in the place of each name that is unknown."""


def read_signature(factory: Callable[..., object], *, follow_wrapped: bool = True) -> Signature:
    """Read the signature of a callable, whatever its annotations are.

    :returns: annotations as they were written: text is not evaluated, and an unknown name is a ForwardRef.
    :raises TypeError, ValueError: it has no signature.
    """
    options: dict[str, Any] = {"annotation_format": _FORWARD} if _FORWARD else {}
    return signature(factory, follow_wrapped=follow_wrapped, **options)


def read_hints(kind: Any) -> dict[str, Any]:
    """Read the annotations of a TypedDict. One with an unknown name is a ForwardRef, or contains one."""
    options: dict[str, Any] = {"format": _FORWARD} if _FORWARD else {}
    try:
        return get_type_hints(kind, include_extras=True, **options)
    except Exception:  # before Python 3.14: only text can have an unknown name
        names = vars(sys.modules[kind.__module__])
        return {name: _read_hint(each, names) for name, each in kind.__annotations__.items()}


def _read_hint(hint: object, names: dict[str, Any]) -> object:
    with suppress(Exception):
        return get_type_hints(SimpleNamespace(__annotations__={"": hint}), names, include_extras=True)[""]
    return hint
