"""The middleware toolkit for every WSGI application."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgistack.base import Middleware as Middleware
    from wsgistack.config import appconfig as appconfig
    from wsgistack.config import load as load
    from wsgistack.config import load_filter as load_filter
    from wsgistack.config import load_server as load_server
    from wsgistack.config import setup_logging as setup_logging
    from wsgistack.errors import ConfigError as ConfigError
    from wsgistack.errors import Mistake as Mistake
    from wsgistack.errors import Where as Where
    from wsgistack.errors import WsgistackError as WsgistackError
    from wsgistack.exchange import Exchange as Exchange
    from wsgistack.exchange import editing as editing
    from wsgistack.exchange.context import call_in_context as call_in_context
    from wsgistack.exchange.current import current_request_id as current_request_id
    from wsgistack.exchange.current import request_id_var as request_id_var
    from wsgistack.exchange.held import HeldExchange as HeldExchange
    from wsgistack.exchange.measured import MeasuredExchange as MeasuredExchange
    from wsgistack.http.responses import Problem as Problem
    from wsgistack.http.responses import error_answer as error_answer
    from wsgistack.middleware.access_log import AccessLog as AccessLog
    from wsgistack.middleware.auth import Auth as Auth
    from wsgistack.middleware.auth.api_key import ApiKeyAuth as ApiKeyAuth
    from wsgistack.middleware.auth.basic import BasicAuth as BasicAuth
    from wsgistack.middleware.auth.bearer import BearerAuth as BearerAuth
    from wsgistack.middleware.auth.scheme import Credentials as Credentials
    from wsgistack.middleware.auth.scheme import Identity as Identity
    from wsgistack.middleware.auth.scheme import Refusal as Refusal
    from wsgistack.middleware.auth.scheme import Scheme as Scheme
    from wsgistack.middleware.body_limit import BodyLimit as BodyLimit
    from wsgistack.middleware.cascade import Cascade as Cascade
    from wsgistack.middleware.catch_errors import CatchErrors as CatchErrors
    from wsgistack.middleware.catch_errors.reports.record import ErrorReport as ErrorReport
    from wsgistack.middleware.compress import Compress as Compress
    from wsgistack.middleware.compress import Gzip as Gzip
    from wsgistack.middleware.cookies import Cookies as Cookies
    from wsgistack.middleware.cors import Cors as Cors
    from wsgistack.middleware.csrf import Csrf as Csrf
    from wsgistack.middleware.decompress import Decompress as Decompress
    from wsgistack.middleware.error_documents import ErrorDocuments as ErrorDocuments
    from wsgistack.middleware.etag import Etag as Etag
    from wsgistack.middleware.forwarded import Forwarded as Forwarded
    from wsgistack.middleware.hosts import Hosts as Hosts
    from wsgistack.middleware.https import Https as Https
    from wsgistack.middleware.maintenance import Maintenance as Maintenance
    from wsgistack.middleware.method_override import MethodOverride as MethodOverride
    from wsgistack.middleware.paths import Paths as Paths
    from wsgistack.middleware.request_filter import RequestFilter as RequestFilter
    from wsgistack.middleware.request_id import RequestId as RequestId
    from wsgistack.middleware.responses import Responses as Responses
    from wsgistack.middleware.security_headers import SecurityHeaders as SecurityHeaders
    from wsgistack.middleware.static import Static as Static
    from wsgistack.pipeline import OrderWarning as OrderWarning
    from wsgistack.pipeline import Pipeline as Pipeline
    from wsgistack.pipeline.mount import Mount as Mount
    from wsgistack.pipeline.spec import Spec as Spec
    from wsgistack.types import Changes as Changes
    from wsgistack.types import Duration as Duration
    from wsgistack.types import Secret as Secret
    from wsgistack.types import Size as Size

_HOMES = {
    "base": ("Middleware",),
    "config": ("appconfig", "load", "load_filter", "load_server", "setup_logging"),
    "exchange.current": ("current_request_id", "request_id_var"),
    "errors": ("ConfigError", "Mistake", "Where", "WsgistackError"),
    "exchange": ("Exchange", "editing"),
    "exchange.context": ("call_in_context",),
    "exchange.held": ("HeldExchange",),
    "exchange.measured": ("MeasuredExchange",),
    "http.responses": ("Problem", "error_answer"),
    "middleware.access_log": ("AccessLog",),
    "middleware.auth": ("Auth",),
    "middleware.auth.api_key": ("ApiKeyAuth",),
    "middleware.auth.basic": ("BasicAuth",),
    "middleware.auth.bearer": ("BearerAuth",),
    "middleware.auth.scheme": ("Credentials", "Identity", "Refusal", "Scheme"),
    "middleware.cascade": ("Cascade",),
    "middleware.catch_errors": ("CatchErrors",),
    "middleware.catch_errors.reports.record": ("ErrorReport",),
    "middleware.compress": ("Compress", "Gzip"),
    "middleware.cookies": ("Cookies",),
    "middleware.error_documents": ("ErrorDocuments",),
    "middleware.etag": ("Etag",),
    "middleware.cors": ("Cors",),
    "middleware.csrf": ("Csrf",),
    "middleware.body_limit": ("BodyLimit",),
    "middleware.decompress": ("Decompress",),
    "middleware.forwarded": ("Forwarded",),
    "middleware.hosts": ("Hosts",),
    "middleware.https": ("Https",),
    "middleware.maintenance": ("Maintenance",),
    "middleware.method_override": ("MethodOverride",),
    "middleware.paths": ("Paths",),
    "middleware.request_filter": ("RequestFilter",),
    "middleware.responses": ("Responses",),
    "middleware.request_id": ("RequestId",),
    "middleware.security_headers": ("SecurityHeaders",),
    "middleware.static": ("Static",),
    "pipeline": ("OrderWarning", "Pipeline"),
    "pipeline.mount": ("Mount",),
    "pipeline.spec": ("Spec",),
    "types": ("Changes", "Duration", "Secret", "Size"),
}
__all__ = sorted(name for names in _HOMES.values() for name in names)


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Import each public name when it is first used, so that an unused layer costs nothing."""
        for home, public in _HOMES.items():
            if name in public:
                found: object = getattr(import_module(f"wsgistack.{home}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module 'wsgistack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
