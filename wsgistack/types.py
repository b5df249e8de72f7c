"""The words of PEP 3333 as types, over :mod:`wsgiref.types`."""

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
"""A number of bytes; as text also ``64KiB`` or ``10 MB``."""

Duration: TypeAlias = Annotated[float, "seconds"]
"""A number of seconds, not negative; as text also ``1.5s``, ``10m`` or ``1h30m``, from days ``d`` to ``ms``."""


class Secret:
    """A mark for an annotation, ``Annotated[str, Secret]``: the value is shown nowhere."""


class Changes(NamedTuple):
    """What a middleware changes. All else it leaves alone, and the conformance kit holds it to that.

    :param headers: names of response headers that it adds, changes or removes, in lower case; ``*`` for any.
    :param body: it may give other bytes; with content-encoding among the headers, the same ones in a coding.
    :param answers: it may answer by itself, or call the application more than once.
    :param errors: it answers exceptions that come before the first byte.
    :param wraps: it hands on an iterable of its own, even for a list, a tuple or a file, perhaps without ``len()``.
    """

    headers: frozenset[str] = frozenset()
    body: bool = False
    answers: bool = False
    errors: bool = False
    wraps: bool = False

    def __or__(self, other: "Changes") -> "Changes":
        """What two middlewares change together."""
        return Changes(
            self.headers | other.headers, *(one or its for one, its in zip(self[1:], other[1:], strict=True))
        )

    @classmethod
    def from_names(cls, names: Iterable[str]) -> "Changes":
        """Those of some names: of a field here, or else of a response header."""
        given = {name.lower() for name in names}
        flags = given & set(cls._fields[1:])
        return cls(frozenset(given - flags), **dict.fromkeys(flags, True))
