"""Request ids: one for each request, known to the application, to its log records and to the client."""

import logging
import os
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import ClassVar, Self

from wsgistack.base import Middleware
from wsgistack.environ import REQUEST_ID
from wsgistack.errors import Mistake, Mistakes
from wsgistack.exchange import body_is_inert, keep_length
from wsgistack.types import App, Changes, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["RequestId", "RequestIdFilter", "current_request_id"]

current_request_id: ContextVar[str] = ContextVar("wsgistack.request_id", default="-")
"""The id of the request that this thread is working on; ``-`` between requests."""

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._~+/=:@-]+").fullmatch


def random_id() -> str:
    """128 random bits in hexadecimal."""
    return os.urandom(16).hex()


class RequestId(Middleware):
    """Give each request an id: the one that came with it, if it is well-formed, or else a new one.

    The id stands in ``environ["wsgistack.request_id"]``, in the request's header for whatever is inside, in
    :data:`current_request_id` while the application works, and in the response's header, on error answers as well.

    :param header: the header that carries the id, both ways. The default is the name that proxies use most.
    :param trust: take the id of an incoming request. Turn it off where clients talk to the server directly and must
        not choose what stands in the logs.
    :param maximum_length: a longer incoming id is replaced by a new one, in characters. The default leaves room for
        what proxies make.
    :param generate: makes a new id. The default gives 128 random bits.
    :raises ConfigError: the header is not the name of a header, or the maximum length is below 1.

    An incoming id is well-formed if it consists of letters, digits and ``._~+/=:@-``: two ids in one header, a space or
    a control character make it malformed.

    Cost tier T1; T2 for a body that the application makes while it is sent, where the context variable is set for each
    chunk anew and never held in between. What ``generate`` makes has to be well-formed, too; else it raises ValueError.

    Place it outermost. Not needed where something in front sets the header and nothing here logs.
    """

    must_be_outside: ClassVar = {
        "access_log": "records that it sends through logging would carry no id",
        "catch_errors": "error answers would carry no X-Request-ID",
    }
    changes: ClassVar = Changes(headers=frozenset({"x-request-id"}))

    def __init__(
        self,
        app: App,
        /,
        *,
        header: str = "X-Request-ID",
        trust: bool = True,
        maximum_length: int = 128,
        generate: Callable[[], str] = random_id,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if not _FIELD_NAME.fullmatch(header):
            mistakes.append(
                Mistake(
                    "is not the name of a header", key="header", value=header, expected="a name such as X-Request-ID"
                )
            )
        if maximum_length < 1:
            mistakes.append(
                Mistake("leaves no room for an id", key="maximum_length", value=maximum_length, expected="1 or more")
            )
        mistakes.raise_if_any()
        self.header = header
        self.trust = trust
        self.maximum_length = maximum_length
        self.generate = generate
        self._new = generate if generate is random_id else self._checked
        self._lowered = header.lower()
        self._environ_key = "HTTP_" + header.upper().replace("-", "_")

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        request_id: str | None = environ.get(REQUEST_ID)
        if not request_id:
            request_id = environ.get(self._environ_key)
            if not (request_id and self.trust and len(request_id) <= self.maximum_length and _WELL_FORMED(request_id)):
                request_id = self._new()
        environ[REQUEST_ID] = environ[self._environ_key] = request_id
        carried, lowered = (self.header, request_id), self._lowered

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            try:
                edited = [item for item in headers if item[0].lower() != lowered]
                edited.append(carried)
                return start_response(status, edited, exc_info)
            finally:
                exc_info = None

        token = current_request_id.set(request_id)
        try:
            body = self.app(environ, start)
        finally:
            current_request_id.reset(token)
        return body if body_is_inert(body, environ) else keep_length(body, _Carried(body, request_id))

    def _checked(self) -> str:
        made = self.generate()
        if not _WELL_FORMED(made):
            raise ValueError(f"{self.generate!r} gave {made!r}, which is no well-formed request id")
        return made


class _Carried:
    """A body that is made and closed while the context variable is set, and not held in between."""

    __slots__ = ("_body", "_chunks", "_request_id")

    def __init__(self, body: Iterable[bytes], request_id: str) -> None:
        self._body = body
        self._request_id = request_id

    def __iter__(self) -> Self:
        token = current_request_id.set(self._request_id)
        try:
            self._chunks = iter(self._body)
        finally:
            current_request_id.reset(token)
        return self

    def __next__(self) -> bytes:
        token = current_request_id.set(self._request_id)
        try:
            return next(self._chunks)
        finally:
            current_request_id.reset(token)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            token = current_request_id.set(self._request_id)
            try:
                close()
            finally:
                current_request_id.reset(token)


class RequestIdFilter(logging.Filter):
    """Put the id of the current request into each log record, as ``record.request_id``; ``-`` outside of requests.

    A record that has one keeps it: it may have come from another thread, through a queue.

    Add it to a handler, and ``%(request_id)s`` to that handler's format.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if not hasattr(record, "request_id"):
            record.request_id = current_request_id.get()
        return True
