"""Headers that restrict what browsers do with a response."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple, get_args

from wsgistack.base import Middleware
from wsgistack.environ import CSP_NONCE
from wsgistack.errors import Mistake, Mistakes, check_mappings, suggest
from wsgistack.exchange import editing
from wsgistack.http.caching import CACHING_FIELDS, is_reusable
from wsgistack.http.notices import Notice
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.security_headers.csp import check_policy, make_policy
from wsgistack.middleware.security_headers.nonce import Nonce
from wsgistack.middleware.security_headers.structured_fields import make_permissions, make_reporting_endpoints
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["SecurityHeaders"]

_Table = Mapping[str, Sequence[str]]
_ReferrerPolicy = Literal[
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
    "off",
]
_Coop = Literal["same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none", "off"]
_Corp = Literal["same-origin", "same-site", "cross-origin", "off"]
_Coep = Literal["require-corp", "credentialless", "unsafe-none", "off"]

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_URLS: Mapping[str, str] = MappingProxyType({})
_PRESETS: Mapping[str, _Table] = {
    "pages": {"base-uri": ["'self'"], "frame-ancestors": ["'self'"], "object-src": ["'none'"]},
    "api": {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
_PERMISSIONS: _Table = {"camera": [], "geolocation": [], "microphone": []}
_CSP = "Content-Security-Policy"
_REPORT_ONLY = "Content-Security-Policy-Report-Only"
_ANCESTORS = "frame-ancestors"
_FRAME_OPTIONS = "X-Frame-Options"
_FRAME_OPTIONS_LOWER = _FRAME_OPTIONS.lower()
_OPTION_OF = {"'none'": "DENY", "'self'": "SAMEORIGIN"}
_CHOICES = {
    "referrer_policy": ("Referrer-Policy", _ReferrerPolicy),
    "coop": ("Cross-Origin-Opener-Policy", _Coop),
    "corp": ("Cross-Origin-Resource-Policy", _Corp),
    "coep": ("Cross-Origin-Embedder-Policy", _Coep),
}
_LOGGER = logging.getLogger("wsgistack.security_headers")
_CACHEABLE = (
    "the page %r has a CSP nonce, and shared caches may send it to other users; "
    "set Cache-Control: private or no-store for it, and neither CDN-Cache-Control nor Surrogate-Control"
)


class SecurityHeaders(Middleware):
    """Add the headers that make browsers restrict what a response can do. A header of the application is kept.

    ::

        SecurityHeaders(app, csp={"script-src": ["'self'", "'nonce'"]}, coop="same-origin-allow-popups")

        [filter:security_headers]
        use = egg:wsgistack#security_headers
        csp = {script-src = ["'self'", "'nonce'"]}
        coop = same-origin-allow-popups

    In an ini file, ``csp`` can also have one directive on each line: ``script-src = 'self' 'nonce'``. In TOML::

        [[layers]]
        use = "security_headers"
        csp_report_only = { default-src = ["'self'"], script-src = ["'nonce'"], report-to = ["csp"] }
        reporting_endpoints = { csp = "https://reports.example.org/csp" }

    **Nonces.** ``'nonce'`` in a directive becomes ``'nonce-…'``, another one for each response. A page puts it into its
    own ``<script nonce="…">``, which then runs; a script that an attacker injects has none. The nonce is
    ``environ["wsgistack.csp_nonce"]``, and ``str()`` makes it: a page that does not read it gets a policy without one.

    - Flask, with Jinja: ``{{ request.environ["wsgistack.csp_nonce"] }}``
    - Django: ``{{ csp_nonce }}``, with a context processor that returns
      ``{"csp_nonce": request.META["wsgistack.csp_nonce"]}``. Django 6 has its own middleware for the policy: use
      that, or this.
    - Pyramid, with Chameleon or Mako: ``${request.environ['wsgistack.csp_nonce']}``; with Jinja as in Flask.
    - A page that is sent while it is made must read the nonce before the response starts:
      ``nonce = str(environ["wsgistack.csp_nonce"])``. If it does not, its scripts are blocked, and a warning is logged.

    The tools of browsers show the attribute as empty, because scripts must not read it. A nonce protects as long as
    nobody can guess it. If a page with a nonce may be kept in a shared cache (RFC 9111 section 3), which sends it to
    other users, a warning is logged, at most once a minute; set ``Cache-Control: private`` or ``no-store`` for it, and
    neither ``CDN-Cache-Control`` nor ``Surrogate-Control``. Some caches also keep a page that does not say anything
    about caching. A 304 has no policy with a nonce, because the browser would use it for the page that it has kept,
    with its old nonce.

    :param preset: ``pages``, the default, has a policy that few pages need to change: ``base-uri 'self';
        frame-ancestors 'self'; object-src 'none'``. ``api`` is for responses that are not pages: ``default-src 'none';
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'``. All other options have the same defaults.
    :param csp: directives of ``Content-Security-Policy`` (CSP Level 3) with their sources. They are added to those of
        the preset; one with the same name replaces it, and ``*`` allows everything. ``X-Frame-Options`` says the
        same as ``frame-ancestors`` to older browsers, if that is ``'self'`` or ``'none'``. If the application has set
        ``X-Frame-Options``, no ``frame-ancestors`` is sent, which browsers would obey instead. ``off`` sends neither.
    :param csp_report_only: the whole of a second policy, to try it out: browsers report what it would block, in their
        console and to its ``report-to``. None by default.
    :param reporting_endpoints: where browsers send reports (Reporting API): a name, for ``report-to``, and an https URL
        or the path of this site. For browsers that do not know ``report-to``, ``report-uri`` is added. None by default.
    :param permissions_policy: who may use each feature of browsers (Permissions Policy): nobody for an empty list,
        ``self``, ``*``, or origins. They are added to those of the preset, in which nobody may use ``camera``,
        ``geolocation`` and ``microphone``. ``off`` sends no header.
    :param referrer_policy: how much of the address other sites see. The default is ``strict-origin-when-cross-origin``:
        the host, but not the path, which may be secret. ``off`` sends no header.
    :param nosniff: whether to send ``X-Content-Type-Options: nosniff``, so that browsers do not take an upload for a
        script. True by default.
    :param coop: ``Cross-Origin-Opener-Policy``. The default is ``same-origin``: windows of other sites get no reference
        to this one. A site that logs in or pays in a window of another site needs ``same-origin-allow-popups``.
        ``off`` sends no header.
    :param corp: ``Cross-Origin-Resource-Policy``. The default is ``same-origin``: other sites can't embed the
        responses, except with CORS. For images that other sites show, ``cross-origin`` is right. ``off`` sends no
        header.
    :param coep: ``Cross-Origin-Embedder-Policy``, such as ``require-corp``, for sites that need ``SharedArrayBuffer``.
        ``off`` by default, because pages could not show any image of a site without CORP.
    :raises ConfigError: a directive, a source, a feature or another value is not one that browsers understand.

    Cost tier T1.

    Place it inside ``https``, which sends HSTS, and outside ``catch_errors``, so that error pages have the headers.
    Not needed for an application that sends all of these headers itself.
    """

    must_be_outside: ClassVar[Mapping[str, str]] = {
        "catch_errors": "error pages would not have the headers",
        "etag": "a 304 would have the nonce of a page that the browser does not get",
        "maintenance": "its answers would not have the headers",
    }
    changes: ClassVar[Changes] = Changes(
        frozenset(
            {
                *map(str.lower, (_CSP, _REPORT_ONLY, _FRAME_OPTIONS, *(name for name, _ in _CHOICES.values()))),
                *("permissions-policy", "reporting-endpoints", "x-content-type-options"),
            }
        )
    )

    def __init__(
        self,
        app: App,
        /,
        *,
        preset: Literal["pages", "api"] = "pages",
        csp: _Table | Literal["off"] = _NOTHING,
        csp_report_only: _Table = _NOTHING,
        reporting_endpoints: Mapping[str, str] = _NO_URLS,
        permissions_policy: _Table | Literal["off"] = _NOTHING,
        referrer_policy: _ReferrerPolicy = "strict-origin-when-cross-origin",
        nosniff: bool = True,
        coop: _Coop = "same-origin",
        corp: _Corp = "same-origin",
        coep: _Coep = "off",
    ) -> None:
        super().__init__(app)
        self.preset = preset
        self.csp = csp
        self.csp_report_only = csp_report_only
        self.reporting_endpoints = reporting_endpoints
        self.permissions_policy = permissions_policy
        self.referrer_policy = referrer_policy
        self.nosniff = nosniff
        self.coop = coop
        self.corp = corp
        self.coep = coep
        check_mappings(csp_report_only=csp_report_only, reporting_endpoints=reporting_endpoints)
        optional = {"csp": csp, "permissions_policy": permissions_policy}
        check_mappings(**{key: table for key, table in optional.items() if table != "off"})
        mistakes = Mistakes()
        fixed: Headers = []
        for key, (name, known) in _CHOICES.items():
            value = getattr(self, key)
            if value not in get_args(known):
                hint = suggest(str(value), get_args(known))
                mistakes.append(Mistake(f"invalid value {value!r}", key=key, value=value, hint=hint))
            elif value != "off":
                fixed.append((name, value))
        if nosniff:
            fixed.append(("X-Content-Type-Options", "nosniff"))
        if permissions_policy != "off":
            with mistakes.collect():
                permissions = make_permissions({**_PERMISSIONS, **permissions_policy}, key="permissions_policy")
                fixed.append(("Permissions-Policy", permissions))
        if reporting_endpoints:
            with mistakes.collect():
                endpoints = make_reporting_endpoints(reporting_endpoints, key="reporting_endpoints")
                fixed.append(("Reporting-Endpoints", endpoints))
        if preset not in _PRESETS:
            hint = suggest(preset, _PRESETS)
            mistakes.append(Mistake(f"unknown preset {preset!r}", key="preset", value=preset, hint=hint))
        tables: dict[str, _Table] = {}
        if csp != "off":
            with mistakes.collect():
                check_policy(csp, key="csp", endpoints=reporting_endpoints, is_enforced=True)
            tables[_CSP] = {**_PRESETS.get(preset, _NOTHING), **csp}
        if csp_report_only:
            with mistakes.collect():
                check_policy(csp_report_only, key="csp_report_only", endpoints=reporting_endpoints, is_enforced=False)
            tables[_REPORT_ONLY] = csp_report_only
        mistakes.raise_if_any()
        ancestors = " ".join(tables.get(_CSP, _NOTHING).get(_ANCESTORS, ()))
        frame_options = [(_FRAME_OPTIONS, _OPTION_OF[ancestors])] if ancestors in _OPTION_OF else []
        self._whole = _Additions.of([*fixed, *frame_options], tables, reporting_endpoints)
        if _CSP in tables:
            tables[_CSP] = {name: sources for name, sources in tables[_CSP].items() if name != _ANCESTORS}
        self._unframed = _Additions.of(fixed, tables, reporting_endpoints)
        self._names = frozenset(name.lower() for name in (_FRAME_OPTIONS, *tables, *dict(fixed)))
        self._late = Notice(_LOGGER)
        self._cacheable = Notice(_LOGGER)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if not self._whole.with_nonce:
            return self.app(environ, editing(start_response, self._add))
        nonce = environ.get(CSP_NONCE)
        if type(nonce) is not Nonce:  # an outer layer of this class has made it
            nonce = environ[CSP_NONCE] = Nonce(self._late)
        return self.app(environ, editing(start_response, self._add_with_nonce, (nonce, environ)))

    def _add(self, status: str, headers: Headers) -> tuple[str, Headers]:
        ours = self._names
        for name, _ in headers:
            if name.lower() in ours:
                names = {name.lower() for name, _ in headers}
                kind = self._unframed if _FRAME_OPTIONS_LOWER in names else self._whole
                return status, [*headers, *(item for item in kind.fixed if item[0].lower() not in names)]
        return status, [*headers, *self._whole.fixed]

    def _add_with_nonce(self, status: str, headers: Headers, given: tuple[Nonce, Environ]) -> tuple[str, Headers]:
        nonce, environ = given
        names = {name.lower() for name, _ in headers}
        kind = self._unframed if _FRAME_OPTIONS_LOWER in names else self._whole
        added = kind.fixed
        if status[:3] == "304":
            pass  # the browser would use the policy for the page that it has kept, which has another nonce
        elif value := nonce.value:
            added = added.copy()
            for name, parts in kind.with_nonce:
                added.append((name, value.join(parts)))
            if not names.isdisjoint(CACHING_FIELDS) and is_reusable(environ, status, headers):
                path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
                self._cacheable.log(_CACHEABLE, Redaction().redact_path(path))
        else:
            nonce.is_late = True
            added = kind.without_nonce
        if names.isdisjoint(self._names):
            return status, [*headers, *added]
        return status, [*headers, *(item for item in added if item[0].lower() not in names)]


class _Additions(NamedTuple):
    """What is added to the headers of a response.

    :param fixed: what every response gets.
    :param without_nonce: the same, and the policies for a page that has not read its nonce.
    :param with_nonce: the policies that need the nonce, in parts around each nonce.
    """

    fixed: Headers
    without_nonce: Headers
    with_nonce: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, headers: Headers, tables: Mapping[str, _Table], endpoints: Mapping[str, str]) -> "_Additions":
        policies = {name: make_policy(table, endpoints) for name, table in tables.items()}
        fixed = [*headers, *((name, policy.bare) for name, policy in policies.items() if not policy.has_nonce)]
        lacking = [(name, policy.bare) for name, policy in policies.items() if policy.has_nonce]
        with_nonce = tuple((name, policies[name].parts) for name, _ in lacking)
        return cls(fixed, fixed + lacking, with_nonce)
