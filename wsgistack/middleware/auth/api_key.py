"""The scheme of API keys: a fixed secret in a header, in a cookie or, if asked for, in the query."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypedDict
from urllib.parse import parse_qsl

from wsgistack.environ import environ_key
from wsgistack.errors import Mistake, Mistakes
from wsgistack.http.headers import is_field_name
from wsgistack.middleware.auth.layer import AuthLayer
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.middleware.auth.scheme import Credentials, Identity, Refusal, Scheme
from wsgistack.middleware.auth.throttle import ThrottleOptions
from wsgistack.middleware.auth.tokens import MAX_TOKEN, Tokens
from wsgistack.types import App, Environ

__all__ = ["ApiKey", "ApiKeyAuth", "ApiKeyOptions"]

_WRONG = Refusal("wrong key", is_guess=True)
_TARGETS = ("REQUEST_URI", "RAW_URI", "HTTP_REFERER")  # where servers and browsers repeat the query
_NOTHING: Mapping[str, str] = {}


class ApiKeyOptions(TypedDict, total=False):
    """The options of :class:`ApiKey`."""

    keys: Mapping[str, str]
    header: str
    cookie: str
    query: str


class ApiKey(Scheme):
    """API keys.

    :param keys: a mapping of names to SHA-256 digests of keys. After a digest, the scopes of the key may follow.
    :param header: the header that carries the key; empty for none. ``X-API-Key`` by default.
    :param cookie: the cookie that carries the key. None by default: browsers send cookies with requests that other
        sites cause, so it needs the layer csrf.
    :param query: the parameter that carries the key. None by default: URLs are in logs and in the history of browsers.
    :raises ConfigError: a digest is not valid, or no place for the key is left.

    A request with several keys is refused, even if one of them is right.
    """

    auth_type = "ApiKey"

    def __init__(
        self, *, keys: Mapping[str, str] = _NOTHING, header: str = "X-API-Key", cookie: str = "", query: str = ""
    ) -> None:
        mistakes = Mistakes()
        if not (header or cookie or query):
            mistakes.append(Mistake("has no place for the key", key="header", expected="header, cookie or query"))
        if header and not is_field_name(header):
            problem, expected = "not a valid name of a header", "a name such as X-API-Key"
            mistakes.append(Mistake(problem, key="header", value=header, expected=expected))
        if not keys:
            mistakes.append(Mistake("has no key", key="keys", expected="at least one name with a digest"))
        with mistakes.collect():
            self._tokens = Tokens(keys, scheme=self.auth_type, key="keys")
        mistakes.raise_if_any()
        self._header = header
        self._cookie = cookie
        self._query = query.encode("utf-8", "surrogateescape").decode("latin-1")  # PEP 3333: bytes as latin-1
        self._environ_key = environ_key(header) if header else ""

    def read(self, environ: Environ) -> Credentials | Refusal | None:
        """Read the key from all places where it may be."""
        found = [environ[self._environ_key]] if self._environ_key in environ else []
        if self._cookie:
            found += [value for name, value in _split_cookies(environ) if name == self._cookie]
        if self._query and environ.get("QUERY_STRING"):
            pairs = _split_query(environ["QUERY_STRING"])
            if pairs is None:
                return Refusal("the query has too many parameters", 400)
            found += [value for name, value in pairs if name == self._query]
        if not found:
            return None
        if len(found) > 1:
            return Refusal("several keys", 400)
        return Credentials("", found[0]) if len(found[0]) <= MAX_TOKEN else _WRONG

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        """Find whose key it is."""
        return self._tokens.find(credentials.secret) or _WRONG

    def challenge(self, realm: str, refusal: Refusal | None) -> str:
        """Name the header. No RFC defines a challenge for keys, but RFC 9110 section 11.6.1 demands one."""
        place = f', header="{self._header}"' if self._header else ""
        return f"ApiKey realm={realm}{place}"

    def withhold(self, environ: Environ) -> None:
        """Remove the key, and nothing else, from its places."""
        environ.pop(self._environ_key, None)
        if self._cookie and "HTTP_COOKIE" in environ:
            pairs = environ["HTTP_COOKIE"].split(";")
            kept = [pair for pair in pairs if pair.partition("=")[0].strip() != self._cookie]
            environ["HTTP_COOKIE"] = ";".join(kept).strip()
        if self._query:
            environ["QUERY_STRING"] = self._remove_key(environ.get("QUERY_STRING", ""))
            for name in _TARGETS:
                path, mark, query = environ.get(name, "").partition("?")
                if mark:
                    left = self._remove_key(query)
                    environ[name] = f"{path}?{left}" if left else path

    def _remove_key(self, query: str) -> str:
        return "&".join(pair for pair in query.split("&") if not _has_name(pair, self._query))


def _split_cookies(environ: Environ) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in environ.get("HTTP_COOKIE", "").split(";")]
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _split_query(query: str) -> list[tuple[str, str]] | None:
    try:
        # as in a header, each character is a byte, so that no other parameter can be unreadable
        return parse_qsl(query, keep_blank_values=True, max_num_fields=1000, encoding="latin-1")
    except ValueError:
        return None


def _has_name(pair: str, name: str) -> bool:
    return any(found == name for found, _ in parse_qsl(pair, keep_blank_values=True, encoding="latin-1"))


class ApiKeyAuth(AuthLayer):
    """Let in only requests with a known API key.

    ::

        ApiKeyAuth(app, keys={"ci": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 orders:read"})

        [filter:api_key]
        use = egg:wsgistack#api_key
        keys = ci = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

    :param keys: a mapping of names to SHA-256 digests of keys, as ``printf %s KEY | sha256sum`` prints them. Required.
        After a digest, the scopes of the key may follow; without any, scopes do not limit it.
    :param header: the header that carries the key; empty for none. ``X-API-Key`` by default.
    :param cookie: the cookie that carries the key. None by default: browsers send cookies with requests that other
        sites cause, so it needs the layer csrf.
    :param query: the parameter that carries the key. None by default: URLs are in logs and in the history of browsers.
    :param public: the beginnings of paths that need no key. Empty by default.
    :param optional: let requests without a key in, except where a rule matches. False by default.
    :param rules: who may do what, as for ``auth``. None by default.
    :param realm: what the key is for. The default reveals nothing about the application.
    :param throttle: refuse more attempts after too many failures, with 429: a mapping of options of
        :class:`~wsgistack.middleware.auth.throttle.Throttle`. Off by default.
    :param withhold: remove the key from the environ, so that the application can't log it. False by default.
    :raises ConfigError: a digest or another option is not valid.

    A request with several keys is answered 400. The name of the key is ``REMOTE_USER``.

    Cost tier T0.

    Place it inside catch_errors and compress, around what it protects. Not for keys that people choose: a SHA-256 is
    fast to guess. Not for browsers, except with ``cookie`` and the layer csrf.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        keys: Mapping[str, str] = _NOTHING,
        header: str = "X-API-Key",
        cookie: str = "",
        query: str = "",
        public: Sequence[str] = (),
        optional: bool = False,
        rules: Sequence[RuleOptions] = (),
        realm: str = "Restricted",
        throttle: ThrottleOptions | None = None,
        withhold: bool = False,
    ) -> None:
        super().__init__(
            app,
            {"": partial(ApiKey, keys=keys, header=header, cookie=cookie, query=query)},
            public=public,
            optional=optional,
            rules=rules,
            realm=realm,
            throttle=throttle,
            withhold=withhold,
        )
        self.keys = keys
        self.header = header
        self.cookie = cookie
        self.query = query
