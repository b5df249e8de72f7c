"""Peers that need more than options: each factory takes the application and imports its peer when called."""

from collections.abc import Iterable
from typing import Any

from wsgistack.types import App, Environ, StartResponse

__all__ = ["https", "prometheus", "repoze_who", "sentry", "wsgify"]


def https(app: App) -> App:
    """Build our layer https behind a server that serves https: it would redirect the kit's requests, which use http."""
    from wsgistack import Https

    layer = Https(app)

    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ |= {"wsgi.url_scheme": "https", "HTTP_HOST": "example.org"}
        return layer(environ, start_response)

    return serve


def repoze_who(app: App) -> App:
    """Build repoze.who for HTTP's basic authentication."""
    from io import StringIO

    from repoze.who.classifiers import default_challenge_decider, default_request_classifier
    from repoze.who.middleware import PluggableAuthenticationMiddleware
    from repoze.who.plugins.basicauth import BasicAuthPlugin
    from repoze.who.plugins.htpasswd import HTPasswdPlugin

    basic = ("basic", BasicAuthPlugin("Restricted"))
    users = ("users", HTPasswdPlugin(StringIO("ada:lovelace\n"), lambda password, known: password == known))
    built: App = PluggableAuthenticationMiddleware(
        app, [basic], [users], [basic], [], default_request_classifier, default_challenge_decider
    )
    return built


def sentry(app: App) -> App:
    """Build Sentry's middleware with an active client that discards its events."""
    import sentry_sdk
    from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

    nowhere = type("Nowhere", (sentry_sdk.Transport,), {"capture_envelope": lambda *_: None})
    if not sentry_sdk.is_initialized():
        sentry_sdk.init("http://key@localhost/1", transport=nowhere, traces_sample_rate=1.0)
    built: App = SentryWsgiMiddleware(app)
    return built


def wsgify(app: App) -> App:
    """Build the simplest middleware with WebOb: it calls the application and returns its response."""
    import webob.dec

    @webob.dec.wsgify.middleware
    def passes(request: Any, inner: App) -> Any:
        return request.get_response(inner)

    built: App = passes(app)
    return built


def prometheus(_: App) -> App:
    """Build the endpoint of prometheus_client, which does not wrap an application."""
    from prometheus_client import make_wsgi_app

    built: App = make_wsgi_app()
    return built
