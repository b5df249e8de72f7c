"""The words of PEP 3333 as types, over :mod:`wsgiref.types`."""

from collections.abc import Callable
from types import TracebackType
from typing import Annotated, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["App", "Edit", "Environ", "ExcInfo", "Factory", "Headers", "Secret", "Size", "StartResponse", "Write"]

App: TypeAlias = WSGIApplication
Environ: TypeAlias = WSGIEnvironment
Headers: TypeAlias = list[tuple[str, str]]
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
Write: TypeAlias = Callable[[bytes], object]
Edit: TypeAlias = Callable[[str, Headers], tuple[str, Headers]]
Factory: TypeAlias = Callable[..., App]
Size: TypeAlias = Annotated[int, "bytes"]
"""A number of bytes; as text also ``64KiB`` or ``10 MB``."""


class Secret:
    """A mark for an annotation, ``Annotated[str, Secret]``: the value is shown nowhere."""
