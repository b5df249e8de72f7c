"""The peers that are judged, each with its most suitable options and with the changes that it documents."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from types import MappingProxyType
from wsgiref.simple_server import demo_app

from wsgistack import Https
from wsgistack.imports import import_object
from wsgistack.types import Changes

__all__ = ["PEERS", "Peer"]

_FOLDER = str(Path(__file__).parent)
_CREDENTIALS = (("Authorization", f"Basic {b64encode(b'ada:lovelace').decode()}"),)
_TOKENS = {"ci": sha256(b"b").hexdigest()}
_WATCHES = Changes(wraps=True)


@dataclass(frozen=True)
class Peer:
    """A middleware or an application of a project.

    :param family: the project.
    :param name: its name in the project.
    :param distribution: the distribution that contains it; empty for the standard library.
    :param use: the import string of a factory that takes the application first.
    :param options: for the factory.
    :param changes: what it changes by its documentation; None to use its attribute ``changes``, if it has one.
    :param headers: sent with every request, to pass the peer.
    :param is_endpoint: whether it is an application that does not wrap another one.
    """

    family: str
    name: str
    distribution: str
    use: str
    options: Mapping[str, object] = field(default_factory=dict)
    changes: Changes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    is_endpoint: bool = False

    @property
    def title(self) -> str:
        """Its unique name."""
        return f"{self.family} {self.name}"

    @property
    def allowed(self) -> Changes:
        """What it may change."""
        declared: Changes = getattr(import_object(self.use), "changes", Changes())
        return declared if self.changes is None else self.changes

    @property
    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return version(self.distribution) if self.distribution else python_version()
        except PackageNotFoundError:
            return None


def _layer(
    name: str,
    module: str,
    options: Mapping[str, object] = MappingProxyType({}),
    headers: tuple[tuple[str, str], ...] = (),
) -> Peer:
    """One of our layers, which declares what it changes."""
    return Peer("wsgistack", name, "wsgistack", f"wsgistack.middleware.{module}:{name}", options, headers=headers)


_PASTE = "Paste"
_WERKZEUG = "Werkzeug"

PEERS: tuple[Peer, ...] = (
    _layer("AccessLog", "access_log"),
    _layer("ApiKeyAuth", "auth.api_key", {"keys": _TOKENS}, (("X-API-Key", "b"),)),
    _layer("Auth", "auth", {"api_key": {"keys": _TOKENS}}, (("X-API-Key", "b"),)),
    _layer("BasicAuth", "auth.basic", {"users": {"ada": "lovelace"}}, _CREDENTIALS),
    _layer("BearerAuth", "auth.bearer", {"tokens": _TOKENS}, (("Authorization", "Bearer b"),)),
    _layer("BodyLimit", "body_limit"),
    _layer("Cascade", "cascade", {"fallback": demo_app}),
    _layer("CatchErrors", "catch_errors"),
    _layer("Compress", "compress"),
    _layer("Cookies", "cookies"),
    _layer("Cors", "cors", {"allow_origins": ["https://example.org"]}),
    _layer("Csrf", "csrf"),
    _layer("Decompress", "decompress"),
    _layer("ErrorDocuments", "error_documents", {"paths": {"404": "/missing"}}),
    _layer("Etag", "etag"),
    _layer("Forwarded", "forwarded", {"trusted": ["127.0.0.1"]}),
    _layer("Hosts", "hosts", {"allowed": ["127.0.0.1", "localhost"]}),
    Peer("wsgistack", "Https", "wsgistack", "benchmarks.factories:https", changes=Https.changes),
    Peer("wsgistack", "Lint", "wsgistack", "wsgistack.testing.lint:Lint"),
    _layer("Maintenance", "maintenance", {"flag": Path(_FOLDER, "no such file")}),
    _layer("MethodOverride", "method_override"),
    _layer("Paths", "paths"),
    _layer("RequestFilter", "request_filter"),
    _layer("RequestId", "request_id"),
    _layer("Responses", "responses", {"members": dict}),
    _layer("SecurityHeaders", "security_headers", {"csp": {"script-src": ["'self'", "'nonce'"]}}),
    _layer("Static", "static", {"root": Path(_FOLDER), "prefix": "/static"}),
    Peer(_PASTE, "TransLogger", "Paste", "paste.translogger:TransLogger", {"setup_console_handler": False}),
    Peer(
        _PASTE,
        "gzipper",
        "Paste",
        "paste.gzipper:middleware",
        changes=Changes(frozenset({"content-encoding", "content-length"}), body=True),
    ),
    Peer(
        _PASTE,
        "ErrorMiddleware",
        "Paste",
        "paste.exceptions.errormiddleware:ErrorMiddleware",
        {"debug": False},
        Changes(errors=True, wraps=True),
    ),
    Peer(
        _PASTE,
        "auth.basic",
        "Paste",
        "paste.auth.basic:AuthBasicHandler",
        {"realm": "Restricted", "authfunc": lambda environ, user, password: (user, password) == ("ada", "lovelace")},
        Changes(answers=True),
        _CREDENTIALS,
    ),
    Peer(
        _PASTE,
        "auth_tkt",
        "Paste",
        "paste.auth.auth_tkt:AuthTKTMiddleware",
        {"secret": "not a secret", "logout_path": "/"},
        Changes(frozenset({"set-cookie"})),
    ),
    Peer(_PASTE, "RegistryManager", "Paste", "paste.registry:RegistryManager"),
    Peer(
        _PASTE, "RegistryManager, streaming", "Paste", "paste.registry:RegistryManager", {"streaming": True}, _WATCHES
    ),
    Peer(
        _PASTE,
        "errordocument.forward",
        "Paste",
        "paste.errordocument:forward",
        {"codes": {404: "/not-found"}},
        Changes(answers=True),
    ),
    Peer(_PASTE, "lint", "Paste", "paste.lint:middleware", changes=_WATCHES),
    Peer(_WERKZEUG, "ProxyFix", "Werkzeug", "werkzeug.middleware.proxy_fix:ProxyFix"),
    Peer(
        _WERKZEUG,
        "SharedDataMiddleware",
        "Werkzeug",
        "werkzeug.middleware.shared_data:SharedDataMiddleware",
        {"exports": {"/static": _FOLDER}},
        Changes(answers=True),
    ),
    Peer(
        _WERKZEUG,
        "ProfilerMiddleware",
        "Werkzeug",
        "werkzeug.middleware.profiler:ProfilerMiddleware",
        {"stream": None},
        Changes(body=True, wraps=True),
    ),
    Peer(
        _WERKZEUG,
        "DebuggedApplication",
        "Werkzeug",
        "werkzeug.debug:DebuggedApplication",
        {"pin_security": False},
        Changes(errors=True, wraps=True),
    ),
    Peer(_WERKZEUG, "LintMiddleware", "Werkzeug", "werkzeug.middleware.lint:LintMiddleware", changes=_WATCHES),
    Peer(_WERKZEUG, "DispatcherMiddleware", "Werkzeug", "werkzeug.middleware.dispatcher:DispatcherMiddleware"),
    Peer(
        "WhiteNoise",
        "WhiteNoise",
        "whitenoise",
        "whitenoise:WhiteNoise",
        {"root": _FOLDER, "prefix": "static"},
        Changes(answers=True),
    ),
    Peer(
        "repoze.who",
        "PluggableAuthenticationMiddleware",
        "repoze.who",
        "benchmarks.factories:repoze_who",
        changes=Changes(answers=True, wraps=True),
        headers=_CREDENTIALS,
    ),
    Peer("Sentry", "SentryWsgiMiddleware", "sentry-sdk", "benchmarks.factories:sentry", changes=_WATCHES),
    Peer(
        "OpenTelemetry",
        "OpenTelemetryMiddleware",
        "opentelemetry-instrumentation-wsgi",
        "opentelemetry.instrumentation.wsgi:OpenTelemetryMiddleware",
        changes=_WATCHES,
    ),
    Peer(
        "WebOb",
        "wsgify.middleware",
        "WebOb",
        "benchmarks.factories:wsgify",
        changes=Changes(frozenset({"location"}), wraps=True),
    ),
    Peer("wsgiref", "validate.validator", "", "wsgiref.validate:validator", changes=_WATCHES),
    Peer(
        "prometheus_client", "make_wsgi_app", "prometheus_client", "benchmarks.factories:prometheus", is_endpoint=True
    ),
)
