"""Reading an environ, and the names of the keys that wsgistack adds to it."""

import re
from urllib.parse import quote

from wsgistack.types import Environ

__all__ = ["NO_COMPRESS", "REQUEST_ID", "copy_environ", "is_logged", "mark_logged", "request_target"]

REQUEST_ID = "wsgistack.request_id"

NO_COMPRESS = "wsgistack.no_compress"
"""Set to something true by an application before it starts a response that is not to be compressed."""

_LOGGING = "wsgistack.logging"

_PATH_SAFE = "/;:@&=+$,!*'()~"
_UNSAFE = re.compile(rf"[^A-Za-z0-9_.\-{_PATH_SAFE}]").search


def request_target(path: str, query: str) -> str:
    """The target of the request line (RFC 9112 §3.2.1) again, from SCRIPT_NAME + PATH_INFO and QUERY_STRING."""
    target = quote(path, safe=_PATH_SAFE, encoding="latin-1", errors="replace") if _UNSAFE(path) else path or "/"
    return f"{target}?{query}" if query else target


def copy_environ(environ: Environ) -> Environ:
    """A copy for the same request: an error that is logged for the one is logged for the other."""
    environ.setdefault(_LOGGING, object())
    return {**environ}


def mark_logged(environ: Environ, error: BaseException) -> None:
    """Remember that an error has been logged for this request, without a reference from the one to the other."""
    vars(error)[_LOGGING] = environ.setdefault(_LOGGING, object())


def is_logged(environ: Environ, error: BaseException) -> bool:
    """Whether an error has been logged for this request already."""
    return _LOGGING in environ and vars(error).get(_LOGGING) is environ[_LOGGING]
