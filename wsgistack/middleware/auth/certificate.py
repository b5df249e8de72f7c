"""The scheme of client certificates, which the server or a trusted proxy has verified."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from wsgistack.environ import environ_key
from wsgistack.errors import Mistake, Mistakes
from wsgistack.http.addresses import Networks, find_peer
from wsgistack.http.headers import is_field_name
from wsgistack.middleware.auth.scheme import Credentials, Identity, Refusal, Scheme
from wsgistack.types import Environ

__all__ = ["CertificateOptions", "ClientCertificate", "parse_name"]

MAX_SUBJECT = 1024
"""In characters: no longer name is parsed."""

_VERIFIED = "SUCCESS"
_BY_SERVER = ("SSL_CLIENT_VERIFY", "SSL_CLIENT_S_DN")
_SUBJECT, _ISSUER = "SSL_CLIENT_S_DN_", "SSL_CLIENT_I_DN_"
_INTERFACE = "SSL_VERSION_INTERFACE"
_COMPARED = {"cn": "CN", "ou": "OU", "uid": "UID", "emailaddress": "Email", "c": "C", "st": "ST", "l": "L", "o": "O"}
"""What servers also set alone, such as ``SSL_CLIENT_S_DN_CN``."""

_OTHER_NAMES = {"email": "emailaddress", "userid": "uid"}
_ATTRIBUTE = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=((?:\\[0-9A-Fa-f]{2}|\\[^0-9A-Fa-f]|[^\\,+])*)"
)
_ESCAPE = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class CertificateOptions(TypedDict, total=False):
    """The options of :class:`ClientCertificate`."""

    trusted: Sequence[str]
    verify_header: str
    subject_header: str
    user: Literal["CN", "emailAddress", "UID", "subject"]


class ClientCertificate(Scheme):
    """The subject of the client's certificate.

    mod_ssl and cheroot set ``SSL_CLIENT_VERIFY`` and ``SSL_CLIENT_S_DN`` by themselves; clients can't. nginx sets them
    for uWSGI with ``uwsgi_param``. Pass these two alone: if there is also a part of a name, such as
    ``SSL_CLIENT_S_DN_CN``, all parts must agree with the subject. For nginx and uWSGI::

        uwsgi_param SSL_CLIENT_VERIFY $ssl_client_verify;
        uwsgi_param SSL_CLIENT_S_DN   $ssl_client_s_dn;

    Another proxy sends them in headers. For nginx::

        proxy_set_header X-SSL-Client-Verify $ssl_client_verify;
        proxy_set_header X-SSL-Client-S-DN   $ssl_client_s_dn;

    :param trusted: the addresses and networks of the proxy, and ``unix``. Empty by default: only the variables of the
        server are read. Of a trusted peer, only the headers are read; from all others, they are removed. The proxy must
        replace both, also where the client writes underscores, as in ``X_SSL_Client_S_DN``: cheroot, granian and uWSGI
        take that for the same header. nginx removes such headers. Names without hyphens have no other spelling.
    :param verify_header: the header that says ``SUCCESS``. Everything else is refused. ``X-SSL-Client-Verify`` by
        default.
    :param subject_header: the header with the subject (RFC 4514). ``X-SSL-Client-S-DN`` by default.
    :param user: which attribute is the user: ``CN``, the default, ``emailAddress``, ``UID``, or the whole ``subject``.
        A subject with two of them is refused. The values of ``OU`` are the groups.
    :raises ConfigError: an option is not valid.
    """

    auth_type = "ClientCertificate"

    def __init__(
        self,
        *,
        trusted: Sequence[str] = (),
        verify_header: str = "X-SSL-Client-Verify",
        subject_header: str = "X-SSL-Client-S-DN",
        user: Literal["CN", "emailAddress", "UID", "subject"] = "CN",
    ) -> None:
        mistakes = Mistakes()
        with mistakes.collect():
            self._networks = Networks(trusted, key="trusted")
        for key, header in (("verify_header", verify_header), ("subject_header", subject_header)):
            if not is_field_name(header):
                mistakes.append(Mistake("not a valid name of a header", key=key, value=header))
        if user not in ("CN", "emailAddress", "UID", "subject"):
            expected = "CN, emailAddress, UID or subject"
            mistakes.append(Mistake("unknown attribute", key="user", value=user, expected=expected))
        mistakes.raise_if_any()
        self._attribute = user
        self._headers = (environ_key(verify_header), environ_key(subject_header))
        self.keys: tuple[str, ...] = self._headers

    def remove_forged(self, environ: Environ) -> None:
        """Remove the headers of an untrusted peer."""
        if not self._networks.contains_peer(find_peer(environ)):
            self.withhold(environ)

    def read(self, environ: Environ) -> Credentials | Refusal | None:
        """Read the result of the verification and the subject."""
        if environ.get("SSL_VERSION_INTERFACE", "").startswith("Cheroot/"):
            environ = _encode(environ)
        # the certificate of a proxy, which the server may see, is not the client's
        variables = self._headers if self._networks.contains_peer(find_peer(environ)) else _BY_SERVER
        verified = environ.get(variables[0], "")
        if verified in ("", "NONE"):
            return None
        if verified != _VERIFIED:
            return Refusal("the certificate was not verified")
        return Credentials(environ.get(variables[1], ""), _find_each(environ) if variables is _BY_SERVER else None)

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        """Read the user from the subject."""
        subject = credentials.user
        attributes = parse_name(subject)
        if attributes is None:
            return Refusal("the subject of the certificate can't be read")
        by_name: dict[str, list[str]] = {}
        for name, value in attributes:
            lowered = name.lower()
            by_name.setdefault(_OTHER_NAMES.get(lowered, lowered), []).append(value)
        if credentials.secret is not None and (differences := _compare(by_name, credentials.secret)):
            hint = f"with uwsgi_param, pass neither {_SUBJECT}* nor {_ISSUER}*"
            return Refusal(f"not as in {_BY_SERVER[1]}: {', '.join(differences)}; {hint}")
        named = by_name.get(self._attribute.lower(), [])
        if self._attribute == "subject":
            named = [subject.encode("latin-1").decode()]
        if len(named) != 1 or not named[0]:
            return Refusal(f"the subject does not have exactly one {self._attribute}")
        return Identity(named[0], self.auth_type, frozenset(filter(None, by_name.get("ou", ()))))


def _encode(environ: Environ) -> Environ:
    """Write names as PEP 3333 has it, bytes as latin-1. cheroot writes them as text."""
    names = {key: value for key, value in environ.items() if key.startswith((*_BY_SERVER, _ISSUER))}
    return environ | {key: value.encode("utf-8", "surrogatepass").decode("latin-1") for key, value in names.items()}


def _find_each(environ: Environ) -> dict[str, list[str]] | None:
    """The attributes that the server also sets alone; None if it doesn't.

    cheroot joins the subject with commas and leaves those in its values as they are. So ``CN=ada`` may be a part of
    the name of an organization, and only these values show it. mod_ssl numbers several from the second one on, and
    doubles each backslash.
    """
    if not any(key.startswith((_SUBJECT, _ISSUER)) for key in environ):
        return None
    backslash = r"\\" if environ.get(_INTERFACE, "").startswith("mod_ssl/") else "\\"
    found = {}
    for name, code in _COMPARED.items():
        key = f"{_SUBJECT}{code}"
        keys = [f"{key}_0" if f"{key}_0" in environ else key]
        while f"{key}_{len(keys)}" in environ:
            keys.append(f"{key}_{len(keys)}")
        if keys[0] in environ:
            texts = (environ[each].replace(backslash, "\\") for each in keys)
            # PEP 3333: bytes as latin-1
            found[name] = sorted(each.encode("latin-1", "replace").decode("utf-8", "replace") for each in texts)
    return found


def _compare(by_name: Mapping[str, list[str]], each: Mapping[str, list[str]]) -> list[str]:
    """What differs between the attributes in the subject and those that the server sets alone."""
    return [
        f"{_SUBJECT}{code} {'differs' if name in each else 'is missing'}"
        for name, code in _COMPARED.items()
        if each.get(name, []) != sorted(by_name.get(name, ()))
    ]


def parse_name(subject: str) -> list[tuple[str, str]] | None:
    """Split a distinguished name as RFC 4514 writes it: ``CN=ada,OU=staff``. None if it is not one.

    The older form with slashes is not read: a slash in a value would have two readings.
    """
    try:
        text = subject.encode("latin-1").decode()  # PEP 3333: bytes as latin-1
    except ValueError:
        return None
    if not text or len(subject) > MAX_SUBJECT or _CONTROL.search(text):
        return None
    attributes = []
    position = 0
    while True:
        found = _ATTRIBUTE.match(text, position)
        if found is None:
            return None
        value = _unescape(found[2])
        if value is None:
            return None
        attributes.append((found[1], value))
        position = found.end()
        if position == len(text):
            return attributes
        if text[position] not in ",+":
            return None
        position += 1


def _unescape(value: str) -> str | None:
    if value[:1] in ('"', "#", " ") or (value[-1:] == " " and value[-2:] != "\\ "):
        return None  # quotes are of RFC 1779; after # follow bytes in BER; spaces at the ends may be dropped
    try:
        made = _ESCAPE.sub(
            lambda found: bytes.fromhex(found[1].replace("\\", "")).decode() if found[1] else found[2], value
        )
    except ValueError:
        return None
    return None if _CONTROL.search(made) else made
