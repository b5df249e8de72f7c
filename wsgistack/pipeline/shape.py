"""Which kind of callable something is: a WSGI application, an ASGI application, or something that makes one."""

from collections.abc import Callable, Mapping
from inspect import (
    Parameter,
    Signature,
    formatannotation,
    isasyncgenfunction,
    iscoroutine,
    iscoroutinefunction,
    signature,
)
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

from wsgistack.errors import ConfigError, Mistake
from wsgistack.options.signatures import read_signature
from wsgistack.types import App

__all__ = ["Kind", "Misfit", "accepts", "check_application", "find_misfit"]

Kind: TypeAlias = Literal["value", "async", "asgi", "filter", "paste", "factory"]

_INNER = ("app", "application", "wsgi_app", "wsgi_application")
_REQUESTS = ("environ", "env", "request")
_ASGI = ["scope", "receive"]
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_PLAIN = (str, bytes, int, float, bool, Path, None, NoneType)
_HINTS: Mapping[Kind, str] = {
    "async": "write def instead of async def",
    "asgi": "run it on an ASGI server, or wrap it in a2wsgi.ASGIMiddleware",
    "filter": "use it as a layer",
}


class Misfit(NamedTuple):
    """Something else than a WSGI application.

    :param kind: ``value`` for what makes no application either.
    :param description: completes a sentence after "is" or "returns".
    """

    kind: Kind
    description: str

    def make_error(self, subject: str, expected: str, hints: Mapping[Kind, str] = _HINTS) -> ConfigError:
        """Make the error for it.

        :param subject: the beginning of the message, up to the verb: ``gzip returns``.
        :param hints: what to do about some kinds, where that depends on the caller.
        """
        hint = hints.get(self.kind, _HINTS.get(self.kind, ""))
        return ConfigError(Mistake(f"{subject} {self.description}", expected=expected, hint=hint))


def check_application(value: object, subject: str, hints: Mapping[Kind, str] = _HINTS) -> App:
    """Return a value that can be called with ``(environ, start_response)``, as far as its signature shows.

    :param subject: as for :meth:`Misfit.make_error`, like the hints.
    :raises ConfigError: it is something else.
    """
    if misfit := find_misfit(value):
        raise misfit.make_error(subject, "a WSGI application", hints)
    return cast(App, value)


def find_misfit(value: object) -> Misfit | None:
    """Say what a value is if it is not a WSGI application.

    It is not called. A callable written in C, which may have no signature, counts as an application.
    """
    if iscoroutine(value):
        value.close()  # otherwise Python warns that nobody awaited it
        return Misfit("async", "a coroutine")
    if not callable(value):
        return Misfit("value", f"a value of type {type(value).__name__}")
    makes = isinstance(value, type) and _defines(value, "__call__") and not _defines(value, "__iter__")
    call = value.__call__ if makes or not isinstance(value, type) else None
    is_async = any(test(each) for test in (iscoroutinefunction, isasyncgenfunction) for each in (value, call))
    try:
        parameters = [*read_signature(value).parameters.values()]
    except (TypeError, ValueError):
        return Misfit("asgi", "an ASGI application") if is_async else None
    names = [each.name for each in parameters if each.kind in _POSITIONAL]
    first = names[0] if names else ""
    if makes and is_async:
        is_middleware = first == "app"
        return Misfit("asgi", "an ASGI middleware" if is_middleware else "a class of ASGI applications")
    if names[:2] == _ASGI or (is_async and accepts(value, 3)):
        return Misfit("asgi", "an ASGI application")
    if is_async:
        return Misfit("async", "an async function")
    if first in _INNER:
        return Misfit("filter", "a middleware, which takes an application first")
    if any(each.startswith("global_") for each in names[:2]):
        return Misfit("paste", f"a factory for PasteDeploy, which takes {' and '.join(names[:2])}")
    if makes:
        return Misfit("factory", "a class, which makes applications")
    # An application needs its first argument. A wrapper that takes any arguments may give it only some of them.
    needs_first = any(each.default is Parameter.empty for each in parameters if each.name in names[:1])
    is_usual = needs_first or not names or names[1:2] == ["start_response"]
    may_fit = is_usual if accepts(value, 2) else needs_first and _is_wrapper(value)
    own = _read_own(value)
    if not may_fit or (own and _cannot_take_call(own)):
        kind: Kind = "value" if first in _REQUESTS else "factory"
        return Misfit(kind, f"a callable that takes {', '.join(names) or 'no arguments'}")
    if own and first not in _REQUESTS:
        returned = own.return_annotation
        if _is_plain(returned):
            return Misfit("value", f"a callable that returns {formatannotation(returned)}")
        if get_origin(returned) == Callable or (_defines(returned, "__call__") and not _defines(returned, "__iter__")):
            return Misfit("factory", "a factory, which returns another callable")
    return None


def _read_own(value: Any) -> Signature | None:
    """The signature of a callable that takes two arguments, if it may show that this is not an application.

    None if the second one is start_response, as it usually is. None also for a class, whose signature returns nothing;
    for a function that a decorator wraps, because the annotations are those of the inner one; and if only a type
    checker can read an annotation.
    """
    if isinstance(value, type):
        return None
    if any(hasattr(each, "__wrapped__") for each in (value, value.__call__, getattr(value, "func", None))):
        return None
    try:
        own = signature(value, follow_wrapped=False, eval_str=True)
    except Exception:
        return None
    two = _read_first(own)
    return own if len(two) == 2 and not two[1].name.startswith("start") else None


def _read_first(shape: Signature) -> list[Parameter]:
    """The parameters that take the environ and start_response, as far as there are such."""
    return [each for each in shape.parameters.values() if each.kind in _POSITIONAL][:2]


def _cannot_take_call(own: Signature) -> bool:
    """Whether its annotations do not allow the arguments of an application, or start_response has another default."""
    default = _read_first(own)[1].default
    return not (default is None or callable(default)) or any(_is_plain(each.annotation) for each in _read_first(own))


def _is_plain(annotation: object) -> bool:
    """Whether it allows text, bytes, numbers or nothing alone: neither environ nor start_response, nor a body."""
    if get_origin(annotation) in (Union, UnionType):
        return all(map(_is_plain, get_args(annotation)))
    return any(annotation is each for each in _PLAIN)


def accepts(value: object, count: int) -> bool:
    """Whether a callable can be called with so many positional arguments, as far as its signature shows."""
    try:
        shape = read_signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return callable(value)
    try:
        shape.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _is_wrapper(value: Callable[..., object]) -> bool:
    """Whether it takes any arguments, whatever it wraps, as a function with a request decorated by Werkzeug."""
    try:
        own = read_signature(value, follow_wrapped=False)
    except ValueError:  # such as functools.cache
        return False
    return any(each.kind is Parameter.VAR_POSITIONAL for each in own.parameters.values())


def _defines(cls: object, name: str) -> bool:
    return isinstance(cls, type) and any(name in vars(each) for each in cls.__mro__)
