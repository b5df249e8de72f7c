"""Request ids: one for each request, for the application, its log records and the client."""

import logging
import os
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.environ import REQUEST_ID
from wsgistack.errors import Mistake, Mistakes
from wsgistack.exchange import editing
from wsgistack.exchange.context import call_in_context
from wsgistack.http import headers as h
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["RequestId", "RequestIdFilter", "current_request_id"]

current_request_id: ContextVar[str] = ContextVar("wsgistack.request_id", default="-")
"""The id of the request that this thread works on; ``-`` between requests."""

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._~+/=:@-]+").fullmatch


def random_id() -> str:
    """Return 128 random bits in hexadecimal."""
    return os.urandom(16).hex()


class RequestId(Middleware):
    """Give each request an id: the one that came with it, if it is well-formed, or else a new one.

    The id is in ``environ["wsgistack.request_id"]``, in the request's header for the layers inside, in
    :data:`current_request_id` while the application works, and in the response's header, also of error answers::

        application = RequestId(application)

    or in an ini file::

        [filter:request_id]
        use = egg:wsgistack#request_id

    :param header: the header that carries the id in requests and responses. The default is the name that most proxies
        use.
    :param trust: accept the id of an incoming request. Turn it off if clients reach the server directly and must not
        choose what is in the logs.
    :param maximum_length: replace an incoming id that is longer, in characters. The default is enough for the ids of
        proxies.
    :param generate: a callable without arguments that returns a new id. The default returns 128 random bits, so that no
        two ids are equal.
    :raises ConfigError: ``header`` is not a valid name of a header, or ``maximum_length`` is below 1.

    An incoming id is well-formed if it consists of letters, digits and ``._~+/=:@-``. Two ids in one header, a space or
    a control character make it malformed. If ``generate`` returns a malformed id, the request fails with ValueError.

    Cost tier T1; T2 for a body that the application makes while it is sent: the context variable is set for each chunk
    anew, and has its old value in between.

    Place it outermost. Not needed if a proxy in front sets the header and nothing here logs.
    """

    must_be_outside: ClassVar = {
        "access_log": "its records in logging would have no request id",
        "catch_errors": "error answers would have no X-Request-ID",
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
            expected = "a name such as X-Request-ID"
            mistakes.append(Mistake("not a valid name of a header", key="header", value=header, expected=expected))
        if maximum_length < 1:
            problem = "too short for an id"
            mistakes.append(Mistake(problem, key="maximum_length", value=maximum_length, expected="1 or more"))
        mistakes.raise_if_any()
        self.header = header
        self.trust = trust
        self.maximum_length = maximum_length
        self.generate = generate
        self._new = generate if generate is random_id else self._check
        self._edit = self._add  # faster than to find the method for each request
        self._lowered = header.lower()
        self._length = len(header)
        self._environ_key = "HTTP_" + header.upper().replace("-", "_")

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        request_id: str | None = environ.get(REQUEST_ID)
        if not request_id:
            request_id = environ.get(self._environ_key)
            if not (request_id and self.trust and len(request_id) <= self.maximum_length and _WELL_FORMED(request_id)):
                request_id = self._new()
        environ[REQUEST_ID] = environ[self._environ_key] = request_id
        start = editing(start_response, self._edit, request_id)
        return call_in_context(current_request_id, request_id, self.app, environ, start)

    def _add(self, status: str, headers: Headers, request_id: str) -> tuple[str, Headers]:
        length = self._length
        for key, _ in headers:
            if len(key) == length and key.lower() == self._lowered:  # len() is faster, and nearly always enough
                headers = h.without(headers, self._lowered)
                break
        return status, [*headers, (self.header, request_id)]

    def _check(self) -> str:
        made = self.generate()
        if not _WELL_FORMED(made):
            raise ValueError(f"{self.generate!r} returned {made!r}, which is not a well-formed request id")
        return made


class RequestIdFilter(logging.Filter):
    """Add the id of the current request to each log record, as ``record.request_id``; ``-`` outside of requests.

    A record that already has an id keeps it: it may come from another thread through a queue.

    Add the filter to a handler, and ``%(request_id)s`` to the format of that handler.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Accept every record."""
        if not hasattr(record, "request_id"):
            record.request_id = current_request_id.get()
        return True
