"""The floor of catch_errors."""

import logging
from collections.abc import Iterable
from typing import Any

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["CatchErrors"]

_LOG = logging.getLogger("benchmarks.catch_errors")
_ANSWER = b"Internal Server Error"


class CatchErrors:
    """Answer 500 if the application raises before the first byte; hold back its start until then."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        guarded = _Guarded(environ, start_response)
        try:
            guarded.source = body = self._app(environ, guarded.start)
            if type(body) is list or type(body) is tuple or isinstance(body, environ.get("wsgi.file_wrapper", ())):
                if guarded.held:
                    guarded.release()
                return body
        except StopIteration:  # a WebSocket under gunicorn
            raise
        except Exception as error:
            return guarded.answer(error)
        return _Sized(guarded) if hasattr(body, "__len__") else guarded


class _Guarded:
    __slots__ = ("accept", "chunks", "environ", "held", "sent", "source", "write")

    def __init__(self, environ: Environ, accept: StartResponse) -> None:
        self.environ = environ
        self.accept = accept
        self.held: tuple[str, Headers] | None = None
        self.chunks: Any = None
        self.sent = 0
        self.source: Any = ()
        self.write: Write | None = None

    def start(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info:
                self.held = None
                self.write = self.accept(status, headers, exc_info)
            elif self.held or self.write:
                self.release()
                self.accept(status, headers)
            else:
                self.held = status, [*headers]
        finally:
            exc_info = None
        return self._write

    def _write(self, chunk: bytes) -> object:
        write = self.release()
        self.sent += len(chunk)
        return write(chunk)

    def release(self) -> Write:
        held = self.held
        if held:
            self.held = None
            self.write = self.accept(*held)
        if self.write is None:
            raise RuntimeError("start_response was not called")
        return self.write

    def answer(self, error: Exception) -> Iterable[bytes]:
        _LOG.error("failed after %s bytes", self.sent, exc_info=error)
        if self.sent:
            raise error
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(_ANSWER)))]
        self.held = None
        exc_info: Any = (type(error), error, error.__traceback__)
        self.write = self.accept("500 Internal Server Error", headers, exc_info)
        self.chunks = iter([b"" if self.environ.get("REQUEST_METHOD") == "HEAD" else _ANSWER])
        return self

    def __iter__(self) -> "_Guarded":
        return self

    def __next__(self) -> bytes:
        try:
            if self.chunks is None:
                self.chunks = iter(self.source)
            chunk: bytes | None = next(self.chunks, None)
            if self.held or self.write is None:
                self.release()
        except Exception as error:
            self.answer(error)
            chunk = next(self.chunks)
        if chunk is None:
            self.chunks = iter(())
            raise StopIteration
        self.sent += len(chunk)
        return chunk

    def close(self) -> None:
        source, self.source = self.source, ()
        self.chunks = iter(())
        try:
            if self.held:
                self.release()
            if hasattr(source, "close"):
                source.close()
        except Exception as error:
            _LOG.error("failed after %s bytes", self.sent, exc_info=error)
            raise


class _Sized:
    __slots__ = ("_guarded", "_source", "close")

    def __init__(self, guarded: _Guarded) -> None:
        self._guarded = guarded
        self._source = guarded.source
        self.close = guarded.close

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> _Guarded:
        return self._guarded
