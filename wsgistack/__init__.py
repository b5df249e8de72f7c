"""The middleware toolkit for every WSGI application."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgistack.base import Middleware
    from wsgistack.config import appconfig, load, load_filter, load_server
    from wsgistack.errors import ConfigError, Mistake, Where, WsgistackError
    from wsgistack.exchange import Exchange, editing
    from wsgistack.middleware.access_log import AccessLog
    from wsgistack.middleware.auth.basic import BasicAuth
    from wsgistack.middleware.catch_errors import CatchErrors
    from wsgistack.middleware.compress import Compress, Gzip
    from wsgistack.middleware.request_id import RequestId, RequestIdFilter, current_request_id
    from wsgistack.pipeline import OrderWarning, Pipeline
    from wsgistack.pipeline.spec import Spec

__all__ = [
    "AccessLog",
    "BasicAuth",
    "CatchErrors",
    "Compress",
    "ConfigError",
    "Exchange",
    "Gzip",
    "Middleware",
    "Mistake",
    "OrderWarning",
    "Pipeline",
    "RequestId",
    "RequestIdFilter",
    "Spec",
    "Where",
    "WsgistackError",
    "appconfig",
    "current_request_id",
    "editing",
    "load",
    "load_filter",
    "load_server",
]

_HOMES = {
    "base": ("Middleware",),
    "config": ("appconfig", "load", "load_filter", "load_server"),
    "errors": ("ConfigError", "Mistake", "Where", "WsgistackError"),
    "exchange": ("Exchange", "editing"),
    "middleware.access_log": ("AccessLog",),
    "middleware.auth.basic": ("BasicAuth",),
    "middleware.catch_errors": ("CatchErrors",),
    "middleware.compress": ("Compress", "Gzip"),
    "middleware.request_id": ("RequestId", "RequestIdFilter", "current_request_id"),
    "pipeline": ("OrderWarning", "Pipeline"),
    "pipeline.spec": ("Spec",),
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for: nobody pays for a layer that is not used."""
    for home, public in _HOMES.items():
        if name in public:
            found: object = getattr(import_module(f"wsgistack.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'wsgistack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
