"""The keys that wsgistack adds to an environ, and how errors of a request are marked."""

from wsgistack.types import Environ

__all__ = [
    "CSP_NONCE",
    "ERROR",
    "GLOBAL_REQUEST_ID",
    "IDENTITY",
    "METHOD_OVERRIDES",
    "NO_COMPRESS",
    "RAISE_ERRORS",
    "REQUEST_ID",
    "TRACE_ID",
    "copy_environ",
    "environ_key",
    "is_client_gone",
    "is_logged",
    "mark_client_gone",
    "mark_logged",
]

REQUEST_ID = "wsgistack.request_id"

GLOBAL_REQUEST_ID = "wsgistack.global_request_id"
"""The id that several services share for the work that they do together."""

ERROR = "wsgistack.error"
"""The class of the error that was reported for this request, such as ``KeyError`` or ``shop.stock.EmptyError``."""

RAISE_ERRORS = "wsgistack.raise_errors"
"""A caller, such as a test, sets this key: True to get exceptions, False to get their answers like a client."""

TRACE_ID = "wsgistack.trace_id"
"""The id of the trace that the request belongs to, in 32 hexadecimal digits (W3C Trace Context)."""

IDENTITY = "wsgistack.identity"
"""Who sends the request: an ``Identity``, which the layer auth sets."""

CSP_NONCE = "wsgistack.csp_nonce"
"""The nonce of the Content-Security-Policy, for the scripts and styles of a page. ``str()`` makes it."""

NO_COMPRESS = "wsgistack.no_compress"
"""An application sets this key to a true value, before it starts a response that must not be compressed."""

METHOD_OVERRIDES = ("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD", "HTTP_X_METHOD_OVERRIDE")
"""Headers that hold the method for some applications, by their keys in the environ."""

_LOGGING = "wsgistack.logging"
_CLIENT_GONE = "wsgistack.client_gone"

_facts_of = vars(BaseException)["__dict__"].__get__  # an error may override how its attributes are read
_cause_of = vars(BaseException)["__cause__"].__get__
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


def environ_key(header: str) -> str:
    """The key of a header in the environ."""
    key = header.upper().replace("-", "_")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


def copy_environ(environ: Environ) -> Environ:
    """Copy an environ for the same request: an error that is logged for one of them is logged for the other."""
    environ.setdefault(_LOGGING, object())
    return {**environ}


def mark_logged(environ: Environ, error: BaseException) -> None:
    """Remember that an error has been logged for this request. Neither of them refers to the other."""
    _facts_of(error)[_LOGGING] = environ.setdefault(_LOGGING, object())


def is_logged(environ: Environ, error: BaseException) -> bool:
    """Whether an error has already been logged for this request."""
    return _LOGGING in environ and _facts_of(error).get(_LOGGING) is environ[_LOGGING]


def mark_client_gone(error: BaseException) -> None:
    """Remember that an error came from the connection to the client."""
    _facts_of(error)[_CLIENT_GONE] = True


def is_client_gone(error: BaseException) -> bool:
    """Whether an error, or its cause, came from the connection to the client: from ``wsgi.input`` or from ``write()``.

    A ``ConnectionResetError`` from anywhere else, such as a database, is an error of the application.
    """
    cause = _cause_of(error)
    return _CLIENT_GONE in _facts_of(error) or (cause is not None and _CLIENT_GONE in _facts_of(cause))
