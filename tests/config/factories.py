"""Applications and filters for configurations, some of them for PasteDeploy."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from wsgistack import ConfigError, Mistake
from wsgistack.types import App, Environ, Secret, StartResponse

not_callable = 5


def greet(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Tell what the layers outside have put into the environ."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(["hello", *environ.get("marks", ())]).encode()]


def make_app(global_conf: Mapping[str, str], **options: str) -> App:
    """An application that tells its configuration, and what the filters have put into the environ."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        told = {"global": dict(global_conf), "options": options, "marks": environ.get("marks")}
        return [json.dumps(told, sort_keys=True).encode()]

    return app


def make_nothing(global_conf: Mapping[str, str]) -> int:
    return 5


def fail_to_make(global_conf: Mapping[str, str], **options: str) -> App:
    raise RuntimeError("the database is away")


def make_filter(global_conf: Mapping[str, str], mark: str = "m") -> Callable[[App], App]:
    return lambda app: filter_app(app, global_conf, mark=mark)


def filter_app(app: App, global_conf: Mapping[str, str], **options: str) -> App:
    return marking(app, mark=f"{global_conf.get('site', '-')}:{options.get('mark')}")


def undeclared(*arguments: Any, **options: Any) -> Any:
    """A filter factory behind a decorator that forgot its signature."""
    return make_filter(*arguments, **options)


def marking(app: App, /, *, mark: str, times: int = 1, key: Annotated[str, Secret] = "") -> App:
    def wrapped(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.setdefault("marks", []).extend([mark] * times)
        return app(environ, start_response)

    return wrapped


def not_made(app: App, /) -> App:
    raise ConfigError(Mistake("no disk"))


def filed(app: App, /, *, file: Path, other: Path | None = None) -> App:
    return marking(app, mark=f"{file} {other}")


def warming(app: App, /) -> App:
    """A filter that asks the application before the first client does."""
    list(app({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None))
    return app


def make_server(global_conf: Mapping[str, str], port: str = "80") -> Callable[[App], object]:
    """A server that gives back what it was given."""
    return lambda app: (dict(global_conf), {"port": port}, app)


def run_server(app: App, global_conf: Mapping[str, str]) -> str:
    return "ran"


def nothing() -> None:
    """What takes no request."""


def failing(app: App, /) -> App:
    raise RuntimeError("the database is away")


def tell_all(*arguments: Any, **options: Any) -> Any:
    """A factory that tells all that it is given when it fails."""
    raise RuntimeError(f"no {[each for each in arguments if isinstance(each, dict)]} {options}")


def make_secret(global_conf: Mapping[str, str], key: Annotated[str, Secret] = "") -> App:
    raise RuntimeError(f"no {key}")


class Wrapper:
    """A middleware with an option, as WSGI libraries write it."""

    def __init__(self, app: App, depth: int = 1) -> None:
        self.app = app


class Application:
    """A class that makes applications, as frameworks have it."""

    def __init__(self, import_name: str) -> None:
        self.import_name = import_name

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return greet(environ, start_response)
