"""The situations in which each layer is measured: our layer, its floor, and the peers that do the same work."""

import gzip
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from benchmarks.floors.access_log import AccessLog as AccessLogFloor
from benchmarks.floors.api_key import ApiKey as ApiKeyFloor
from benchmarks.floors.auth import Auth as AuthFloor
from benchmarks.floors.basic_auth import BasicAuth as BasicAuthFloor
from benchmarks.floors.bearer_auth import BearerAuth as BearerAuthFloor
from benchmarks.floors.bearer_auth import RememberedJwts, make_digest
from benchmarks.floors.body_limit import BodyLimit as BodyLimitFloor
from benchmarks.floors.cascade import Cascade as CascadeFloor
from benchmarks.floors.catch_errors import CatchErrors as CatchErrorsFloor
from benchmarks.floors.cookies import Cookies as CookiesFloor
from benchmarks.floors.cors import Cors as CorsFloor
from benchmarks.floors.csrf import Csrf as CsrfFloor
from benchmarks.floors.decompress import Decompress as DecompressFloor
from benchmarks.floors.error_documents import ErrorDocuments as ErrorDocumentsFloor
from benchmarks.floors.etag import Etag as EtagFloor
from benchmarks.floors.forwarded import Forwarded as ForwardedFloor
from benchmarks.floors.gzip import Gzip as GzipFloor
from benchmarks.floors.hosts import Hosts as HostsFloor
from benchmarks.floors.https import Https as HttpsFloor
from benchmarks.floors.maintenance import Maintenance as MaintenanceFloor
from benchmarks.floors.method_override import MethodOverride as MethodOverrideFloor
from benchmarks.floors.paths import Paths as PathsFloor
from benchmarks.floors.request_filter import RequestFilter as RequestFilterFloor
from benchmarks.floors.request_id import RequestId as RequestIdFloor
from benchmarks.floors.responses import Responses as ResponsesFloor
from benchmarks.floors.security_headers import SecurityHeaders as SecurityHeadersFloor
from benchmarks.floors.security_headers import SecurityHeadersWithNonce
from benchmarks.pairs import Effort, Samples, interleave
from benchmarks.rivals import LOGGER, RIVALS, Rival, open_null_writer, oslo_basic_auth
from benchmarks.rows import Target, at_most, describe_version
from benchmarks.traffic import (
    BROWSER,
    HOST,
    JSON,
    LOGGED_IN,
    ORIGIN,
    PASSWORD,
    TEXT,
    USER,
    Repeated,
    make_case,
    make_reader,
    make_stream,
    make_whole,
)
from wsgistack import (
    AccessLog,
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    BodyLimit,
    Cascade,
    CatchErrors,
    Cookies,
    Cors,
    Csrf,
    Decompress,
    ErrorDocuments,
    Etag,
    Forwarded,
    Gzip,
    Hosts,
    Https,
    Identity,
    Maintenance,
    MethodOverride,
    Middleware,
    Paths,
    RequestFilter,
    RequestId,
    Responses,
    SecurityHeaders,
    Static,
)
from wsgistack.middleware.auth.jwt import JwtOptions
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.middleware.request_filter.patterns import SCANNED
from wsgistack.types import App, Environ, StartResponse

__all__ = ["BARE", "COST", "FLOOR", "SITUATIONS", "Situation", "list_hashed", "list_signed"]

BARE = "application alone"
FLOOR = "floor"
COST = "cost"

_OF_FLOOR = at_most(1.3, "every layer: at most 1.3 times its floor")
_OF_OSLO = {"oslo.middleware": at_most(0.1, "every layer: at most a tenth of the same layer of oslo.middleware")}
_OF_WHITENOISE = at_most(1.3, "static: at most 1.3 times WhiteNoise, which does its work")
_DIRECT = {
    "Paste": at_most(0.5, "access log, direct write: at most half of TransLogger"),
    COST: at_most(4.0, "access log, combined format to a file: under 4 µs per request"),
}
_OF_COMBINED = {"wsgistack": at_most(2.0, "access log, JSON: at most twice the combined format")}
_TOKENS = {COST: at_most(4.0, "tokens, keys and known JWTs: under 4 µs per request")}
_CACHED = at_most(2.0, "basic auth, a known password: at most 2 µs")
_BY_HANDLER = {"Paste": at_most(1.0, "access log, same logging handler: not more than TransLogger")}


class Situation(NamedTuple):
    """A layer with one set of options, one application and one request.

    :param targets: by the start of the name of the other side, the floor or a distribution, or ``COST`` for the
        time itself.
    """

    layer: str
    situation: str
    ours: Callable[[App], App]
    floor: Callable[[App], App] | None
    app: Callable[[], App] = partial(make_whole, TEXT)
    request: Mapping[str, object] | None = None
    rivals: tuple[Rival, ...] = ()
    targets: Mapping[str, Target] = {FLOOR: _OF_FLOOR}

    @property
    def title(self) -> str:
        """The layer and the situation."""
        return f"{self.layer}: {self.situation}"

    def measure(self, effort: Effort) -> Samples:
        """Run all sides, each with its own application."""
        sides = {BARE: self.app(), self.title: self.ours(self.app())}
        if self.floor is not None:
            sides[FLOOR] = self.floor(self.app())
        for rival in self.rivals:
            if describe_version(rival.distribution):
                sides[rival.title] = rival.build(self.app())
        return interleave({name: make_case(app, self.request) for name, app in sides.items()}, effort)


_log = partial(AccessLog, file=Path(os.devnull))
_log_combined = partial(_log, format="combined")
_combined = (Rival("in the combined format", "wsgistack", _log_combined),)
_log_floor = partial(AccessLogFloor, write_line=open_null_writer())


def _with_many_paths(build: Callable[[App], App]) -> Callable[[App], App]:
    """Give each request another path: a layer that remembers values does not know it."""

    def build_with(app: App) -> App:
        layer, paths = build(app), cycle([f"/orders/2026/{number}" for number in range(10_000)])

        def asked(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            environ["PATH_INFO"] = next(paths)
            return layer(environ, start_response)

        return asked

    return build_with


_auth = partial(BasicAuth, users={USER: PASSWORD})
_auth_floor = partial(BasicAuthFloor, user=USER, password=PASSWORD)
_opaque = "cT4vGq9zLm2XwR7bYp5sKd8fHn3jVx6a"
_digest = sha256(_opaque.encode()).hexdigest()
_owners = {"ci": f"{_digest} orders:read orders:write"}
_identity = Identity("ci", "Bearer", scopes=frozenset(("orders:read", "orders:write")))
_with_token = {"HTTP_AUTHORIZATION": f"Bearer {_opaque}"}
_with_key = {"HTTP_X_API_KEY": _opaque}
_rules: list[RuleOptions] = [{"under": ["/orders"], "scopes": ["orders:read"]}]
_json = partial(make_whole, JSON, "application/json")
_image = partial(make_whole, JSON, "image/png")
_stream = partial(make_stream, [TEXT] * 4)
_json_stream = partial(make_stream, [JSON] * 4, "application/json")
_tag = sha256(b"content-type: text/plain; charset=utf-8\n" + TEXT).hexdigest()[:32]
_known = {"HTTP_IF_NONE_MATCH": f'"{_tag}"'}
_none = make_whole(TEXT, status="404 Not Found")
_first = partial(Cascade, fallback=make_whole(TEXT))
_first_floor = partial(CascadeFloor, fallback=make_whole(TEXT))
_documents = partial(ErrorDocuments, paths={"404": "/missing"})
_documents_floor = partial(ErrorDocumentsFloor, path="/missing")
_proxied = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7", "HTTP_X_FORWARDED_PROTO": "https"}
_with_cookie = partial(make_whole, TEXT, cookie="session=0123456789abcdef; Path=/")
_filter = partial(
    RequestFilter, denied_networks=["192.0.2.0/24"], denied_user_agents=["sqlmap", "nikto"], crawlers=["GPTBot"]
)
_filter_floor = partial(
    RequestFilterFloor,
    network="192.0.2.0/24",
    path=SCANNED,
    agents=r"sqlmap|nikto|(?<![\w-])GPTBot(?!\w)",
)
_escaped = {"PATH_INFO": "/orders/50%/11"}
_nonce = partial(SecurityHeaders, csp={"script-src": ["'nonce'"]})
_named = {"HTTP_X_REQUEST_ID": "8f14e45fceea167a5a36dedd4bea2543"}
_cors = partial(Cors, allow_origins=[ORIGIN])
_cors_floor = partial(CorsFloor, origin=ORIGIN)
_of_origin = {"HTTP_ORIGIN": ORIGIN}
_preflight = {**_of_origin, "REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
_own = {"HTTP_SEC_FETCH_SITE": "same-origin"}
_old_form = {"REQUEST_METHOD": "POST", "HTTP_ORIGIN": "https://www.example.com"}


def _make_page() -> App:
    """An application whose page has the nonce of the policy."""

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        body = b"<script nonce=%b>" % str(environ.get("wsgistack.csp_nonce", "")).encode()
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]

    return app


_upload = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "2000"}
_chunked = {
    "REQUEST_METHOD": "POST",
    "HTTP_TRANSFER_ENCODING": "chunked",
    "wsgi.input": Repeated(JSON),
    "wsgi.input_terminated": True,
}
_packed = gzip.compress(JSON)
_compressed = {
    "REQUEST_METHOD": "POST",
    "HTTP_CONTENT_ENCODING": "gzip",
    "CONTENT_LENGTH": str(len(_packed)),
    "wsgi.input": Repeated(_packed),
}

SITUATIONS = (
    Situation(
        "request_id",
        "new id",
        RequestId,
        RequestIdFloor,
        rivals=RIVALS["request_id"],
        targets={FLOOR: _OF_FLOOR, **_OF_OSLO},
    ),
    Situation("request_id", "id from the client", RequestId, RequestIdFloor, request=_named),
    Situation("request_id", "stream of 4 chunks", RequestId, RequestIdFloor, _stream),
    Situation("access_log", "direct write", _log, _log_floor),
    Situation("access_log", "stream of 4 chunks", _log, _log_floor, _stream),
    Situation(
        "access_log",
        "combined format, direct write",
        _log_combined,
        None,
        rivals=RIVALS["access_log"],
        targets=_DIRECT,
    ),
    Situation("access_log", "JSON", partial(_log, format="json"), None, rivals=_combined, targets=_OF_COMBINED),
    Situation("access_log", "logfmt", partial(_log, format="logfmt"), None, rivals=_combined, targets=_OF_COMBINED),
    Situation(
        "access_log",
        "combined format, another path each time",
        _with_many_paths(_log_combined),
        _with_many_paths(_log_floor),
        targets={},
    ),
    Situation(
        "access_log",
        "combined format, through logging",
        partial(AccessLog, output="logging", logger=LOGGER, format="combined"),
        None,
        rivals=RIVALS["access_log"],
        targets=_BY_HANDLER,
    ),
    Situation(
        "catch_errors",
        "no error",
        CatchErrors,
        CatchErrorsFloor,
        rivals=RIVALS["catch_errors"],
        targets={FLOOR: _OF_FLOOR, **_OF_OSLO},
    ),
    Situation("catch_errors", "stream of 4 chunks", CatchErrors, CatchErrorsFloor, _stream),
    Situation(
        "basic_auth", "password in plain text", _auth, _auth_floor, request=LOGGED_IN, rivals=RIVALS["basic_auth"]
    ),
    Situation(
        "bearer_auth",
        "token that does not change",
        partial(BearerAuth, tokens=_owners),
        partial(BearerAuthFloor, tokens={_digest: _identity}),
        request=_with_token,
        targets=_TOKENS,
    ),
    Situation(
        "api_key",
        "key in a header",
        partial(ApiKeyAuth, keys=_owners),
        partial(ApiKeyFloor, keys={_digest: _identity}),
        request=_with_key,
        targets=_TOKENS,
    ),
    Situation(
        "auth",
        "key in a header, one rule",
        partial(Auth, api_key={"keys": _owners}, rules=_rules),
        partial(AuthFloor, keys={_digest: _identity}, under="/orders", scope="orders:read"),
        request=_with_key,
        targets=_TOKENS,
    ),
    Situation("cors", "request of the site itself", _cors, _cors_floor, rivals=RIVALS["cors"]),
    Situation("cors", "request of an allowed origin", _cors, _cors_floor, request=_of_origin, rivals=RIVALS["cors"]),
    Situation("cors", "preflight", _cors, _cors_floor, request=_preflight, rivals=RIVALS["cors"]),
    Situation("csrf", "request of the site itself", Csrf, CsrfFloor, request=_own),
    Situation("csrf", "GET of a program", Csrf, CsrfFloor),
    Situation("csrf", "form of the site itself, old browser", Csrf, CsrfFloor, request=_old_form),
    Situation("body_limit", "GET", BodyLimit, BodyLimitFloor, rivals=RIVALS["body_limit"]),
    Situation(
        "body_limit", "body with a length", BodyLimit, BodyLimitFloor, request=_upload, rivals=RIVALS["body_limit"]
    ),
    Situation(
        "body_limit",
        "2 KB JSON in chunks",
        BodyLimit,
        None,
        make_reader,
        _chunked,
        RIVALS["body_limit"],
        targets={},
    ),
    Situation("decompress", "body without a coding", Decompress, DecompressFloor, request=_upload),
    Situation("decompress", "2 KB JSON in gzip", Decompress, DecompressFloor, make_reader, _compressed),
    Situation("gzip", "client without Accept-Encoding", Gzip, GzipFloor, _json, rivals=RIVALS["gzip"]),
    Situation("gzip", "body too small", Gzip, GzipFloor, request=BROWSER, rivals=RIVALS["gzip"]),
    Situation("gzip", "image", Gzip, GzipFloor, _image, BROWSER, RIVALS["gzip"]),
    Situation("gzip", "2 KB JSON", Gzip, GzipFloor, _json, BROWSER, RIVALS["gzip"]),
    Situation("gzip", "stream of 4 chunks of 2 KB JSON", Gzip, GzipFloor, _json_stream, BROWSER, RIVALS["gzip"]),
    Situation("etag", "new tag", Etag, EtagFloor, rivals=RIVALS["etag"]),
    Situation("etag", "new tag of 2 KB JSON", Etag, EtagFloor, _json, rivals=RIVALS["etag"]),
    Situation("etag", "known tag", Etag, EtagFloor, request=_known, rivals=RIVALS["etag"]),
    Situation("etag", "stream of 4 chunks", Etag, EtagFloor, _stream),
    Situation("etag", "POST", Etag, EtagFloor, request={"REQUEST_METHOD": "POST"}),
    Situation("cascade", "the first application answers", _first, _first_floor, rivals=RIVALS["cascade"]),
    Situation(
        "cascade",
        "the fallback answers",
        lambda app: Cascade(_none, fallback=app),
        partial(CascadeFloor, _none),
        rivals=RIVALS["cascade to a fallback"],
    ),
    Situation("responses", "no error", partial(Responses, members=lambda *_: {"shop": 1}), ResponsesFloor),
    Situation("error_documents", "no error", _documents, _documents_floor),
    Situation("error_documents", "stream of 4 chunks", _documents, _documents_floor, _stream),
    Situation(
        "forwarded",
        "one proxy",
        partial(Forwarded, trusted=["10.0.0.0/8"]),
        partial(ForwardedFloor, trusted="10.0.0.0/8"),
        request=_proxied,
        rivals=RIVALS["forwarded"],
    ),
    Situation(
        "hosts", "a name of the site", partial(Hosts, allowed=[HOST]), partial(HostsFloor, allowed=frozenset([HOST]))
    ),
    Situation("https", "over https", Https, HttpsFloor),
    Situation("cookies", "no cookie", Cookies, CookiesFloor),
    Situation("cookies", "one cookie", Cookies, CookiesFloor, _with_cookie),
    Situation(
        "maintenance",
        "not begun",
        partial(Maintenance, flag=Path("no such file")),
        partial(MaintenanceFloor, flag="no such file"),
    ),
    Situation("method_override", "GET", MethodOverride, MethodOverrideFloor),
    Situation("paths", "a plain path", Paths, PathsFloor),
    Situation("request_filter", "answered", _filter, _filter_floor),
    Situation("request_filter", "answered, a path with an escape", _filter, _filter_floor, request=_escaped),
    Situation("security_headers", "pages", SecurityHeaders, SecurityHeadersFloor, rivals=RIVALS["security_headers"]),
    Situation("security_headers", "nonce that is not read", _nonce, SecurityHeadersWithNonce),
    Situation("security_headers", "nonce of a page", _nonce, SecurityHeadersWithNonce, _make_page),
    Situation(
        "static",
        "a path that is no file",
        partial(Static, root=Path(__file__).parent, prefix="/static"),
        None,
        rivals=RIVALS["static"],
        targets={"whitenoise": _OF_WHITENOISE},
    ),
    Situation("Middleware", "no change", Middleware, None, rivals=RIVALS["nothing"], targets={}),
    # last, because the bridge leaves threads behind that disturb later measurements
    Situation(
        "request_id", "compared with a bridge to ASGI", RequestId, None, rivals=RIVALS["request_id on ASGI"], targets={}
    ),
)


def list_hashed(folder: Path) -> list[Situation]:
    """List situations with a file of slow hashes, which is written into the folder; none without bcrypt."""
    if not describe_version("bcrypt"):
        return []
    bcrypt = import_module("bcrypt")
    file = folder / "users"
    file.write_bytes(b"%s:%s\n" % (USER.encode(), bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5))))
    theirs = Rival("BasicAuthMiddleware", "oslo.middleware", oslo_basic_auth(file))
    ours = partial(BasicAuth, htpasswd=file)
    title = "file of hashes"
    targets = {COST: _CACHED, **_OF_OSLO}
    return [Situation("basic_auth", title, ours, None, request=LOGGED_IN, rivals=(theirs,), targets=targets)]


def list_signed() -> list[Situation]:
    """List situations with a JWT that was verified before; none without PyJWT and cryptography."""
    if not (describe_version("PyJWT") and describe_version("cryptography")):
        return []
    claims = {"sub": "ada", "iss": "https://login.example.org", "aud": "shop", "scope": "orders:read orders:write"}
    secret = _opaque * 2
    # as long as a token with a signature by RSA
    token = import_module("jwt").encode({**claims, "exp": time.time() + 86400, "jti": "j" * 190}, secret, "HS256")
    options: JwtOptions = {"algorithms": ["HS256"], "secret": secret, "audience": ["shop"], "remember": 86400}
    remembered = {make_digest(token): (_identity, time.time() + 86400)}
    ours, floor = partial(BearerAuth, jwt=options), partial(RememberedJwts, remembered=remembered)
    request = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    return [Situation("bearer_auth", "JWT that was verified before", ours, floor, request=request, targets=_TOKENS)]
