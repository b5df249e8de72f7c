"""The terms of PEP 3333 as types, based on :mod:`wsgiref.types`."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Annotated, NamedTuple, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = [
    "App",
    "Changes",
    "Duration",
    "Edit",
    "Environ",
    "ExcInfo",
    "Factory",
    "Headers",
    "Secret",
    "Size",
    "StartResponse",
    "Write",
]

App: TypeAlias = WSGIApplication
Environ: TypeAlias = WSGIEnvironment
Headers: TypeAlias = list[tuple[str, str]]
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
Write: TypeAlias = Callable[[bytes], object]
Edit: TypeAlias = Callable[[str, Headers], tuple[str, Headers]]
Factory: TypeAlias = Callable[..., App]
Size: TypeAlias = Annotated[int, "bytes"]
"""A number of bytes. In text also ``64KiB`` or ``10 MB``."""

Duration: TypeAlias = Annotated[float, "seconds"]
"""A number of seconds, not negative. In text also ``1.5s``, ``1h30m`` or ``30d``; the units are d, h, m, s and ms."""


class Secret:
    """Marks an option as secret, ``Annotated[str, Secret]``: its value is never shown."""


class Changes(NamedTuple):
    """What a middleware changes. The conformance kit checks that it changes nothing else.

    :param headers: names of response headers that it adds, changes or removes, in lower case; ``*`` for any.
    :param body: it may send other bytes. With content-encoding among the headers: the same bytes in a coding.
    :param answers: it may answer without the application, or call it more than once.
    :param errors: it answers errors that happen before the first byte.
    :param wraps: it returns its own iterable, even for a list, a tuple or a file, perhaps without ``len()``.
    """

    headers: frozenset[str] = frozenset()
    body: bool = False
    answers: bool = False
    errors: bool = False
    wraps: bool = False

    def __or__(self, other: "Changes") -> "Changes":
        """Return what two middlewares change together."""
        return Changes(
            self.headers | other.headers, *(one or its for one, its in zip(self[1:], other[1:], strict=True))
        )

    @classmethod
    def from_names(cls, names: Iterable[str]) -> "Changes":
        """Make it from names: each is a field of this class, or else a response header."""
        given = {name.lower() for name in names}
        flags = given & set(cls._fields[1:])
        return cls(frozenset(given - flags), **dict.fromkeys(flags, True))
