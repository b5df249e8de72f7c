"""Middlewares of other projects, set up for the same work as ours: same response, same destination of the log."""

import logging
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.rows import describe_version
from benchmarks.traffic import ORIGIN, PASSWORD, TEXT, USER, make_whole
from wsgistack.types import App

__all__ = ["LOGGER", "RIVALS", "Rival", "get_quiet_logger", "open_null_writer", "oslo_basic_auth", "paste_stack"]

LOGGER = "benchmarks.access"


class Rival(NamedTuple):
    """A middleware of another project.

    :param name: its name in its project.
    :param build: wraps an application; imports the middleware when called.
    """

    name: str
    distribution: str
    build: Callable[[App], App]

    @property
    def title(self) -> str:
        """Its name with its version."""
        return f"{describe_version(self.distribution)} {self.name}"


def open_null_writer() -> Callable[[str], object]:
    """Return a function that writes each line to the null device at once."""
    device = os.open(os.devnull, os.O_WRONLY)
    return lambda line: os.write(device, f"{line}\n".encode())


def get_quiet_logger() -> logging.Logger:
    """Return the logger of both sides; its one handler writes each message as a line to the null device."""
    logger = logging.getLogger(LOGGER)
    if not logger.handlers:
        handler = logging.FileHandler(os.devnull)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


def whitenoise(app: App) -> App:
    """WhiteNoise with the files that the layer static has in its situation."""
    built: App = import_module("whitenoise").WhiteNoise(app, Path(__file__).parent, "/static", allow_all_origins=False)
    return built


def translogger(app: App) -> App:
    """Paste's access log in its own format, which is the combined format."""
    from paste.translogger import TransLogger

    built: App = TransLogger(app, logger=get_quiet_logger())
    return built


def paste_auth(app: App) -> App:
    """Paste's basic authentication; it compares the password with ==."""
    from paste.auth.basic import AuthBasicHandler

    built: App = AuthBasicHandler(app, "Restricted", lambda environ, user, word: (user, word) == (USER, PASSWORD))
    return built


def paste_gzipper(app: App) -> App:
    """Paste's compression at its default level, 6."""
    from paste.gzipper import middleware

    built: App = middleware(app)
    return built


def paste_errors(app: App) -> App:
    """Paste's error catcher, set up for production."""
    from paste.exceptions.errormiddleware import ErrorMiddleware

    built: App = ErrorMiddleware(app, debug=False)
    return built


def paste_stack(app: App) -> App:
    """All four layers of Paste, in the order of ours; Paste has no layer for request ids."""
    return translogger(paste_errors(paste_gzipper(paste_auth(app))))


def oslo(module: str, name: str) -> Callable[[App], App]:
    """A middleware of oslo.middleware without options."""

    def build(app: App) -> App:
        built: App = getattr(import_module(f"oslo_middleware.{module}"), name)(app)
        return built

    return build


def oslo_basic_auth(file: Path) -> Callable[[App], App]:
    """Basic authentication of oslo.middleware with a file of hashes."""

    def build(app: App) -> App:
        layer = import_module("oslo_middleware.basic_auth").BasicAuthMiddleware
        settings = import_module("oslo_config.cfg").CONF
        settings.set_override("http_basic_auth_user_file", str(file), group="oslo_middleware")
        built: App = layer(app)
        return built

    return build


def oslo_cors(app: App) -> App:
    """The CORS layer of oslo.middleware for the origin of the situations."""
    layer = import_module("oslo_middleware.cors").CORS
    built: App = layer.factory({}, allowed_origin=ORIGIN, allow_credentials="false")(app)
    return built


def a2wsgi_round_trip(app: App) -> App:
    """The bridge from WSGI to ASGI and back, with nothing in between."""
    bridge = import_module("a2wsgi")
    built: App = bridge.ASGIMiddleware(bridge.WSGIMiddleware(app))
    return built


def asgi_correlation_id(app: App) -> App:
    """asgi-correlation-id on that bridge."""
    bridge, layer = import_module("a2wsgi"), import_module("asgi_correlation_id").CorrelationIdMiddleware
    built: App = bridge.ASGIMiddleware(layer(bridge.WSGIMiddleware(app)))
    return built


def proxy_fix(app: App) -> App:
    """Werkzeug's ProxyFix, which trusts one proxy."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    return ProxyFix(app)


def wsgify(app: App) -> App:
    """The simplest middleware with WebOb's decorator: it calls the application and returns its response."""
    from benchmarks.factories import wsgify as build

    return build(app)


def paste_cascade(app: App) -> App:
    """Paste's cascade, whose first application answers."""
    from paste.cascade import Cascade

    built: App = Cascade([app, make_whole(TEXT)])
    return built


def paste_cascade_to_fallback(app: App) -> App:
    """Paste's cascade, whose first application has no answer."""
    from paste.cascade import Cascade

    built: App = Cascade([make_whole(TEXT, status="404 Not Found"), app])
    return built


def webob_etag(app: App) -> App:
    """Tags and conditional answers of WebOb's response, which uses MD5."""
    from webob import Request, Response
    from webob.dec import wsgify

    @wsgify.middleware
    def tagging(request: Request, app: App) -> Response:
        response = request.get_response(app)
        response.md5_etag()
        response.conditional_response = True
        return response

    built: App = tagging(app)
    return built


def secure(app: App) -> App:
    """The middleware of secure with its default headers, which include HSTS and a policy."""
    built: App = import_module("secure.middleware").SecureWSGIMiddleware(app)
    return built


RIVALS = {
    "request_id": (
        Rival("RequestId", "oslo.middleware", oslo("request_id", "RequestId")),
        Rival("CorrelationId", "oslo.middleware", oslo("correlation_id", "CorrelationId")),
    ),
    "request_id on ASGI": (
        Rival("on a2wsgi", "asgi-correlation-id", asgi_correlation_id),
        Rival("bridge alone", "a2wsgi", a2wsgi_round_trip),
    ),
    "access_log": (Rival("TransLogger", "Paste", translogger),),
    "catch_errors": (
        Rival("CatchErrors", "oslo.middleware", oslo("catch_errors", "CatchErrors")),
        Rival("ErrorMiddleware", "Paste", paste_errors),
    ),
    "body_limit": (Rival("RequestBodySizeLimiter", "oslo.middleware", oslo("sizelimit", "RequestBodySizeLimiter")),),
    "basic_auth": (Rival("auth.basic", "Paste", paste_auth),),
    "cors": (Rival("CORS", "oslo.middleware", oslo_cors),),
    "gzip": (Rival("gzipper", "Paste", paste_gzipper),),
    "etag": (Rival("md5_etag() in wsgify", "WebOb", webob_etag),),
    "cascade": (Rival("Cascade", "Paste", paste_cascade),),
    "cascade to a fallback": (Rival("Cascade", "Paste", paste_cascade_to_fallback),),
    "security_headers": (Rival("SecureWSGIMiddleware", "secure", secure),),
    "forwarded": (
        Rival("ProxyFix", "Werkzeug", proxy_fix),
        Rival("HTTPProxyToWSGI", "oslo.middleware", oslo("http_proxy_to_wsgi", "HTTPProxyToWSGI")),
    ),
    "static": (Rival("WhiteNoise", "whitenoise", whitenoise),),
    "nothing": (Rival("wsgify.middleware", "WebOb", wsgify),),
}
"""By the layer of ours that does the same work; one middleware that does other work is included for scale."""
