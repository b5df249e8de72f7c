"""Reading an environ, and the names of the keys that wsgistack adds to it."""

from urllib.parse import quote

__all__ = ["LOGGED_ERROR", "REQUEST_ID", "request_target"]

REQUEST_ID = "wsgistack.request_id"
LOGGED_ERROR = "wsgistack.logged_error"

_PATH_SAFE = "/;:@&=+$,!*'()~"


def request_target(path: str, query: str) -> str:
    """The target of the request line (RFC 9112 §3.2.1) again, from SCRIPT_NAME + PATH_INFO and QUERY_STRING."""
    target = quote(path, safe=_PATH_SAFE, encoding="latin-1", errors="replace") or "/"
    return f"{target}?{query}" if query else target
