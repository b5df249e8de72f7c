"""Conditions that let clients get around a guard."""

import re
from collections.abc import Iterable, Iterator, Mapping

from wsgistack.errors import Mistake

__all__ = ["find_openings"]

_CHOSEN = ("scheme", "method", "host", "under", "path", "header")
"""What a client chooses, so that it can send a request that does not match."""

_FORGED = ("scheme", "host", "header")
"""What a client can send with any path, so that it can send a request that matches."""

_SENT = {
    "path": re.compile(r"/?[*?\[]"),  # an ending of the path
    "environ": re.compile(r"HTTP|CONTENT_|QUERY_|PATH_|SCRIPT_|REQUEST_|RAW_|DOCUMENT_URI|SERVER_[NP]|wsgi\.url_scheme"),
}
"""Values that a client can send with any path, by key."""

_HINT = (
    "list what is public instead: when = { not = { under = [...] } }, in an ini file when_not_under; "
    "or mount what is guarded as an application of its own"
)


def find_openings(when: object, name: str) -> list[Mistake]:
    """Find the keys of a condition by which a client can avoid a guard.

    A guard that is active only for some requests is open to all others, also to those that nobody thought of. A guard
    that is active except for some requests is closed, unless a client can make any request look like one of them.

    :param when: a condition in its normal form.
    :param name: of the guard.
    """
    return list(_find(when, "when", name))


def _find(when: object, key: str, name: str) -> Iterator[Mistake]:
    if not isinstance(when, Mapping):
        return
    if key.count(".not") % 2:
        problem = f"{name} can be avoided by any client that sends a request of this kind"
        sent = [each for each in when if each in _FORGED or _is_sent(each, when[each])]
        if {*when} - {*sent, "not"}:  # another key, such as a path, limits what such a client reaches
            return
    else:
        problem = f"{name} guards only requests of this kind; all others reach the application without it"
        sent = [each for each in when if each in _CHOSEN or _is_sent(each, when[each])]
    if sent:
        yield Mistake(problem, key=f"{key}.{sent[0]}", hint=_HINT)
    yield from _find(when.get("not"), f"{key}.not", name)


def _is_sent(key: str, values: Iterable[str]) -> bool:
    return key in _SENT and any(map(_SENT[key].match, values))
