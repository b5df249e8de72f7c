"""A Content-Security-Policy as a table: directives with their sources (CSP Level 3)."""

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from wsgistack.errors import Mistake, Mistakes, did_you_mean, suggest

__all__ = ["Policy", "check_policy", "make_policy"]

_NONCE = "'nonce'"
_UNSAFE_INLINE = "'unsafe-inline'"
_REPORT_TO = "report-to"
_REPORT_URI = "report-uri"
_NONE = "'none'"
_KEYWORDS = (
    _NONCE,
    _NONE,
    _UNSAFE_INLINE,
    "'inline-speculation-rules'",
    "'report-sample'",
    "'report-sha256'",
    "'report-sha384'",
    "'report-sha512'",
    "'self'",
    "'strict-dynamic'",
    "'trusted-types-eval'",
    "'unsafe-eval'",
    "'unsafe-hashes'",
    "'unsafe-webtransport-hashes'",
    "'wasm-unsafe-eval'",
)
_SCHEMES = ("blob", "data", "filesystem", "http", "https", "mediastream", "ws", "wss")
_SANDBOX = (
    "allow-downloads",
    "allow-forms",
    "allow-modals",
    "allow-orientation-lock",
    "allow-pointer-lock",
    "allow-popups",
    "allow-popups-to-escape-sandbox",
    "allow-presentation",
    "allow-same-origin",
    "allow-scripts",
    "allow-storage-access-by-user-activation",
    "allow-top-navigation",
    "allow-top-navigation-by-user-activation",
    "allow-top-navigation-to-custom-protocols",
)
_WITH_NONCE = ("default-src", "script-src", "script-src-elem", "style-src", "style-src-elem")

_HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?"
    r"(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)"
    r"(?::(?:[0-9]{1,5}|\*))?"
    r"(?:/[A-Za-z0-9._~!$&'()*+=:@%/-]*)?",
    re.IGNORECASE,
)
_GAP = "\0"
_TYPES_POLICY = re.compile(r"\*|'none'|'allow-duplicates'|[A-Za-z0-9#=_/@.%-]+")
_UNSAFE = re.compile(r"[^\x21-\x7e]|[;,]")

_LOGGER = logging.getLogger("wsgistack.security_headers")
_Check = Callable[[Sequence[str]], Iterator[Mistake]]


class Policy(NamedTuple):
    """The value of the header, prepared for the nonce of a request.

    :param parts: what is around each nonce: ``nonce.join(parts)`` is the value.
    :param bare: the value for a response whose page has no nonce. It allows nothing inline.
    """

    parts: tuple[str, ...]
    bare: str

    @property
    def has_nonce(self) -> bool:
        """Whether a directive wants the nonce."""
        return len(self.parts) > 1


def make_policy(directives: Mapping[str, Sequence[str]], endpoints: Mapping[str, str]) -> Policy:
    """Prepare the value of the header.

    Browsers ignore ``'unsafe-inline'`` beside a nonce. It is left out there, as a policy without the nonce would obey
    it. ``report-uri`` is added for browsers that do not know ``report-to``.

    :param endpoints: the URLs to which reports can be sent, by their names.
    """
    whole, bare = [], []
    if _REPORT_TO in directives:
        directives = {_REPORT_URI: [endpoints[directives[_REPORT_TO][0]]], **directives}
    for name, sources in directives.items():
        kept = [each for each in sources if _NONCE not in sources or each != _UNSAFE_INLINE]
        whole.append(" ".join([name, *(f"'nonce-{_GAP}'" if each == _NONCE else each for each in kept)]))
        without = [each for each in kept if each != _NONCE]
        bare.append(" ".join([name, *without] if without or not kept else [name, _NONE]))
    return Policy(tuple("; ".join(whole).split(_GAP)), "; ".join(bare))


def check_policy(
    table: Mapping[str, Sequence[str]], *, key: str, endpoints: Collection[str], is_enforced: bool
) -> None:
    """Check each directive.

    :param key: the option that the table comes from, for mistakes.
    :param endpoints: the names to which reports can be sent.
    :param is_enforced: whether browsers block what the policy does not allow. If not, they only report it.
    :raises ConfigError: a browser would ignore a directive or a source, or understand it differently.
    """
    mistakes = Mistakes()
    for name, values in table.items():
        at = f"{key}.{name}" if name.isprintable() else key
        if name in _REMOVED:
            mistakes.append(Mistake("browsers no longer know this directive", key=at, hint=_REMOVED[name]))
        elif name not in _CHECKS:
            hint = did_you_mean(name, _CHECKS)
            expected = "" if hint else "a directive of CSP Level 3, such as script-src"
            mistakes.append(Mistake(f"unknown directive {name!r}", key=at, value=name, expected=expected, hint=hint))
        elif name in _ONLY_ENFORCED and not is_enforced:
            mistakes.append(Mistake("browsers ignore this directive in a policy that they only report", key=at))
        elif isinstance(values, str):
            mistakes.append(Mistake("is text", at, values, "a list", f"write {values.split()}"))
        elif name == _REPORT_TO:
            mistakes.extend(each._replace(key=at) for each in _check_report_to(values, endpoints))
        else:
            mistakes.extend(each._replace(key=at) for each in _CHECKS[name](values))
            if _NONCE in values and _UNSAFE_INLINE in values:
                _LOGGER.warning("%s: browsers ignore 'unsafe-inline' beside a nonce; remove one of them", at)
    mistakes.raise_if_any()


def _check_sources(values: Sequence[str], *, has_nonce: bool = False) -> Iterator[Mistake]:
    if not values:
        yield Mistake("missing sources", expected="sources, or 'none'")
    if _NONE in values and len(values) > 1:
        yield Mistake("'none' is not alone", hint="remove it, or all others")
    if _NONCE in values and not has_nonce:
        yield Mistake("a nonce has no effect here", expected="it in default-src, script-src, style-src or their -elem")
    for value in values:
        if value in _KEYWORDS or _HASH.fullmatch(value) or _SCHEME.fullmatch(value):
            continue
        if _HOST.fullmatch(value) and not _suggest_quotes(value) and value not in _SCHEMES:
            continue
        expected, hint = _explain(value)
        yield Mistake(f"not a valid source {value!r}", value=value, expected=expected, hint=hint)


def _suggest_quotes(value: str) -> str:
    """What to write for a keyword, a hash or a nonce without its quotes."""
    quoted = f"'{value.lower()}'"
    if quoted in _KEYWORDS or _HASH.fullmatch(f"'{value}'"):
        return f"write it in single quotes: '{value}'"
    return f"write {_NONCE}, which becomes another nonce for each response" if quoted.startswith("'nonce-") else ""


def _explain(value: str) -> tuple[str, str]:
    """What was expected instead of a source, and a hint."""
    inner = value.strip("':")
    if _UNSAFE.search(value):
        return "one source in each item, in ASCII, without spaces, commas and semicolons", ""
    if inner in _SCHEMES:
        return "", f"did you mean {inner}:"
    if hint := _suggest_quotes(inner if value.startswith("'nonce-") else value):
        return "", hint
    if value.startswith("'"):
        return "", "write it without quotes" if "." in value or ":" in value else suggest(value, _KEYWORDS)
    if "?" in value or "#" in value:
        return "", "write it without a query and a fragment, which browsers do not compare"
    return "a host such as https://cdn.example.org, a scheme such as data:, or a keyword such as 'self'", ""


def _check_ancestors(values: Sequence[str]) -> Iterator[Mistake]:
    yield from _check_sources(values)
    for value in values:
        if value in _KEYWORDS and value not in ("'self'", _NONE, _NONCE):
            yield Mistake(f"{value} has no effect here", value=value, expected="'self', 'none', hosts or schemes")


def _check_words(values: Sequence[str], *, known: Collection[str], may_be_empty: bool = False) -> Iterator[Mistake]:
    if not values and not may_be_empty:
        yield Mistake("missing value", expected=" or ".join(known))
    for value in values:
        if value not in known:
            yield Mistake(f"not a valid value {value!r}", value=value, hint=suggest(value, known))


def _check_empty(values: Sequence[str]) -> Iterator[Mistake]:
    if values:
        yield Mistake("this directive has no values", value=values, expected="an empty list")


def _check_trusted_types(values: Sequence[str]) -> Iterator[Mistake]:
    for value in values:
        if not _TYPES_POLICY.fullmatch(value):
            expected = "a name, *, 'none' or 'allow-duplicates'"
            yield Mistake(f"not a valid value {value!r}", value=value, expected=expected)


def _check_report_uri(values: Sequence[str]) -> Iterator[Mistake]:
    for value in values or [""]:
        if not value or _UNSAFE.search(value):
            expected = "URLs without spaces, commas and semicolons"
            yield Mistake("not a valid URL", value=value, expected=expected)


def _check_report_to(values: Sequence[str], endpoints: Collection[str]) -> Iterator[Mistake]:
    if len(values) != 1:
        yield Mistake("not one name", value=values, expected="one name of reporting_endpoints")
    for value in values:
        if value not in endpoints:
            hint = suggest(value, endpoints) or "add it to reporting_endpoints"
            yield Mistake(f"unknown endpoint {value!r}", value=value, hint=hint)


_with_nonce = partial(_check_sources, has_nonce=True)
_CHECKS: Mapping[str, _Check] = {
    **dict.fromkeys(("child-src", "connect-src", "font-src", "frame-src", "img-src"), _check_sources),
    **dict.fromkeys(("manifest-src", "media-src", "object-src", "worker-src"), _check_sources),
    **dict.fromkeys(("script-src-attr", "style-src-attr", "base-uri", "form-action"), _check_sources),
    **dict.fromkeys(_WITH_NONCE, _with_nonce),
    "frame-ancestors": _check_ancestors,
    "sandbox": partial(_check_words, known=_SANDBOX, may_be_empty=True),
    "webrtc": partial(_check_words, known=("'allow'", "'block'")),
    "upgrade-insecure-requests": _check_empty,
    "require-trusted-types-for": partial(_check_words, known=("'script'",)),
    "trusted-types": _check_trusted_types,
    _REPORT_URI: _check_report_uri,
    _REPORT_TO: _check_empty,  # check_policy knows the endpoints
}
_ONLY_ENFORCED = ("sandbox", "upgrade-insecure-requests")
_REMOVED = {
    "block-all-mixed-content": "remove it; browsers block mixed content without it",
    "navigate-to": "remove it",
    "plugin-types": "write object-src 'none'",
    "prefetch-src": "remove it; default-src decides",
    "referrer": "use the option referrer_policy",
    "reflected-xss": "remove it",
    "require-sri-for": "remove it",
}
