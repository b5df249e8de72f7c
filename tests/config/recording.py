"""Factories of PasteDeploy's protocols. Their products record how they were made, and can be compared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from wsgistack.types import App, Environ, StartResponse

__all__ = [
    "Made",
    "app_factory",
    "composite_factory",
    "filter_app_factory",
    "filter_factory",
    "server_factory",
    "server_runner",
]


@dataclass(frozen=True)
class Made:
    """What a factory made: of its arguments, in their order, and around or of other things."""

    kind: str
    global_conf: Mapping[str, str]
    options: tuple[tuple[str, str], ...]
    inside: tuple[object, ...] = ()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """As an application would be called."""
        raise NotImplementedError


def app_factory(global_conf: Mapping[str, str], **options: str) -> Made:
    return Made("app", dict(global_conf), (*options.items(),))


class Sites:
    """To be named with dots."""

    @classmethod
    def make(cls, global_conf: Mapping[str, str], **options: str) -> Made:
        return Made("site", dict(global_conf), (*options.items(),))


def filter_factory(global_conf: Mapping[str, str], **options: str) -> Callable[[App], App]:
    return lambda app: Made("filter", dict(global_conf), (*options.items(),), (app,))


def filter_app_factory(app: App, global_conf: Mapping[str, str], **options: str) -> App:
    return Made("filter-app", dict(global_conf), (*options.items(),), (app,))


def server_factory(global_conf: Mapping[str, str], **options: str) -> Callable[[App], object]:
    return lambda app: Made("server", dict(global_conf), (*options.items(),), (app,))


def server_runner(app: App, global_conf: Mapping[str, str], **options: str) -> object:
    return Made("runner", dict(global_conf), (*options.items(),), (app,))


def composite_factory(loader: Any, global_conf: Mapping[str, str], **options: str) -> Made:
    """Ask for what options such as ``app = name`` and ``more filter 2 = name`` say.

    The global configuration is handed on, ``more`` of it, ``less`` of it, or ``bare`` none.
    """
    given: dict[str, Mapping[str, str] | None] = {"more": {**global_conf, "more": "yes"}, "less": {}, "bare": None}
    inside: list[object] = []
    for key, name in options.items():
        words = key.split()
        conf = given.get(words[0], global_conf)
        if "app" in words:
            inside.append(loader.get_app(name or None, global_conf=conf))
        elif "filter" in words:
            inside.append(loader.get_filter(name or None, global_conf=conf)(cast(App, Made("end", {}, ()))))
        elif "server" in words:
            inside.append(loader.get_server(name or None, global_conf=conf)(cast(App, Made("end", {}, ()))))
    return Made("composite", dict(global_conf), (*options.items(),), tuple(inside))
