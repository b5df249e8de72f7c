"""Calling an application directly, step by step, as a server does."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, cast
from wsgiref.util import setup_testing_defaults

import webtest

from wsgistack.environ import RAISE_ERRORS
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write


def environ_of(path: str = "/", **keys: Any) -> Environ:
    environ: Environ = {"PATH_INFO": path, "QUERY_STRING": "", **keys}
    setup_testing_defaults(environ)
    return environ


class TestApp(webtest.TestApp):  # type: ignore[misc]
    """WebTest's client, with the answers to errors that other clients get. WebTest alone asks for the exception."""

    def __init__(self, app: App, extra_environ: Environ | None = None, **options: Any) -> None:
        super().__init__(app, {RAISE_ERRORS: False, **(extra_environ or {})}, **options)


class Call:
    """One request: it keeps every start, what was written, and the iterable that the application returned."""

    def __init__(self, app: App, path: str = "/", **keys: Any) -> None:
        self.environ = environ_of(path, **keys)
        self.starts: list[tuple[str, Headers]] = []
        self.sent: list[bytes] = []
        self.body = app(self.environ, self._start_response)
        self._chunks: Iterator[bytes] | None = None

    def _start_response(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        if exc_info and exc_info[1] is not None and any(self.sent):
            raise exc_info[1].with_traceback(exc_info[2])
        if self.starts and not exc_info:
            raise AssertionError("started twice")
        self.starts.append((status, list(headers)))
        return self.sent.append

    @property
    def status(self) -> str:
        return self.starts[-1][0]

    @property
    def headers(self) -> dict[str, str]:
        headers = self.starts[-1][1]
        named = {name.lower(): value for name, value in headers}
        assert len(named) == len(headers), "a header was sent twice"
        return named

    def next(self) -> bytes:
        if self._chunks is None:
            self._chunks = iter(self.body)
        chunk = next(self._chunks)
        self.sent.append(chunk)
        return chunk

    def close(self) -> None:
        close = getattr(self.body, "close", None)
        if close is not None:
            close()

    def read(self) -> bytes:
        """All that was sent, to the end and closed."""
        try:
            self.sent.extend(self.body)
        finally:
            self.close()
        return b"".join(self.sent)


class Body:
    """An iterable that counts its closings; an exception among its chunks is raised, and ``failure`` by ``close``."""

    def __init__(self, *chunks: bytes | BaseException, failure: Exception | None = None) -> None:
        self.chunks = chunks
        self.failure = failure
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed += 1
        if self.failure:
            raise self.failure


def answering(body: Iterable[bytes], *headers: tuple[str, str], status: str = "200 OK") -> App:
    """An application that answers all requests in the same way."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers) or [("Content-Type", "text/plain")])
        return body

    return app


def restart(start_response: StartResponse, status: str, headers: Headers) -> Write:
    """Start again, as an error handler does."""
    error = RuntimeError("the reason of a restart")
    return start_response(status, headers, (RuntimeError, error, cast(TracebackType, error.__traceback__)))


def raising(error: BaseException) -> App:
    """An application that fails before it starts."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise error

    return app
