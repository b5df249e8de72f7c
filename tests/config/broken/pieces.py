"""Applications, layers and factories that the broken configurations use."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from wsgistack import ConfigError, Mistake
from wsgistack.imports import require_extra
from wsgistack.types import App, Duration, Environ, Secret, Size, StartResponse

number = 5


class Colour(Enum):
    RED = "red"
    DEEP_BLUE = "deep-blue"


def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine"]


def half(environ: Environ) -> Iterable[bytes]:
    """Not an application: it takes one argument."""
    return [environ["REQUEST_METHOD"].encode()]


def marking(app: App, /, *, mark: str = "m") -> App:
    return app


def needing(app: App, /, *, one: str, other: int) -> App:
    return app


def typed(
    app: App,
    /,
    *,
    flag: bool = False,
    count: int = 0,
    share: float = 0.5,
    limit: Size = 0,
    wait: Duration = 0.0,
    folder: Path | None = None,
    mode: Literal["fast", "safe"] = "safe",
    colour: Colour = Colour.RED,
    names: Sequence[str] = (),
    numbers: Sequence[int] = (),
    point: tuple[int, int] = (0, 0),
    pairs: Mapping[str, int] | None = None,
    hook: Callable[..., object] | None = None,
    maybe: int | None = None,
    token: Annotated[str, Secret] = "",
    pin: Annotated[int, Secret] = 0,
) -> App:
    return app


def no_application(*, mark: str = "m") -> None:
    """Not a layer: it takes no application."""


def makes_nothing(app: App, /) -> None:
    """Not a layer: it returns nothing."""


def refusing(app: App, /, *, mark: str = "m") -> App:
    raise ConfigError(Mistake("invalid mark", key="mark"), Mistake("the disk is full"))


def failing(app: App, /, *, mark: str = "m", token: Annotated[str, Secret] = "") -> App:
    raise RuntimeError(f"no connection with {mark} and {token}")


def uninstalled(app: App, /, *, codec: str = "none") -> App:
    require_extra("library_that_nobody_has", extra="compress", key="codec")
    return app


def app_factory(global_conf: Mapping[str, str], owner: str = "nobody", **local_conf: str) -> App:
    return app


def strict_factory(global_conf: Mapping[str, str], owner: str, level: str = "1") -> App:
    return app


def number_factory(global_conf: Mapping[str, str]) -> int:
    return 5


def failing_factory(global_conf: Mapping[str, str], **local_conf: str) -> App:
    raise LookupError(f"no table for {local_conf}")


def filter_factory(global_conf: Mapping[str, str], mark: str = "m") -> Callable[[App], App]:
    return lambda app: app


def filter_app_factory(app: App, global_conf: Mapping[str, str], mark: str = "m") -> App:
    return app


async def asgi_app(scope: object, receive: object, send: object) -> None:
    """Not a WSGI application."""


def nothing_at_all() -> None:
    """Not a factory: it takes no global configuration."""


def composite_factory(loader: Any, global_conf: Mapping[str, str], **parts: str) -> App:
    for name in parts.values():
        loader.get_app(name, global_conf=global_conf)
    return app


def server_runner(app: App, global_conf: Mapping[str, str], port: str = "80") -> None:
    """Serve nothing."""


def is_open(environ: Environ) -> bool:
    return True


async def is_awaited(environ: Environ) -> bool:
    return True
