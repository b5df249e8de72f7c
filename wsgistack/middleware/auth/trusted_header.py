"""The scheme of a proxy that has logged the user in, such as oauth2-proxy: it sends the name in a header."""

import re
from collections.abc import Sequence
from typing import TypedDict

from wsgistack.environ import environ_key
from wsgistack.errors import Mistake, Mistakes
from wsgistack.http.addresses import Networks, find_peer
from wsgistack.http.headers import is_field_name
from wsgistack.middleware.auth.scheme import Credentials, Identity, Refusal, Scheme
from wsgistack.types import Environ

__all__ = ["TrustedHeader", "TrustedHeaderOptions"]

MAX_NAME = 255
"""In bytes: a longer name is not one of a user."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class TrustedHeaderOptions(TypedDict, total=False):
    """The options of :class:`TrustedHeader`."""

    trusted: Sequence[str]
    user: str
    groups: str


class TrustedHeader(Scheme):
    """The user that a trusted proxy names.

    :param trusted: the addresses and networks of the proxy, and ``unix`` for a server on a Unix socket. From all other
        peers, the headers are removed.
    :param user: the header with the name. ``X-Forwarded-User`` by default, as oauth2-proxy sends it. The proxy must
        replace it, also in requests where the client spells it ``X_Forwarded_User``: cheroot and granian take that for
        the same header, and let the client's win. nginx removes such headers. Behind another proxy on these servers,
        choose a name without hyphens, such as ``RemoteUser``, which has no other spelling. Two names are refused.
    :param groups: the header with the groups, separated by commas. ``X-Forwarded-Groups`` by default. The proxy must
        replace it, too, also for a user without groups.
    :raises ConfigError: no peer is trusted, or the name of a header is not valid.
    """

    auth_type = "TrustedHeader"

    def __init__(
        self, *, trusted: Sequence[str] = (), user: str = "X-Forwarded-User", groups: str = "X-Forwarded-Groups"
    ) -> None:
        mistakes = Mistakes()
        with mistakes.collect():
            self._networks = Networks(trusted, key="trusted")
        if not trusted:
            mistakes.append(Mistake("trusts no proxy", key="trusted", expected="the addresses of the proxy"))
        for key, header in (("user", user), ("groups", groups)):
            if not is_field_name(header):
                mistakes.append(Mistake("not a valid name of a header", key=key, value=header))
        mistakes.raise_if_any()
        self._user = environ_key(user)
        self._groups = environ_key(groups)
        self.keys: tuple[str, ...] = (self._user, self._groups)

    def remove_forged(self, environ: Environ) -> None:
        """Remove the headers of an untrusted peer, and groups of nobody."""
        if not environ.get(self._user) or not self._networks.contains_peer(find_peer(environ)):
            self.withhold(environ)

    def read(self, environ: Environ) -> Credentials | Refusal | None:
        """Read the name."""
        written: str | None = environ.get(self._user)
        if written is None:
            return None
        try:
            # PEP 3333: bytes as latin-1
            user, groups = (each.encode("latin-1").decode() for each in (written, environ.get(self._groups, "")))
        except ValueError:
            return Refusal("a name is not UTF-8")
        user = user.strip()
        if not user or "," in user or len(written) > MAX_NAME or _CONTROL.search(user):
            return Refusal("the header has no single name")
        return Credentials(user, groups)

    def verify(self, credentials: Credentials) -> Identity:
        """Believe the proxy."""
        groups = frozenset(filter(None, map(str.strip, credentials.secret.split(","))))
        return Identity(credentials.user, self.auth_type, groups)
