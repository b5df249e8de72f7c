"""The layers of the pipeline, and which of them has failed."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from traceback import walk_tb
from types import FrameType, FunctionType, MethodType
from typing import Any, NamedTuple, cast

import wsgistack.exchange
from wsgistack.base import Middleware
from wsgistack.errors import class_name
from wsgistack.middleware.catch_errors.attributes import traceback_of
from wsgistack.middleware.catch_errors.fingerprints import find_owner
from wsgistack.middleware.catch_errors.values import read_attributes
from wsgistack.types import App

__all__ = ["Stage", "describe_pipeline"]

_EXCHANGE = str(Path(wsgistack.exchange.__file__).parent)
_GOING_INWARD = ("__iter__", "close")
_INNER = ("app", "_app", "application", "wrapped")
"""The attributes in which middlewares keep the application inside."""

MAX_LAYERS = 50


class Stage(NamedTuple):
    """A layer, or the application.

    :param name: what it is called in its pipeline.
    :param kind: its class or function.
    """

    name: str
    kind: str
    is_failing: bool = False


def describe_pipeline(layer: Middleware, error: BaseException) -> list[Stage]:
    """Describe the pipeline of a layer, outermost first. Without a pipeline, the layers inside are looked for."""
    pairs = [*layer.pipeline] or [*_walk(layer)]
    for frame, _ in walk_tb(traceback_of(error)):
        inner = _find_layer(frame)  # of a pipeline in this one, such as one that is mounted
        if issubclass(type(inner), Middleware) and not any(app is inner for _, app in pairs):
            pairs += cast(Middleware, inner).pipeline
    failing = _find_failing([app for _, app in pairs], error)
    return [Stage(name, _describe(app), place == failing) for place, (name, app) in enumerate(pairs)]


def _walk(app: App) -> Iterator[tuple[str, App]]:
    seen: list[object] = []
    while len(seen) < MAX_LAYERS:
        seen.append(app)
        kept = read_attributes(app)
        inner: Any = next((kept[name] for name in _INNER if callable(kept.get(name))), None)
        if inner is None or any(inner is each for each in seen):
            break
        yield _describe(app).rpartition(".")[2], app
        app = inner
    yield "application", app


def _describe(app: Any) -> str:
    function = _find_function(app)
    return f"{function.__module__}.{function.__qualname__}" if function else class_name(type(app))


def _find_failing(apps: Sequence[Any], error: BaseException) -> int:
    """The place of the innermost layer whose code was running; that of the application if none is known."""
    last = len(apps) - 1
    failing = last
    for frame, _ in walk_tb(traceback_of(error)):
        owner = _find_place(apps, frame)
        file = frame.f_code.co_filename
        if owner is not None:
            failing = owner
        elif file.startswith(_EXCHANGE):
            if frame.f_code.co_name in _GOING_INWARD:  # to the body of what is inside, which has perhaps no known code
                failing = last
        elif find_owner(file) == "application":
            failing = last
    return failing


def _find_place(apps: Sequence[Any], frame: FrameType) -> int | None:
    """The place of the layer that a frame belongs to."""
    code, owner, layer = frame.f_code, frame.f_locals.get("self"), _find_layer(frame)
    for place, app in enumerate(apps):
        function = _find_function(app)
        if app is owner or app is layer or (function and function.__code__ is code):
            return place
    files = {_find_file(app): place for place, app in enumerate(apps[:-1])}
    return files.get(code.co_filename)


def _find_layer(frame: FrameType) -> object:
    """The layer that runs: an object, or what its exchange belongs to."""
    owner = frame.f_locals.get("self")
    return getattr(owner, "layer", owner) if class_name(type(owner)).startswith("wsgistack.") else owner


def _find_file(app: object) -> str:
    if function := _find_function(app):
        return function.__code__.co_filename
    return getattr(sys.modules.get(type(app).__module__), "__file__", None) or ""


def _find_function(app: object) -> FunctionType | None:
    """The function of a function or a method, without asking an object that may be a proxy."""
    function = app.__func__ if type(app) is MethodType else app
    return function if type(function) is FunctionType else None
