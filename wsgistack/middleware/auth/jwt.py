"""JWTs (RFC 7519), verified by PyJWT with the algorithms that are named, and no others (RFC 8725)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypedDict

from wsgistack.errors import Mistake, Mistakes, check_durations, check_lists, did_you_mean
from wsgistack.imports import require_extra
from wsgistack.middleware.auth.jwks import Keys, KeysUnavailableError
from wsgistack.middleware.auth.remembering import digest_secret, put_newest
from wsgistack.middleware.auth.scheme import Identity, Refusal
from wsgistack.types import Duration, Secret

__all__ = ["JwtOptions", "Jwts"]

MAX_REMEMBERED = 4096
"""The number of verified tokens that are remembered. The one that was verified first is forgotten first."""

_SECRET_SIZES = {"HS256": 32, "HS384": 48, "HS512": 64}  # bytes (RFC 7518 §3.2)
_PUBLIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LOOKS_PUBLIC = (b"-----BEGIN", b"ssh-", b"ecdsa-", b'{"k')
_REASONS = {"ExpiredSignatureError": "the token has expired", "ImmatureSignatureError": "the token is not valid yet"}


class JwtOptions(TypedDict, total=False):
    """The options of :class:`Jwts`."""

    algorithms: Sequence[str]
    secret: Annotated[str, Secret]
    keys: Path
    jwks_url: str
    issuer: str
    audience: Sequence[str]
    leeway: Duration
    required: Sequence[str]
    user_claim: str
    groups_claim: str
    scopes_claim: str
    refresh: Duration
    remember: Duration


class _UnknownKeyError(Exception):
    """The issuer has no key with the ``kid`` and the ``alg`` of a token, so that nothing was verified."""


class _InvalidClaimError(Exception):
    """The issuer has signed a token that is not valid."""


class _Remembered(NamedTuple):
    identity: Identity
    until: float
    version: int


class Jwts:
    """Verifies JWTs, and remembers those that were right.

    Exactly one of ``secret``, ``keys`` and ``jwks_url`` is required.

    :param algorithms: which algorithms are accepted. Required: a token must not choose. ``HS256`` and its relatives
        need ``secret``; all others need public keys. ``none`` is not one of them.
    :param secret: the shared secret for HMAC, at least as long as the digest (RFC 7518 section 3.2). A public key is
        refused here.
    :param keys: a file with public keys, in PEM or as a JWKS (RFC 7517). It is read again when it changes.
    :param jwks_url: where the issuer publishes its JWKS, over https. It is fetched again in the background.
    :param issuer: the ``iss`` that a token must have. Empty, by default: it is not checked.
    :param audience: the ``aud`` of this application; a token must have one of them. Empty, by default: a token with
        any ``aud`` is refused, because it is for somebody else.
    :param leeway: how far the clocks of the issuer and of this server may differ. 0 seconds by default.
    :param required: the claims that a token must have. ``exp`` by default, so that no token is valid forever.
    :param user_claim: the claim with the name of the user. ``sub`` by default.
    :param groups_claim: the claim with the list of groups. ``groups`` by default.
    :param scopes_claim: the claim with the scopes, as a list or separated by spaces. ``scope`` by default (RFC 9068). A
        token without it has no scopes.
    :param refresh: how often the keys of ``jwks_url`` are fetched again. 10 minutes by default.
    :param remember: for how long a right token is not verified again, at most until it expires. 1 minute by default;
        for that long, a key that was withdrawn from a file or a URL may still count. 0 verifies each request.
    :raises ConfigError: an option is not valid, or PyJWT is not installed.
    """

    def __init__(
        self,
        *,
        algorithms: Sequence[str] = (),
        secret: str = "",
        keys: Path | None = None,
        jwks_url: str = "",
        issuer: str = "",
        audience: Sequence[str] = (),
        leeway: Duration = 0,
        required: Sequence[str] = ("exp",),
        user_claim: str = "sub",
        groups_claim: str = "groups",
        scopes_claim: str = "scope",
        refresh: Duration = 600,
        remember: Duration = 60,
    ) -> None:
        mistakes = Mistakes()
        with mistakes.collect(prefix="jwt"):
            check_lists(algorithms=algorithms, audience=audience, required=required)
        algorithms = [] if any(each.key == "jwt.algorithms" for each in mistakes) else [*algorithms]
        with mistakes.collect(prefix="jwt"):
            check_durations(leeway=leeway, refresh=refresh, remember=remember)
        known = _SECRET_SIZES if secret else _PUBLIC
        some = f"some of {', '.join(known)}"
        if sum(map(bool, (secret, keys, jwks_url))) != 1:
            expected = "exactly one of secret, keys and jwks_url"
            mistakes.append(Mistake("needs one source of keys", key="jwt", expected=expected))
        elif not algorithms and not mistakes:
            mistakes.append(Mistake("does not name the algorithms", key="jwt.algorithms", expected=some))
        for name in algorithms:
            if name not in known:
                problem = f"the algorithm {name!r} can't be used with {'a secret' if secret else 'public keys'}"
                mistakes.append(Mistake(problem, "jwt.algorithms", name, some, hint=did_you_mean(name, known)))
        shared = secret.encode("utf-8", "surrogateescape")
        size = max((_SECRET_SIZES.get(name, 0) for name in algorithms), default=0)
        if shared.lstrip().startswith(_LOOKS_PUBLIC):
            problem, expected = "the secret is a key that others can read", "a random secret, or keys = a file"
            mistakes.append(Mistake(problem, key="jwt.secret", expected=expected))
        elif secret and len(shared) < size:
            expected = f"at least {size} bytes (RFC 7518 section 3.2)"
            mistakes.append(Mistake("the secret is too short", key="jwt.secret", expected=expected))
        with mistakes.collect():
            library = require_extra("jwt", extra="jwt", key="jwt")
            if not secret:
                require_extra("cryptography", extra="jwt", key="jwt")
        mistakes.raise_if_any()
        self._library: Any = library
        self._secret = shared
        self._algorithms = algorithms
        self._keys = None if secret else Keys(library, file=keys, url=jwks_url, refresh=refresh)
        self._issuer = issuer or None
        self._audience = [*audience] or None
        self._leeway = leeway
        self._required = [*required]
        self._user_claim = user_claim
        self._groups_claim = groups_claim
        self._scopes_claim = scopes_claim
        self._remember = remember
        self._remembered: dict[bytes, _Remembered] = {}

    def recall(self, token: str) -> Identity | None:
        """The identity of a token that was verified before."""
        found = self._remembered.get(digest_secret(token))
        if found is None or found.until <= time() or (self._keys and found.version != self._keys.version):
            return None
        return found.identity

    def verify(self, token: str) -> Identity | Refusal:
        """Verify a token."""
        version = self._keys.version if self._keys else 0
        try:
            claims = self._decode(token)
        except KeysUnavailableError:
            return Refusal("the keys of the issuer are not known yet", 503, retry_after=5)
        except _UnknownKeyError as error:  # no guess: the issuer may have a new key
            return Refusal(f"the issuer has no {error} key with the kid of the token", error="invalid_token")
        except _InvalidClaimError as error:  # no guess: the token may be old, or for another application
            return Refusal(str(error), error="invalid_token")
        except Exception as error:  # PyJWT lets errors of parsers through for some hostile tokens
            reason = f"the token is not valid ({type(error).__name__})"
            return Refusal(reason, error="invalid_token", is_guess=True)
        identity = self._read_claims(claims)
        if isinstance(identity, Identity) and self._remember:
            self._keep(token, identity, claims, version)
        return identity

    def _decode(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that is valid."""
        header = self._library.get_unverified_header(token)
        # no padding (RFC 7515 §2), and no extension that must be understood (§4.1.11)
        if "=" in token or "crit" in header:
            raise self._library.InvalidTokenError
        keys = self._keys.find(header.get("kid"), header.get("alg")) if self._keys else [self._secret]
        if not keys and "kid" in header and header.get("alg") in self._algorithms:
            raise _UnknownKeyError(header["alg"])
        failure: Exception = self._library.InvalidSignatureError()
        for key in keys:
            try:
                claims: Mapping[str, Any] = self._library.decode(
                    token,
                    key,
                    algorithms=self._algorithms,
                    issuer=self._issuer,
                    audience=self._audience,
                    leeway=self._leeway,
                    options={"require": self._required},
                )
            except self._library.InvalidSignatureError as error:
                failure = error
            except Exception as error:  # a wrong claim, or a key of another kind
                if self._has_signed(token, key):
                    name = type(error).__name__
                    raise _InvalidClaimError(_REASONS.get(name, f"the token is not valid ({name})")) from error
                failure = error
            else:
                return claims
        raise failure

    def _has_signed(self, token: str, key: Any) -> bool:
        try:
            self._library.api_jws.decode(token, key, algorithms=self._algorithms)
        except Exception:  # as above
            return False
        return True

    def _read_claims(self, claims: Mapping[str, Any]) -> Identity | Refusal:
        user = claims.get(self._user_claim)
        if not isinstance(user, str) or not user or not user.isprintable():
            return Refusal(f"the token has no valid {self._user_claim}", error="invalid_token")
        if isinstance(claims.get("exp", 0), bool | str):  # PyJWT would also accept these
            return Refusal("the token has no valid exp", error="invalid_token")
        groups, scopes = claims.get(self._groups_claim, ()), claims.get(self._scopes_claim, ())
        if isinstance(scopes, str):
            scopes = scopes.split(" ")
        for name, value in ((self._groups_claim, groups), (self._scopes_claim, scopes)):
            if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
                return Refusal(f"the token has no valid {name}", error="invalid_token")
        return Identity(user, "Bearer", frozenset(groups), frozenset(filter(None, scopes)), MappingProxyType(claims))

    def _keep(self, token: str, identity: Identity, claims: Mapping[str, Any], version: int) -> None:
        until = time() + self._remember
        if claims.get("exp", until) < until - self._leeway:  # compared first: it may be beyond all floats
            until = claims["exp"] + self._leeway
        put_newest(self._remembered, digest_secret(token), _Remembered(identity, until, version), limit=MAX_REMEMBERED)
