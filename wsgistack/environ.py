"""What layers read from an environ, the keys that wsgistack adds to it, and how errors of a request are marked."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

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
    "escape_quoted",
    "escape_word",
    "is_client_gone",
    "is_logged",
    "mark_client_gone",
    "mark_logged",
    "request_target",
    "watch_input",
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

_READ = ("read", "readline", "readlines")  # only the end of the input makes their results shorter than asked for
_READ_SOME = ("read1", "readinto", "readinto1")
_PATH_SAFE = "/;:@&=+$,!*'()~"
_facts_of = vars(BaseException)["__dict__"].__get__  # an error may override how its attributes are read
_cause_of = vars(BaseException)["__cause__"].__get__
_UNSAFE = re.compile(rf"[^A-Za-z0-9_.\-{_PATH_SAFE}]").search
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 256))} | {34: '\\"', 92: "\\\\"}


_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


def environ_key(header: str) -> str:
    """The key of a header in the environ."""
    key = header.upper().replace("-", "_")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


def request_target(path: str, query: str) -> str:
    """Rebuild the target of the request line (RFC 9112 §3.2.1) from SCRIPT_NAME + PATH_INFO and QUERY_STRING."""
    target = quote(path, safe=_PATH_SAFE, encoding="latin-1", errors="replace") if _UNSAFE(path) else path or "/"
    return f"{target}?{query}" if query else target


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


def watch_input(environ: Environ) -> "Input | None":
    """Wrap ``wsgi.input`` once, so that its errors are marked for :func:`is_client_gone`, and an early end is noticed.

    Layers do not call it for GET, which has no body: it keeps the server's own input.
    """
    given = environ.get("wsgi.input")
    if given is not None and type(given) is not Input:
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except (TypeError, ValueError):
            length = 0
        given = environ["wsgi.input"] = Input(given, length)
    return given


class Input:
    """The server's ``wsgi.input``. It remembers whether the client has gone before the end of its upload.

    If the client closes the connection, some servers raise an error. Others, such as gunicorn, end the input before
    CONTENT_LENGTH. A request without a length ends anywhere.
    """

    __slots__ = ("_ended", "_failed", "_input", "_kept", "_left", "_limit")

    def __init__(self, given: BinaryIO, length: int) -> None:
        self._input = given
        self._left = length
        self._failed = self._ended = False
        self._limit = 0
        self._kept = b""

    def keep(self, limit: int) -> None:
        """Keep the first bytes that are read from now on, for a report."""
        self._limit = limit
        self._kept = b""

    @property
    def kept(self) -> bytes:
        """What was kept. After a ``seek()``, only what is read after it."""
        return self._kept

    @property
    def is_cut(self) -> bool:
        """Whether the application tried to read more than the client sent of its upload."""
        return self._failed or (self._ended and self._left > 0)

    @property
    def unwatched(self) -> BinaryIO:
        """The server's own object, for a layer that reads what nobody needs any more."""
        return self._input

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._input, name)
        if name not in _READ and name not in _READ_SOME:
            if name == "seek":
                self._left = 0  # what was read before and after does not add up
                self._kept = b""
            return given

        def read(*size: Any) -> object:
            try:
                data = given(*size)
            except OSError as error:
                self._failed = True
                mark_client_gone(error)
                raise
            if self._left > 0:
                self._count(name, data, *size)
            if self._limit > len(self._kept):
                self._keep(name, data, *size)
            return data

        return read

    def _count(self, name: str, data: Any, asked: Any = -1) -> None:
        match name:
            case "readlines":
                got = sum(map(len, data))
            case "readinto" | "readinto1":
                got = data
            case _:
                got = len(data)
        self._left -= got
        if name in _READ:
            is_line = name == "readline" and data[-1:] == b"\n"
            self._ended = not is_line and (asked is None or asked < 0 or got < asked)
        else:
            self._ended = not got and asked != 0 and asked != b""

    def _keep(self, name: str, data: Any, buffer: Any = b"") -> None:
        match name:
            case "readlines":
                data = b"".join(data)
            case "readinto" | "readinto1":
                data = memoryview(buffer)[:data]
        self._kept += bytes(data[: self._limit - len(self._kept)])


def escape_quoted(text: str) -> str:
    """Escape a text for a field in quotes, like Apache."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return text.translate(_ESCAPES).encode("ascii", "backslashreplace").decode("ascii")


def escape_word(text: str) -> str:
    """Escape a text for a field without quotes: spaces too."""
    return escape_quoted(text).replace(" ", "\\x20")
