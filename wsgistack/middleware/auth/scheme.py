"""What a scheme of authentication is: it reads credentials, verifies them, and makes the challenge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self

from wsgistack.types import Environ

__all__ = ["Credentials", "Identity", "Refusal", "Scheme"]

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Identity(NamedTuple):
    """Who sends a request: ``environ["wsgistack.identity"]``.

    :param user: the name, which is also ``REMOTE_USER``.
    :param scheme: the scheme that has verified it, such as ``Basic``, which is also ``AUTH_TYPE``.
    :param groups: the groups that the user is in.
    :param scopes: what the credentials allow (RFC 6749 section 3.3). None if scopes do not limit them, as with a
        password.
    :param claims: what else is known, such as the claims of a JWT.
    """

    user: str
    scheme: str
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    claims: Mapping[str, object] = _NOTHING

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Pickle and copy it, as for a session, although a read-only mapping can't be."""
        return type(self), (*self[:-1], dict(self.claims))


class Refusal(NamedTuple):
    """Why a request is refused.

    :param reason: for the log, in a few words and without secrets.
    :param status: 401; 400 if the credentials are malformed in a way for which the RFC requires it; 403 if they do not
        allow the request; 429 after too many failures; 503 if they can't be verified now.
    :param error: the error code for a Bearer challenge (RFC 6750 section 3.1).
    :param scope: the scopes that would allow the request, for the same challenge.
    :param retry_after: when to try again, in seconds, with 429 and 503.
    :param is_guess: whether it was a wrong secret, so that it counts towards a lock-out.
    """

    reason: str
    status: int = 401
    error: str = ""
    scope: str = ""
    retry_after: int = 0
    is_guess: bool = False


@dataclass(slots=True)  # which costs half of what a NamedTuple does, once for each request
class Credentials:
    """What a request presents, before it is verified.

    :param user: the name that it claims; empty if only the secret says who it is.
    :param secret: a password, a token or a key.
    """

    user: str
    secret: Any = field(repr=False)


class Scheme:
    """One way to say who sends a request. A subclass overrides :meth:`read` and :meth:`verify`.

    A header that only the own proxy can set is an example, with a secret in another header::

        class Gateway(Scheme):
            auth_type = "Gateway"
            keys = ("HTTP_X_GATEWAY_KEY",)

            def read(self, environ):
                key = environ.get("HTTP_X_GATEWAY_KEY")
                return Credentials(environ.get("HTTP_X_GATEWAY_USER", ""), key) if key else None

            def verify(self, credentials):
                if not credentials.user or not hmac.compare_digest(credentials.secret.encode(), KEY):
                    return Refusal("wrong key", is_guess=True)
                return Identity(credentials.user, self.auth_type)

    An instance serves many threads. Its methods must not raise an error for anything that a client can send.
    """

    auth_type: ClassVar[str] = ""
    """The name of the scheme, for ``AUTH_TYPE`` and the log."""

    keys: tuple[str, ...] = ()
    """The keys of the environ that carry the credentials, for :meth:`withhold`."""

    opens_dialog: ClassVar[bool] = False
    """Whether browsers ask for a password when they get the challenge."""

    def remove_forged(self, environ: Environ) -> None:
        """Remove headers that only a proxy may send, if a client sent them. It is called first, for each request."""

    def read(self, environ: Environ) -> Credentials | Identity | Refusal | None:
        """Read the credentials of a request. None if it has none for this scheme.

        A scheme may return the identity of credentials that it remembers, as long as nothing has changed since. Such a
        request is neither throttled nor logged.
        """
        raise NotImplementedError

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        """Verify credentials. This may take its time, as a slow hash does."""
        raise NotImplementedError

    def remember(self, credentials: Credentials, identity: Identity) -> None:
        """Remember credentials that were verified and let in, so that :meth:`read` returns their identity.

        What somebody could guess is not remembered in :meth:`verify`: if others have failed too often meanwhile, the
        layer refuses also what was right.
        """

    def challenge(self, realm: str, refusal: Refusal | None) -> str:
        """The value of ``WWW-Authenticate`` for a 401, which needs at least one (RFC 9110 section 11.6.1).

        :param realm: what the credentials are for, as a quoted string.
        :param refusal: why credentials of this scheme were refused; None if the request had none.
        """
        return f"{self.auth_type} realm={realm}"

    def withhold(self, environ: Environ) -> None:
        """Remove the credentials from a request."""
        for key in self.keys:
            environ.pop(key, None)
