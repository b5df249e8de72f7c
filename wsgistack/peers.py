"""Layers that do the same work: those of this package by name, and middlewares of others by import string.

A layer that must be inside or outside of one of them, or not be used with it, says the same about all of them.
"""

from collections.abc import Mapping

__all__ = ["AUTHENTICATION", "CORS", "FORWARDING", "READING_ADDRESSES", "because"]

AUTHENTICATION = ("api_key", "auth", "basic_auth", "bearer_auth")
"""What lets in only requests with valid credentials."""

FORWARDING = (
    "forwarded",
    "oslo_middleware.http_proxy_to_wsgi:HTTPProxyToWSGI",
    "paste.deploy.config:PrefixMiddleware",
    "paste.deploy.config:make_prefix_middleware",
    "werkzeug.middleware.proxy_fix:ProxyFix",
    "wsgi_aws_unproxy:UnProxy",
    "wsgi_cloudflare_proxy_fix:CloudflareProxyFix",
    "wsgiunproxy:paste_filter_factory",
)
"""What sets REMOTE_ADDR to the client's address."""

READING_ADDRESSES = (
    "opentelemetry.instrumentation.wsgi:OpenTelemetryMiddleware",
    "paste.auth.auth_tkt:AuthTKTMiddleware",
    "paste.auth.auth_tkt:make_auth_tkt_middleware",
    "paste.auth.grantip:GrantIPMiddleware",
    "paste.auth.grantip:make_grantip",
    "paste.translogger:TransLogger",
    "paste.translogger:make_filter",
    "requestlogger:WSGILogger",
    "sentry_sdk.integrations.wsgi:SentryWsgiMiddleware",
)
"""Middlewares of others that read REMOTE_ADDR. The layers of this package say it themselves."""

CORS = (
    "cors",
    "nti.wsgi.cors.cors:CORSInjector",
    "nti.wsgi.cors.cors:cors_filter_factory",
    "oslo_middleware.cors:CORS",
    "wsgi_cors_middleware:CorsMiddleware",
    "wsgicors:CORS",
    "wsgicors:make_middleware",
)
"""What sets Access-Control-Allow-Origin."""


def because(names: tuple[str, ...], reason: str) -> Mapping[str, str]:
    """Give one reason for all of them."""
    return dict.fromkeys(names, reason)
