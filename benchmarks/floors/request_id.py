"""The floor of request_id."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from os import urandom
from typing import Any

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["RequestId", "current_id", "is_id"]

is_id = re.compile(r"(?=[._~+/=:@-]*[A-Za-z0-9])[A-Za-z0-9._~+/=:@-]{1,128}").fullmatch
current_id: ContextVar[str] = ContextVar("id", default="-")


class RequestId:
    """Take an id or make one of 128 random bits; put it into the environ, a context variable and the response."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        made = environ.get("HTTP_X_REQUEST_ID")
        if not made or not is_id(made):
            made = urandom(16).hex()
        environ["wsgistack.request_id"] = environ["HTTP_X_REQUEST_ID"] = made

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            kept = [item for item in headers if item[0].lower() != "x-request-id"]
            kept.append(("X-Request-ID", made))
            try:
                return start_response(status, kept, exc_info) if exc_info else start_response(status, kept)
            finally:
                exc_info = None

        token = current_id.set(made)
        try:
            body = self._app(environ, start)
        finally:
            current_id.reset(token)
        if type(body) is list or type(body) is tuple or isinstance(body, environ.get("wsgi.file_wrapper", ())):
            return body
        return _Sized(_Carried(body, made), body) if hasattr(body, "__len__") else _Carried(body, made)


class _Carried:
    """A body that is made while the context variable is set."""

    __slots__ = ("_body", "_chunks", "_made")

    def __init__(self, body: Any, made: str) -> None:
        self._body = body
        self._made = made

    def __iter__(self) -> "_Carried":
        token = current_id.set(self._made)
        try:
            self._chunks = iter(self._body)
        finally:
            current_id.reset(token)
        return self

    def __next__(self) -> bytes:
        token = current_id.set(self._made)
        try:
            chunk: bytes = next(self._chunks)
            return chunk
        finally:
            current_id.reset(token)

    def close(self) -> None:
        """Close the body."""
        if hasattr(self._body, "close"):
            token = current_id.set(self._made)
            try:
                self._body.close()
            finally:
                current_id.reset(token)


class _Sized:
    __slots__ = ("_carried", "_source", "close")

    def __init__(self, carried: _Carried, source: Any) -> None:
        self._carried = carried
        self._source = source
        self.close = carried.close

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> _Carried:
        return iter(self._carried)
