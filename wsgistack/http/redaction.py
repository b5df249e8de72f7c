"""Removing secrets from what a client sent, before it is logged, reported or shown."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from urllib.parse import unquote

__all__ = ["REDACTED", "Redaction", "redact_text"]

REDACTED = "[redacted]"

MAX_REMEMBERED = 1024
"""Names of which it is remembered whether they are secret: an error has all those of the process and its frames."""

MAX_NAME = 64
"""In characters: longer names are not remembered, so that no client can fill the memory with them."""

# A blank in a name is any separator, or none: "api key" is apikey, api-key, X-Api-Key and apiKey.
_PARTS_OF_NAMES = (
    "access code",
    "access key",
    "account key",
    "activation code",
    "api key",
    "assertion",
    "auth key",
    "authoriz",
    "backup code",
    "bearer",
    "confirmation code",
    "cookie",
    "credential",
    "csrf",
    "device code",
    "encryption key",
    "hmac",
    "invitation code",
    "invite code",
    "jwt",
    "login code",
    "magic link",
    "one time",
    "otp code",
    "pass code",
    "pass phrase",
    "passwd",
    "password",
    "pin code",
    "private key",
    "recovery code",
    "remember me",
    "reset code",
    "saml",
    "secret",
    "security code",
    "sessid",
    "session",
    "shared key",
    "signature",
    "signing key",
    "sms code",
    "subscription key",
    "token",
    "user code",
    "user pass",
    "user pwd",
    "verification code",
    "verifier",
    "xsrf",
)
_WORDS_OF_NAMES = ("auth", "otp", "hotp", "mfa", "totp", "pass", "pin", "pw", "pwd", "sas", "sess", "sid", "sig")
_WHOLE_NAMES = ("code", "invitation", "invite", "key", "magic", "nonce", "state", "ticket")
_LAST_WORDS_OF_NAMES = ("key",)  # as in X-Functions-Key
_BEFORE_SECRETS_IN_PATHS = (
    "acceptinvitation",
    "acceptinvite",
    "activate",
    "activation",
    "confirm",
    "confirmation",
    "confirmemail",
    "invitation",
    "invite",
    "magic",
    "recover",
    "reset",
    "share",
    "unsubscribe",
    "verification",
    "verify",
    "verifyemail",
)
_NOT_BEFORE_SECRETS = frozenset(["state"])  # /state/ohio
_TOKENS = ("AKIA", "ASIA", "AIza", "github_pat_", "glpat-", "hvs.", "npm_", "pypi-", "sk-")
_LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]*)*"  # a JWT, perhaps not all of it
    r"|(?i:bearer)[ .+][\w.~+/-]{8,}=*"
    r"|(?<=PRIVATE KEY-----)(?:[^-]|-(?!----END))+"
    r"|(?<=://)[^/?#\s\"'@:]*:[^/?#\s\"']*(?=@)"  # the user of a URL, if there is a password
    rf"|(?:gh[oprsu]_|xox[abeoprs]-|[rs]k_(?:live|test)_|{'|'.join(map(re.escape, _TOKENS))})[\w-]{{10,}}"
)
_STARTS_OF_TOKENS = (
    "eyj",
    "gho_",
    "ghp_",
    "ghr_",
    "ghs_",
    "ghu_",
    "xox",
    "k_live_",
    "k_test_",
    "private key-----",
    *map(str.lower, _TOKENS),
)
_USER = re.compile(r"(?<=//)[^/?#\s]*@")
_PAIRS = re.compile(r"([&;])")
_MARKS = re.compile(r"([&;,?#=:]|/+)")  # between the names and values of a URL, a query or JSON
_AROUND_NAMES = " \t\r\n\"'()[]{}"  # in JSON
_SITE = re.compile(r"(?i:https?)://[^/?#&;,=\s]*")
_MAX_DECODED = 4  # times: proxies and applications encode what is encoded already
_NAME_IN_TEXT = re.compile(
    r"(?<![\w.\[\]%-])(?:(?P<option>--[\w-]++)\s{1,3}(?=[^\s-])|(?P<name>[\w.\[\]%-]++)"
    r"""(?P<sign>(?P<quote>\\?["'])?\s{0,3}[:=]\s{0,3}|\\?["'],\s{0,3}(?=[bru]?["'])|>(?=[^<]{1,4096}</)))"""
)
_VALUE_IN_TEXT = re.compile(
    r"""[\[({][^\])}]*+[\])}]?|\\?[bru]?"(?:[^"\\]|\\.)*+"?|\\?[bru]?'(?:[^'\\]|\\.)*+'?|[^&;,\n}\])]++"""
)
_WORD_IN_TEXT = re.compile(r"\S++")
_ELEMENT_IN_TEXT = re.compile(r"[^<]++")
_LINE_IN_TEXT = re.compile(r"[^\r\n]++")
_HEADERS_IN_TEXT = ("authorization", "cookie")
_NAMES_OF_ERRORS = re.compile(r".*(?:Error|Exception|Warning|Group)").fullmatch
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_SEPARATOR = "[^a-z0-9]*"


class Redaction:
    """Which names carry secrets, and how a text looks without them.

    Unsure counts as secret: a name that contains a known word is one, also in ``user[password]`` or ``X-Api-Key``. A
    text without a known word costs one search with a regular expression.

    :param names: more names of query parameters, headers, cookies, variables and parts of a path before a secret.
        Case does not matter. A part of a name is enough. ``-`` and ``_`` mean any separator, or none.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        secret, perhaps = _compile_names(*names)
        self._find = secret.search
        self._judge = lru_cache(MAX_REMEMBERED)(lambda name: secret.search(name.lower()) is not None)
        self._may_have_secret = perhaps.search

    def is_secret(self, name: str) -> bool:
        """Whether a value with this name is a secret."""
        judge = self._judge if len(name) <= MAX_NAME else self._judge.__wrapped__
        return judge(name)

    def redact_value(self, name: str, value: str) -> str:
        """The value of a header, a cookie or a variable, redacted if its name or its form says that it is a secret."""
        if self.is_secret(name):
            return REDACTED
        if name.upper() == "QUERY_STRING":
            return self.redact_query(value)
        return self.redact_url(value)

    def redact_query(self, query: str) -> str:
        """A query string whose secret values are redacted. Everything else keeps its form."""
        if self._is_plain(query):
            return query
        return "".join(part if part in "&;" else self._redact_pair(part) for part in _PAIRS.split(query))

    def redact_path(self, path: str) -> str:
        """A path in which parts that look like a secret, or follow a name of one, are redacted."""
        return path if self._is_plain(path) else self._redact_parts(path)

    def redact_url(self, url: str) -> str:
        """A URL, such as a Referer, without secrets in its user, path, query and fragment.

        In any other text, everything that could be a part of a URL is treated in the same way.
        """
        if self._is_plain(url):
            return url
        url, hash_, fragment = _USER.sub(f"{REDACTED}@", url).partition("#")
        url, mark, query = url.partition("?")
        scheme, slashes, rest = url.partition("://")
        path = self._redact_parts(scheme)
        if slashes:
            host, slash, rest = rest.partition("/")
            path = f"{path}://{redact_text(host)}{self._redact_parts(slash + rest)}"
        return f"{path}{mark}{self.redact_query(query)}{hash_}{self._redact_place(fragment)}"

    def redact_message(self, text: str) -> str:
        """Any text, such as the message of an error, without tokens and without the values of names of secrets.

        A value follows its name as in ``password=x``, ``password: x``, ``('password', 'x')``, ``--password x`` or
        ``<password>x``.
        """
        parts: list[str] = []
        position = 0
        for found in _NAME_IN_TEXT.finditer(text):
            if found.start() < position or not self._names_secret(found):
                continue
            value = _find_value(found).match(text, found.end())
            if value is not None:
                parts += text[position : found.end()], REDACTED
                position = value.end()
        return redact_text("".join([*parts, text[position:]]))

    def _names_secret(self, found: re.Match[str]) -> bool:
        name = _decode(found["option"] or found["name"])
        if found["sign"] and ":" in found["sign"] and not found["quote"] and name.lower() in _WHOLE_NAMES:
            return False  # such as "exit code: 1"
        return self.is_secret(name) and not _NAMES_OF_ERRORS(name)

    def _is_plain(self, text: str) -> bool:
        return text.isascii() and self._may_have_secret(text.lower()) is None

    def _redact_place(self, fragment: str) -> str:
        """A fragment, which single-page applications also use as a path with a query."""
        if "?" in fragment or "=" not in fragment:
            path, mark, query = fragment.partition("?")
            return f"{self._redact_parts(path)}{mark}{self.redact_query(query)}"
        return self.redact_query(fragment)

    def _redact_parts(self, path: str) -> str:
        parts = path.split("/")
        follows = False
        for number, part in enumerate(parts):
            if not part:
                continue
            if follows:
                parts[number] = REDACTED
                continue
            name, semicolon, parameters = part.partition(";")
            parts[number] = f"{self._redact_pair(name)}{semicolon}{self.redact_query(parameters)}"
            follows = self._is_before_secret(_decode(name).lower())
        return "/".join(parts)

    def _is_before_secret(self, word: str) -> bool:
        if word in _NOT_BEFORE_SECRETS:
            return False
        return self._find(word) is not None or _SEPARATORS.sub("", word) in _BEFORE_SECRETS_IN_PATHS

    def _redact_pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if self._has_secret(name):
            return REDACTED
        if equals and (any(map(self.is_secret, _MARKS.split(_decode(name)))) or self._has_secret(value)):
            return f"{name}={REDACTED}"
        return f"{redact_text(name)}{equals}{redact_text(value)}"

    def _has_secret(self, value: str) -> bool:
        """Whether a value is itself a URL, a query or JSON with a secret in it."""
        # Without recursion: each further "=" of a client would double the time.
        decoded = _decode(value)
        if decoded != value and _LOOKS_SECRET.search(decoded):
            return True
        if not _MARKS.search(decoded):
            return False
        if _USER.search(decoded):
            return True
        words = _MARKS.split(_SITE.sub("", decoded))
        return any(map(self._is_secret_between, words[::2], words[1::2], words[2::2]))

    def _is_secret_between(self, name: str, mark: str, following: str) -> bool:
        if mark[0] == "/":
            return following != "" and self._is_before_secret(name.lower())
        return mark in "=:" and self.is_secret(name.strip(_AROUND_NAMES))


def _find_value(found: re.Match[str]) -> re.Pattern[str]:
    """The pattern of the value after a name in a text."""
    if found["option"]:
        return _WORD_IN_TEXT
    if found["sign"] == ">":
        return _ELEMENT_IN_TEXT
    is_header = found["sign"].strip() == ":" and found["name"].lower().endswith(_HEADERS_IN_TEXT)
    return _LINE_IN_TEXT if is_header else _VALUE_IN_TEXT


def redact_text(text: str) -> str:
    """A text in which everything that has the form of a well-known token is redacted."""
    return _LOOKS_SECRET.sub(REDACTED, text)


def _decode(text: str) -> str:
    # it may be encoded again and again; an application that decodes it as often would see the secret
    text = text.replace("+", " ")
    for _ in range(_MAX_DECODED):
        if "%" not in text:
            break
        text = unquote(text)
    return text


@cache
def _compile_names(*names: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds the name of a secret, and what finds nothing in a text that has no secret."""
    parts = [*_PARTS_OF_NAMES, *filter(None, (_SEPARATORS.sub(" ", name.lower()).strip() for name in names))]
    words = f"(?<![a-z0-9])(?:{_any_of(_WORDS_OF_NAMES)})(?![a-z0-9])"
    whole = rf"\A(?:{_any_of(_WHOLE_NAMES)})\Z"
    last = rf"(?<![a-z0-9])(?:{_any_of(_LAST_WORDS_OF_NAMES)})\Z"
    everything = (*parts, *_WORDS_OF_NAMES, *_WHOLE_NAMES, *_BEFORE_SECRETS_IN_PATHS, *_STARTS_OF_TOKENS)
    return re.compile(f"{_any_of(parts)}|{words}|{whole}|{last}"), re.compile(_any_of([*everything, "%", "@"]))


def _any_of(names: Iterable[str]) -> str:
    """A pattern for any of these names. They share their beginnings, which is three times as fast as a plain list."""
    rest: dict[str, list[str]] = {}
    for name in names:
        rest.setdefault(name[0], []).append(name[1:])
    return "|".join(
        (_SEPARATOR if first == " " else re.escape(first))
        + (f"(?:{_any_of(filter(None, ends))}){'' if all(ends) else '?'}" if any(ends) else "")
        for first, ends in rest.items()
    )
