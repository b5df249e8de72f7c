"""Authentication: who sends a request, and what they may do. One file for each scheme."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from wsgistack.errors import ConfigError, Mistake, check_lists, check_options
from wsgistack.middleware.auth.api_key import ApiKey, ApiKeyOptions
from wsgistack.middleware.auth.basic import Basic, BasicOptions
from wsgistack.middleware.auth.bearer import Bearer, BearerOptions
from wsgistack.middleware.auth.certificate import CertificateOptions, ClientCertificate
from wsgistack.middleware.auth.layer import AuthLayer
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.middleware.auth.scheme import Scheme
from wsgistack.middleware.auth.throttle import ThrottleOptions
from wsgistack.middleware.auth.trusted_header import TrustedHeader, TrustedHeaderOptions
from wsgistack.types import App

__all__ = ["Auth"]


class Auth(AuthLayer):
    """Let in only requests with valid credentials of one of several schemes, and only where the rules allow them.

    ::

        Auth(
            app,
            api_key={"keys": {"ci": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 admin"}},
            rules=[{"under": ["/admin"], "scopes": ["admin"]}],
        )

        [filter:auth]
        use = egg:wsgistack#auth
        api_key = keys = {ci = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 admin"}
        public = /health
        rules = [{under = ["/admin"], scopes = ["admin"]}]

    With the JWTs of an issuer, in TOML::

        [[layers]]
        use = "auth"
        public = ["/health"]

        [layers.bearer.jwt]
        algorithms = ["RS256"]
        jwks_url = "https://login.example.org/jwks.json"
        issuer = "https://login.example.org"
        audience = ["shop"]

        [[layers.rules]]
        under = ["/admin"]
        groups = ["staff"]

    The schemes are tried in the order of the options below. The first one whose credentials a request carries decides:
    wrong credentials are refused, even if others would be right. A request without any gets one 401 with the challenges
    of all schemes (RFC 9110 section 11.6.1).

    For the application, ``REMOTE_USER`` is the user, ``AUTH_TYPE`` the scheme, and ``environ["wsgistack.identity"]``
    an :class:`~wsgistack.middleware.auth.scheme.Identity` with groups, scopes and claims. Earlier values of the three
    are removed, also from public requests. One name is one user in all schemes and rules. So give keys and tokens
    names that no user of the issuer or the proxy can have.

    Each rule whose ``under`` and ``methods`` match a request must allow it. ``under`` lists the beginnings of paths;
    without it, a rule is for all paths. A rule matches if any form of the path does that an application could see
    (``//admin``, ``/%61dmin``), and ``methods`` also match what ``X-HTTP-Method-Override`` says. ``users`` and
    ``groups`` list who is allowed; ``scopes`` lists what credentials with scopes need; ``check`` is called with the
    identity and the environ, and must return True. Without a matching rule, valid credentials are enough.

    :param certificate: client certificates: the options of
        :class:`~wsgistack.middleware.auth.certificate.ClientCertificate`. Off by default, as all schemes.
    :param trusted_header: the user that a proxy names: the options of
        :class:`~wsgistack.middleware.auth.trusted_header.TrustedHeader`.
    :param bearer: tokens and JWTs: the options of :class:`~wsgistack.middleware.auth.bearer.Bearer`.
    :param api_key: API keys: the options of :class:`~wsgistack.middleware.auth.api_key.ApiKey`.
    :param basic: user names and passwords: the first options of
        :class:`~wsgistack.middleware.auth.basic.BasicAuth`, to ``max_hashes``.
    :param schemes: schemes of your own: classes, or callables without arguments, that make a
        :class:`~wsgistack.middleware.auth.scheme.Scheme`.
    :param public: the beginnings of paths that need no credentials, such as ``/health``. All forms of the path must be
        under one of them. Empty by default, so that everything is closed.
    :param optional: let requests without credentials in, except where a rule matches. Wrong credentials are still
        refused; those of a scheme that is not set up count as none. False by default.
    :param rules: who may do what, as above. None by default.
    :param realm: what the credentials are for. Browsers may show it. The default reveals nothing about the application.
    :param throttle: refuse more attempts after too many failures, with 429: a mapping of options of
        :class:`~wsgistack.middleware.auth.throttle.Throttle`. Off by default.
    :param dialog: ``always``, the default, or ``pages``: browsers ask for a password only when they load a page, and
        not for requests of a script (``Sec-Fetch-Mode``, ``X-Requested-With``), which get a challenge that browsers
        ignore.
    :param withhold: remove the credentials from the environ, so that the application can't log or leak them. False by
        default, because some applications read them.
    :raises ConfigError: no scheme is given, or an option is not valid.

    Each refusal of credentials is logged to ``wsgistack.auth`` at level WARNING, with ``user``, ``client``, ``scheme``
    and ``reason`` on the record, and never with a secret::

        wrong credentials of user "" from 203.0.113.9: wrong key
        refused user "ada" from 203.0.113.9: lacks the scope orders:write
        locked out user "ada" from 203.0.113.9 after too many failures

    Only the first kind is a guess. The page "Protect a staging site" of the documentation has a filter for fail2ban,
    which reads these lines. Each request that is let in is logged at level DEBUG.

    Cost tier T0.

    Place it inside catch_errors and compress, around what it protects. Use it only over TLS, because each request
    carries the credentials in readable form. Not for people who should log in with a page of their own, or log out.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        certificate: CertificateOptions | None = None,
        trusted_header: TrustedHeaderOptions | None = None,
        bearer: BearerOptions | None = None,
        api_key: ApiKeyOptions | None = None,
        basic: BasicOptions | None = None,
        schemes: Sequence[Callable[[], Scheme]] = (),
        public: Sequence[str] = (),
        optional: bool = False,
        rules: Sequence[RuleOptions] = (),
        realm: str = "Restricted",
        throttle: ThrottleOptions | None = None,
        dialog: Literal["always", "pages"] = "always",
        withhold: bool = False,
    ) -> None:
        check_lists(schemes=schemes)
        given: dict[str, tuple[Callable[..., Scheme], Any]] = {
            "certificate": (ClientCertificate, certificate),
            "trusted_header": (TrustedHeader, trusted_header),
            "bearer": (Bearer, bearer),
            "api_key": (ApiKey, api_key),
            "basic": (Basic, basic),
        }
        makers = {key: partial(_make_scheme, *each) for key, each in given.items() if each[1] is not None}
        for number, make in enumerate(schemes, 1):
            makers[f"schemes.{number}"] = partial(_make_scheme, make, {})
        super().__init__(
            app,
            makers or {"": _refuse_none},
            public=public,
            optional=optional,
            rules=rules,
            realm=realm,
            throttle=throttle,
            withhold=withhold,
            dialog=dialog,
        )
        self.certificate = certificate
        self.trusted_header = trusted_header
        self.bearer = bearer
        self.api_key = api_key
        self.basic = basic
        self.schemes = schemes


def _refuse_none() -> Scheme:
    raise ConfigError(Mistake("has no scheme", expected="at least one, such as basic or bearer"))


def _make_scheme(make: Callable[..., Scheme], options: Any) -> Scheme:
    check_options(options, make)
    scheme = make(**options)
    if not isinstance(scheme, Scheme):
        problem = f"{make!r} made {scheme!r}, which is not a Scheme"
        raise ConfigError(Mistake(problem, expected="a subclass of wsgistack.middleware.auth.scheme:Scheme"))
    return scheme
