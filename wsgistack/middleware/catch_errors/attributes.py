"""Exceptions and classes as Python keeps them, although their code may override how they are read."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

__all__ = ["attributes_of", "cause_of", "context_of", "hides_context", "members_of", "mro_of", "traceback_of"]


def _read(name: str, kind: type = BaseException) -> Any:
    return cast(Any, kind.__dict__[name]).__get__


traceback_of: Callable[[BaseException], TracebackType | None] = _read("__traceback__")
cause_of: Callable[[BaseException], BaseException | None] = _read("__cause__")
context_of: Callable[[BaseException], BaseException | None] = _read("__context__")
hides_context: Callable[[BaseException], bool] = _read("__suppress_context__")
attributes_of: Callable[[BaseException], dict[str, object]] = _read("__dict__")
members_of: Callable[[BaseException], tuple[BaseException, ...]] = _read("exceptions", BaseExceptionGroup)
mro_of: Callable[[type], tuple[type, ...]] = _read("__mro__", type)
