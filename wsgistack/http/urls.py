"""The target of a request as text: for logs, and for redirects."""

import re
from urllib.parse import quote

from wsgistack.types import Environ

__all__ = ["quote_target", "request_target"]

_IN_TARGETS = "/;:@&=+$,!*'()~"
_UNSAFE = re.compile(rf"[^A-Za-z0-9_.\-{_IN_TARGETS}]").search
_IN_PATHS = "/:@!$&'()*+,=~"
_IN_QUERIES = "".join(map(chr, range(0x21, 0x7F)))  # a query is sent back as it came, except what no header can hold


def request_target(path: str, query: str) -> str:
    """Rebuild the target of the request line (RFC 9112 §3.2.1) from SCRIPT_NAME + PATH_INFO and QUERY_STRING."""
    target = quote(path, safe=_IN_TARGETS, encoding="latin-1", errors="replace") if _UNSAFE(path) else path or "/"
    return f"{target}?{query}" if query else target


def quote_target(environ: Environ, path: str | None = None) -> str:
    """Return the path and the query of a request for a ``Location`` header. It begins with a slash.

    :param path: in the place of SCRIPT_NAME + PATH_INFO, in the encoding of PEP 3333 (bytes as latin-1).
    """
    if path is None:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    if path[:1] != "/":
        path = f"/{path}"  # a target such as @evil.test, after the host in a URL, would make another host of it
    target = quote(path, _IN_PATHS, "latin-1", "replace")
    query: str = environ.get("QUERY_STRING", "")
    return f"{target}?{quote(query, _IN_QUERIES, 'latin-1', 'replace')}" if query else target
