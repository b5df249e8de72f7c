"""The scheme Bearer (RFC 6750): tokens that do not change, and JWTs."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypedDict

from wsgistack.errors import ConfigError, Mistake, Mistakes, check_options
from wsgistack.middleware.auth.credentials import has_scheme
from wsgistack.middleware.auth.jwt import JwtOptions, Jwts
from wsgistack.middleware.auth.layer import AuthLayer
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.middleware.auth.scheme import Credentials, Identity, Refusal, Scheme
from wsgistack.middleware.auth.throttle import ThrottleOptions
from wsgistack.middleware.auth.tokens import MAX_TOKEN, Tokens
from wsgistack.types import App, Environ

__all__ = ["Bearer", "BearerAuth", "BearerOptions"]

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # b64token of RFC 6750 §2.1
_MALFORMED = Refusal("the token is malformed", 400, error="invalid_request")
_WRONG = Refusal("unknown token", error="invalid_token", is_guess=True)
_DESCRIPTIONS = {
    "invalid_request": "the token is malformed",
    "invalid_token": "the token is not valid",
    "insufficient_scope": "the token does not allow this request",
}


class BearerOptions(TypedDict, total=False):
    """The options of :class:`Bearer`."""

    tokens: Mapping[str, str]
    jwt: JwtOptions


class Bearer(Scheme):
    """Tokens in the header Authorization. Those in a form or in the query (RFC 6750 sections 2.2 and 2.3) are not read.

    :param tokens: a mapping of names to SHA-256 digests of tokens. After a digest, the scopes of the token may follow.
    :param jwt: how JWTs are verified: the options of :class:`~wsgistack.middleware.auth.jwt.Jwts`.
    :raises ConfigError: neither is set, or one is not valid.
    """

    auth_type = "Bearer"
    keys: tuple[str, ...] = ("HTTP_AUTHORIZATION",)

    def __init__(self, *, tokens: Mapping[str, str] | None = None, jwt: JwtOptions | None = None) -> None:
        mistakes = Mistakes()
        if not (tokens or jwt):
            raise ConfigError(Mistake("accepts no token", expected="tokens, jwt, or both"))
        with mistakes.collect():
            self._tokens = Tokens(tokens or {}, scheme=self.auth_type, key="tokens")
        with mistakes.collect():
            self._jwts = _make_jwts(jwt) if jwt else None
        mistakes.raise_if_any()

    def read(self, environ: Environ) -> Credentials | Identity | Refusal | None:
        """Read the token. A JWT that was right not long ago is not verified again."""
        written: str = environ.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = written[: MAX_TOKEN + 20].partition(" ")
        if scheme.lower() != "bearer":
            return _MALFORMED if has_scheme(written, "bearer") else None
        token = token.strip(" ")
        if len(token) > MAX_TOKEN:
            return _MALFORMED
        return (self._jwts and self._jwts.recall(token)) or Credentials("", token)

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        """Find whose token it is, or verify a JWT."""
        if not _TOKEN.fullmatch(credentials.secret):  # not in read(): no remembered one is malformed
            return _MALFORMED
        found: Identity | Refusal | None = self._tokens.find(credentials.secret)
        if found is None and self._jwts and credentials.secret.count(".") == 2:
            found = self._jwts.verify(credentials.secret)
        return found or _WRONG

    def challenge(self, realm: str, refusal: Refusal | None) -> str:
        """The challenge of RFC 6750 section 3. It has an error only if the request had a token."""
        made = f"Bearer realm={realm}"
        if refusal and refusal.error:
            made += f', error="{refusal.error}", error_description="{_DESCRIPTIONS[refusal.error]}"'
            if refusal.scope:
                made += f', scope="{refusal.scope}"'
        return made


def _make_jwts(options: JwtOptions) -> Jwts:
    mistakes = Mistakes()
    with mistakes.collect(prefix="jwt"):
        check_options(options, Jwts)
    mistakes.raise_if_any()
    return Jwts(**options)


class BearerAuth(AuthLayer):
    """Let in only requests with a valid bearer token (RFC 6750): one that does not change, or a JWT.

    ::

        BearerAuth(app, jwt={"algorithms": ["RS256"], "keys": "issuer.pem", "issuer": "https://login.example.org"})

        [filter:bearer]
        use = egg:wsgistack#bearer_auth
        tokens = ci = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 orders:read

    :param tokens: a mapping of names to SHA-256 digests of tokens, as ``printf %s TOKEN | sha256sum`` prints them.
        After a digest, the scopes of the token may follow; without any, scopes do not limit it. None by default.
    :param jwt: how JWTs are verified, a mapping: the options of :class:`~wsgistack.middleware.auth.jwt.Jwts`. Needs
        the extra ``jwt``. Off by default.
    :param public: the beginnings of paths that need no token. Empty by default.
    :param optional: let requests without a token in, except where a rule matches. False by default.
    :param rules: who may do what, as for ``auth``. None by default.
    :param realm: what the token is for. The default reveals nothing about the application.
    :param throttle: refuse more attempts after too many failures, with 429: a mapping of options of
        :class:`~wsgistack.middleware.auth.throttle.Throttle`. Off by default.
    :param withhold: remove the token from the environ, so that the application can't log it. False by default.
    :raises ConfigError: neither tokens nor jwt is set, or an option is not valid.

    The name of the token, or the subject of the JWT, is ``REMOTE_USER``.

    Cost tier T0.

    Place it inside catch_errors and compress, around what it protects. Not for tokens that are a part of the URL or of
    a form: others see them.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        tokens: Mapping[str, str] | None = None,
        jwt: JwtOptions | None = None,
        public: Sequence[str] = (),
        optional: bool = False,
        rules: Sequence[RuleOptions] = (),
        realm: str = "Restricted",
        throttle: ThrottleOptions | None = None,
        withhold: bool = False,
    ) -> None:
        super().__init__(
            app,
            {"": partial(Bearer, tokens=tokens, jwt=jwt)},
            public=public,
            optional=optional,
            rules=rules,
            realm=realm,
            throttle=throttle,
            withhold=withhold,
        )
        self.tokens = tokens
        self.jwt = jwt
