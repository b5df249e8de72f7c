"""Removing secrets from what a client sent, before it is logged, reported or shown."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, unquote_plus

__all__ = ["REDACTED", "Redaction"]

REDACTED = "[redacted]"

_PARTS_OF_NAMES = [
    "accesskey",
    "apikey",
    "assertion",
    "authoriz",
    "bearer",
    "cookie",
    "credential",
    "csrf",
    "jwt",
    "magiclink",
    "onetime",
    "otp",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "saml",
    "secret",
    "session",
    "signature",
    "token",
    "xsrf",
]
_WHOLE_NAMES = frozenset(
    [
        "auth",
        "code",
        "jsessionid",
        "key",
        "nonce",
        "pass",
        "phpsessid",
        "pin",
        "pw",
        "pwd",
        "sid",
        "sig",
        "state",
        "ticket",
    ]
)
_AFTER_WHICH_A_PATH_HAS_A_SECRET = frozenset(
    ["activate", "confirm", "invitation", "invite", "magic", "reset", "share", "unsubscribe", "verify"]
)
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{4,}"  # a JWT
    r"|(?:gh[oprsu]_|github_pat_|glpat-|xox[abeoprs]-|[rs]k_(?:live|test)_|AKIA|ASIA|AIza|npm_|pypi-|hvs\.)[\w-]{10,}"
)
_URL_USER = re.compile(r"(?<=://)[^/?#@]*@")
_PAIRS = re.compile(r"([&;])")


class Redaction:
    """Which names carry secrets, and how a text looks without them.

    Unsure counts as secret: a name that contains a known word is one, also in ``user[password]`` or ``X-Api-Key``.

    :param names: more names of query parameters, headers, cookies, variables and parts of a path before a secret.
        Case, ``-`` and ``_`` do not matter. A part of a name is enough.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        more = [word for word in (_normalize(name) for name in names) if word]
        self._find = re.compile("|".join(map(re.escape, [*_PARTS_OF_NAMES, *more]))).search

    def is_secret(self, name: str) -> bool:
        """Whether a value with this name is a secret."""
        word = _normalize(name)
        return word in _WHOLE_NAMES or self._find(word) is not None

    def redact_value(self, name: str, value: str) -> str:
        """The value of a header, a cookie or a variable, redacted if its name or its form says that it is a secret."""
        return REDACTED if self.is_secret(name) else redact_text(value)

    def redact_query(self, query: str) -> str:
        """A query string whose secret values are redacted. Everything else keeps its form."""
        return (
            "".join(part if part in "&;" else self._redact_pair(part) for part in _PAIRS.split(query))
            if query
            else query
        )

    def redact_path(self, path: str) -> str:
        """A path in which parts that look like a secret, or follow a name of one, are redacted."""
        parts = path.split("/")
        follows = False
        for number, part in enumerate(parts):
            if follows and part:
                parts[number] = REDACTED
            else:
                parts[number] = redact_text(part)
                word = unquote(part)
                follows = bool(part) and (_normalize(word) in _AFTER_WHICH_A_PATH_HAS_A_SECRET or self.is_secret(word))
        return "/".join(parts)

    def redact_url(self, url: str) -> str:
        """A URL, such as a Referer, without secrets in its user, path, query and fragment."""
        url, hash_, fragment = _URL_USER.sub(f"{REDACTED}@", url).partition("#")
        url, mark, query = url.partition("?")
        scheme, slashes, rest = url.partition("://")
        host, slash, path = (rest if slashes else scheme).partition("/")
        before = f"{scheme}{slashes}{host}" if slashes else host
        return "".join(
            [before, self.redact_path(slash + path), mark, self.redact_query(query), hash_, self.redact_query(fragment)]
        )

    def _redact_pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not equals:
            return redact_text(pair)
        # a name may be encoded twice; an application that decodes it twice would see the secret
        if self.is_secret(unquote(unquote_plus(name))):
            return f"{name}={REDACTED}"
        return f"{name}={redact_text(value)}"


def redact_text(text: str) -> str:
    """A text in which everything that has the form of a well-known token is redacted."""
    return _LOOKS_SECRET.sub(REDACTED, text)


def _normalize(name: str) -> str:
    return _SEPARATORS.sub("", name.lower())
