"""The classes that a configuration of logging names, and whether arguments fit them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from inspect import Parameter, signature
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, suggest
from wsgistack.imports import import_object
from wsgistack.options.references import Resolved

__all__ = ["ELSEWHERE", "dotted", "is_module", "misfits"]

ELSEWHERE = ("cfg://", "ext://")
"""What a text begins with where dictConfig looks up something else for it."""

_EXPECTED = "a dotted name, as logging.StreamHandler"


def dotted(name: str) -> object:
    """Import what a dotted name means.

    :raises ConfigError: it is no such name, or there is no such thing.
    """
    try:
        return _imported(name)
    except ConfigError:
        if isinstance(name, Resolved):
            problem = "what its references give can't be imported"
            raise ConfigError(Mistake(problem, expected=_EXPECTED)) from None
        raise


def _imported(name: str) -> object:
    parts = name.split(".")
    if len(parts) == 1 or not all(part.isidentifier() for part in parts):
        hint = f"did you mean {'logging.' + name!r}?" if hasattr(logging, name) else ""
        raise ConfigError(Mistake(f"found {name!r}", expected=_EXPECTED, hint=hint))
    end = next((end for end in range(len(parts) - 1, 1, -1) if is_module(".".join(parts[:end]))), 1)
    return import_object(f"{'.'.join(parts[:end])}:{'.'.join(parts[end:])}")


def is_module(name: str) -> bool:
    """Whether there is a module of a name."""
    try:
        return find_spec(name) is not None
    except (Exception, SystemExit):  # what imports the packages above it runs their code
        return False


def misfits(factory: Callable[..., object], args: Sequence[object], options: Mapping[str, object]) -> Iterator[Mistake]:
    """Say what is wrong with the arguments of a factory, without calling it; perhaps with the name of an option."""
    try:
        shape = signature(factory)
    except (TypeError, ValueError):  # a callable made in C may have none
        return
    is_open = any(each.kind is Parameter.VAR_KEYWORD for each in shape.parameters.values())
    unknown = [] if is_open else [name for name in options if name not in shape.parameters]
    for name in unknown:
        problem = f"unknown option of {getattr(factory, '__name__', 'it')}"
        yield Mistake(problem, key=str(name), hint=suggest(str(name), shape.parameters))
    if unknown:
        return
    try:
        arguments = shape.bind(*args, **options).arguments
    except TypeError as error:
        yield Mistake(f"the arguments do not fit: {error}")
        return
    if isinstance(factory, type) and issubclass(factory, logging.FileHandler) and _is_standard(factory):
        yield from _unopenable(arguments["filename"])


def _unopenable(name: object) -> Iterator[Mistake]:
    if not isinstance(name, (str, Path)):
        yield Mistake(f"is of type {type(name).__name__}", key="filename", expected="the name of a file")
        return
    if str(name).startswith(ELSEWHERE):
        return
    try:
        if Path(name).is_dir():
            yield Mistake(f"{name!r} is a folder", key="filename", expected="the name of a file")
        elif not Path(name).parent.is_dir():
            yield Mistake(f"the folder of {name!r} is missing", key="filename")
    except OSError as error:
        yield Mistake(f"{name!r} can't be opened: {error.strerror}", key="filename")


def _is_standard(factory: type) -> bool:
    return factory.__module__.partition(".")[0] == "logging"  # another one may well make the folder
