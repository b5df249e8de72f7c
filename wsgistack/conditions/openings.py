"""Conditions that let clients get around a guard."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake
from wsgistack.options.references import has_references, resolve

__all__ = ["find_openings", "is_sent", "name_reads"]

_CHOSEN = ("scheme", "method", "host", "under", "path", "header")
"""What a client chooses, so that it can send a request that does not match."""

_FORGED = ("scheme", "host", "header")
"""What a client can send with any path, so that it can send a request that matches."""

_SENT = {
    "path": re.compile(r"/?[*?\[]"),  # an ending of the path
    # Apache takes SERVER_NAME and SERVER_PORT from the Host header, unless UseCanonicalName is on.
    "environ": re.compile(
        r"HTTP|CONTENT_|QUERY_|PATH_|SCRIPT_|REQUEST_|RAW_|REDIRECT_|REMOTE_PORT|DOCUMENT_URI|SERVER_[NP]|SSL_TLS_SNI"
        r"|wsgi\.(url_scheme|input_terminated|websocket)"
    ),
    "method": re.compile(r"(?!GET$|HEAD$)"),  # applications that ignore the method answer it like GET
}
"""Values that a client can send with any path, by key."""

_HINT = (
    'list what is public instead, such as when = { not = { under = ["/health"] } }, in an ini file '
    "when_not_under = /health; "
    "or mount what is guarded as an application of its own"
)


def find_openings(when: object, name: str, base: Path | None = None) -> list[Mistake]:
    """Find the keys of a condition by which a client can avoid a guard.

    A guard that is active only for some requests is open to all others, also to those that nobody thought of. A guard
    that is active except for some requests is closed, unless a client can make any request look like one of them.

    :param when: a condition in its normal form.
    :param name: of the guard.
    :param base: the folder that relative paths in references start from.
    """
    return list(_find(when, "when", name, base))


def name_reads(when: object) -> Iterator[str]:
    """Name what a condition reads: ``when.scheme``, ``when.environ.REMOTE_ADDR``. What a function reads is unknown."""
    if not isinstance(when, Mapping):
        return
    for key, values in when.items():
        if key == "not":
            yield from name_reads(values)
        elif key == "environ":
            yield from (f"when.environ.{name}" for name in values)
        else:
            yield f"when.{key}"


def is_sent(key: str) -> bool:
    """Whether a client chooses the value of a key of the environ."""
    return _SENT["environ"].match(key) is not None


def _find(when: object, key: str, name: str, base: Path | None) -> Iterator[Mistake]:
    if not isinstance(when, Mapping):
        return
    is_off = key.count(".not") % 2 == 1
    chosen = _FORGED if is_off else _CHOSEN
    sent = {
        each: values
        for each in when
        if (values := when[each] if each in chosen else _find_sent(each, when[each], base, is_off=is_off))
    }
    if is_off and {*when} - {*sent, "not"}:  # another key, such as a path, limits what such a client reaches
        return
    if sent:
        # The value of a header or of a reference may be a secret, so only its name is shown.
        kind = " and ".join(
            each if has_references([*values]) else f"{each} = {', '.join(values)}" for each, values in sent.items()
        )
        problem = f"{name} guards only requests with {kind}; all others reach the application without it"
        if is_off:
            problem = f"{name} is off for requests with {kind}; a client can make any request look like that"
        yield Mistake(problem, key=f"{key}.{next(iter(sent))}", hint=_HINT)
    yield from _find(when.get("not"), f"{key}.not", name, base)


def _find_sent(key: str, values: Collection[str], base: Path | None, *, is_off: bool) -> list[str]:
    """The values that a client can send with any path."""
    sent = [each for each in values if _SENT[key].match(_fill_in(each, base))] if key in _SENT else []
    must_all_hold = isinstance(values, Mapping) and is_off
    return [] if must_all_hold and len(sent) < len(values) else sent


def _fill_in(text: str, base: Path | None) -> str:
    try:
        return str(resolve(text, base=base))
    except ConfigError:  # check reports it
        return ""
